#include "batchd/docker/pause_image.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <numeric>

// From pause/pause_binary.S.
extern "C" const char batchd_pause_begin[];
extern "C" const char batchd_pause_end[];

namespace batchd::docker {
namespace {

constexpr std::size_t kBlock = 512;

void put(std::string& header, std::size_t at, const std::string& text) {
    header.replace(at, text.size(), text);
}

/// A ustar header of an executable file.
std::string header_of(const std::string& name, std::size_t size) {
    std::string header(kBlock, '\0');
    put(header, 0, name);
    put(header, 100, "0000755");
    put(header, 108, "0000000");
    put(header, 116, "0000000");
    put(header, 124, fmt::format("{:011o}", size));
    put(header, 136, "00000000000");
    put(header, 148, "        ");  // counts as blanks in the sum that stands here
    put(header, 156, "0");
    put(header, 257, std::string("ustar\00000", 8));
    const auto sum = std::accumulate(header.begin(), header.end(), 0U, [](unsigned all, char c) {
        return all + static_cast<unsigned char>(c);
    });
    put(header, 148, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
    return header;
}

}  // namespace

std::string pause_image() {
    const std::string program(batchd_pause_begin, batchd_pause_end);
    std::string tar = header_of("pause", program.size()) + program;
    tar.resize((tar.size() + kBlock - 1) / kBlock * kBlock + 2 * kBlock);
    return tar;
}

}  // namespace batchd::docker

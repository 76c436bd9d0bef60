#include "batchd/docker/pause_image.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <numeric>

// From pause/pause_binary.S.
extern "C" const char batchd_pause_begin[];
extern "C" const char batchd_pause_end[];
extern "C" const char batchd_agent_begin[];
extern "C" const char batchd_agent_end[];

namespace batchd::docker {
namespace {

constexpr std::size_t kBlock = 512;

constexpr const char* kHosts =
    "127.0.0.1\tlocalhost\n"
    "::1\tlocalhost ip6-localhost ip6-loopback\n"
    "fe00::0\tip6-localnet\n"
    "ff00::0\tip6-mcastprefix\n"
    "ff02::1\tip6-allnodes\n"
    "ff02::2\tip6-allrouters\n";

void put(std::string& header, std::size_t at, const std::string& text) {
    header.replace(at, text.size(), text);
}

/// A ustar entry.
std::string entry_of(const std::string& name, const char* mode, const std::string& content) {
    std::string header(kBlock, '\0');
    put(header, 0, name);
    put(header, 100, mode);
    put(header, 108, "0000000");
    put(header, 116, "0000000");
    put(header, 124, fmt::format("{:011o}", content.size()));
    put(header, 136, "00000000000");
    put(header, 148, "        ");  // counts as blanks in the sum that stands here
    put(header, 156, name.ends_with('/') ? "5" : "0");
    put(header, 257, std::string("ustar\00000", 8));
    const auto sum = std::accumulate(header.begin(), header.end(), 0U, [](unsigned all, char c) {
        return all + static_cast<unsigned char>(c);
    });
    put(header, 148, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
    std::string entry = header + content;
    entry.resize((entry.size() + kBlock - 1) / kBlock * kBlock);
    return entry;
}

}  // namespace

bool can_run_agent(std::string_view architecture) {
#if defined(__x86_64__)
    return architecture == "x86_64";
#else
    return architecture == "aarch64";
#endif
}

std::string pause_image() {
    const std::string program(batchd_pause_begin, batchd_pause_end);
    const std::string agent(batchd_agent_begin, batchd_agent_end);
    const std::string folder = std::string(kHostsFolder).substr(1) + '/';
    std::string tar = entry_of("pause", "0000755", program) + entry_of(folder, "0000755", {}) +
                      entry_of(folder + "hosts", "0000644", kHosts) +
                      entry_of(folder + "agent", "0000755", agent);
    tar.append(2 * kBlock, '\0');
    return tar;
}

}  // namespace batchd::docker

#include "secrets/file.hpp"

#include "batchd/base/descriptor.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <toml++/toml.h>

namespace batchd::secrets {
namespace {

constexpr mode_t kOthers = 0077;

std::unexpected<Error> unusable(std::string why) {
    return fail(ErrorKind::Unavailable, "secrets.file " + std::move(why));
}

/// The mode is that of the very file that is read.
Result<std::string> read_private(const std::string& path) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat info{};
    if (file.get() < 0 || ::fstat(file.get(), &info) != 0) {
        return unusable(fmt::format("cannot be opened: {}", std::strerror(errno)));
    }
    if (!S_ISREG(info.st_mode)) return unusable("is no file");
    if ((info.st_mode & kOthers) != 0) {
        return unusable(
            fmt::format("is open to others: its mode is {:04o}, and may be 0600 at most",
                        info.st_mode & 07777U));
    }
    std::string text;
    std::array<char, 4096> chunk{};
    for (;;) {
        const ssize_t count = ::read(file.get(), chunk.data(), chunk.size());
        if (count < 0) return unusable(fmt::format("cannot be read: {}", std::strerror(errno)));
        if (count == 0) return text;
        text.append(chunk.data(), static_cast<std::size_t>(count));
    }
}

/// Without the parser's words: they may quote the file.
Result<toml::table> parse(const std::string& text) {
    try {
        return toml::parse(text);
    } catch (const toml::parse_error& error) {
        return unusable(fmt::format("is not TOML: see line {}", error.source().begin.line));
    }
}

}  // namespace

Result<std::optional<std::string>> find_in_file(const std::string& path,
                                                const std::vector<std::string>& names) {
    const auto text = read_private(path);
    if (!text) return std::unexpected(text.error());
    const auto table = parse(*text);
    if (!table) return std::unexpected(table.error());
    for (const auto& name : names) {
        const toml::node* value = table->get(name);
        if (value == nullptr) continue;
        if (!value->is_string()) return unusable("has it, but not as a string");
        return value->as_string()->get();
    }
    return std::nullopt;
}

}  // namespace batchd::secrets

#include "logs/file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace batchd::logs {
namespace {

std::unexpected<Error> system_error(std::string_view doing, const std::filesystem::path& path,
                                    int code) {
    return fail(ErrorKind::Unavailable, "cannot " + std::string(doing) + " " + path.string() +
                                            ": " + std::generic_category().message(code));
}

}  // namespace

Result<std::optional<File>> File::open_to_read(const std::filesystem::path& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor >= 0) return File(descriptor, path);
    if (errno == ENOENT) return std::nullopt;
    return system_error("open", path, errno);
}

Result<File> File::open_to_append(const std::filesystem::path& path) {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    if (descriptor < 0) return system_error("open", path, errno);
    return File(descriptor, path);
}

Result<File> File::open_folder(const std::filesystem::path& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return system_error("open", path, errno);
    return File(descriptor, path);
}

File::~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

Result<std::int64_t> File::size() const {
    struct stat status{};
    if (::fstat(descriptor_, &status) != 0) return last_error("look at");
    return status.st_size;
}

Result<std::string> File::read(std::int64_t offset, std::int64_t count) const {
    std::string data(static_cast<std::size_t>(count), '\0');
    std::size_t done = 0;
    while (done < data.size()) {
        const ssize_t got = ::pread(descriptor_, data.data() + done, data.size() - done,
                                    offset + static_cast<off_t>(done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return last_error("read");
        if (got == 0) break;
        done += static_cast<std::size_t>(got);
    }
    data.resize(done);
    return data;
}

Result<> File::append(std::string_view data, std::size_t& written) {
    written = 0;
    while (written < data.size()) {
        const ssize_t put = ::write(descriptor_, data.data() + written, data.size() - written);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return last_error("write");
        written += static_cast<std::size_t>(put);
    }
    return {};
}

Result<> File::truncate(std::int64_t size) {
    if (::ftruncate(descriptor_, size) != 0) return last_error("shorten");
    return {};
}

Result<> File::sync() {
    if (::fdatasync(descriptor_) != 0) return last_error("sync");
    return {};
}

std::unexpected<Error> File::last_error(std::string_view doing) const {
    return system_error(doing, path_, errno);
}

}  // namespace batchd::logs

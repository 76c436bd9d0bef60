#include "daemon/data_folder.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace batchd::daemon {

Result<DataFolder> DataFolder::open(const std::filesystem::path& path) {
    std::error_code ec;
    const bool is_new = std::filesystem::create_directories(path, ec);
    if (ec) {
        return fail(ErrorKind::Unavailable,
                    "the data folder " + path.string() + " cannot be made: " + ec.message());
    }
    if (is_new) ::chmod(path.c_str(), 0700);
    const std::string name = path / "batchd.lock";
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-vararg): open(2) is what it is.
    const int lock = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0) {
        return fail(ErrorKind::Unavailable, name + " cannot be opened: " + std::strerror(errno));
    }
    if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
        ::close(lock);
        return fail(ErrorKind::Conflict, "another batchd uses the data folder " + path.string() +
                                             ": stop it, or choose another folder (--data-dir)");
    }
    return DataFolder(std::filesystem::absolute(path), lock);
}

DataFolder::DataFolder(DataFolder&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

DataFolder::~DataFolder() {
    if (lock_ >= 0) ::close(lock_);
}

}  // namespace batchd::daemon

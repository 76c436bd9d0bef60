// The folder that holds everything the daemon keeps.
#pragma once

#include "batchd/base/result.hpp"

#include <filesystem>
#include <string>

namespace batchd::daemon {

/// Owns the folder as long as it lives: one daemon per folder.
class DataFolder {
  public:
    /// Makes the folder if it is missing (mode 0700: it holds the environment of jobs). Conflict if
    /// another daemon uses it, Unavailable if it cannot be made or written.
    static Result<DataFolder> open(const std::filesystem::path& path);
    DataFolder(DataFolder&& other) noexcept;
    DataFolder& operator=(DataFolder&&) = delete;
    ~DataFolder();

    const std::filesystem::path& path() const { return path_; }
    std::string database() const { return path_ / "batchd.db"; }

  private:
    DataFolder(std::filesystem::path path, int lock) : path_(std::move(path)), lock_(lock) {}
    std::filesystem::path path_;
    int lock_;
};

}  // namespace batchd::daemon

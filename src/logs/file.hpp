// An open file. One thread at a time.
#pragma once

#include "batchd/base/result.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace batchd::logs {

class File {
  public:
    /// nullopt if there is none.
    static Result<std::optional<File>> open_to_read(const std::filesystem::path& path);
    /// Makes the file if there is none; the folder must exist.
    static Result<File> open_to_append(const std::filesystem::path& path);
    /// So that entries of the folder can be made durable by sync().
    static Result<File> open_folder(const std::filesystem::path& path);

    File(File&& other) noexcept
        : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)) {}
    File& operator=(File&&) = delete;
    ~File();

    Result<std::int64_t> size() const;
    /// Up to `count` bytes; fewer only at the end of the file.
    Result<std::string> read(std::int64_t offset, std::int64_t count) const;
    /// Writes all of `data` at the end, normally by one write(2). `written` tells how many bytes
    /// were stored, also after an error.
    Result<> append(std::string_view data, std::size_t& written);
    Result<> truncate(std::int64_t size);
    Result<> sync();

  private:
    File(int descriptor, std::filesystem::path path)
        : descriptor_(descriptor), path_(std::move(path)) {}
    std::unexpected<Error> last_error(std::string_view doing) const;

    int descriptor_;
    std::filesystem::path path_;
};

}  // namespace batchd::logs

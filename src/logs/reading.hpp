// Finding records in a log file, from any place in it, without reading all of it.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/logs/log_store.hpp"
#include "logs/file.hpp"

#include <cstdint>

namespace batchd::logs {

/// Behind the last newline in [from, before), or `from`: where the record begins that `before`
/// lies in. With the file's size as `before` it is the end of the last complete record.
Result<std::int64_t> record_start(const File& file, std::int64_t from, std::int64_t before);

// As the functions of LogStore with these names.
Result<LogPage> read_forward(const File& file, std::int64_t offset, const LogLimits& limits);
Result<LogPage> read_backward(const File& file, std::int64_t offset, const LogLimits& limits);
Result<std::int64_t> offset_at(const File& file, std::int64_t time_ns);

}  // namespace batchd::logs

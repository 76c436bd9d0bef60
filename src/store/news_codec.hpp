// The events of one commit as a blob. Compact, because each commit writes one: 25 bytes for the
// usual event; texts that repeat stand once.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/model/news.hpp"

#include <string>
#include <string_view>

namespace batchd::store {

/// The entries; number and time are columns of their own.
std::string encode(const model::NewsBatch& batch);

/// Adds the entries to a batch whose number and time are set. Internal if no batchd wrote the blob.
Result<> decode(std::string_view blob, model::NewsBatch& batch);

}  // namespace batchd::store

// What the engine needs of the stored state to go on.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/ports/store.hpp"
#include "store/database.hpp"

#include <string_view>

namespace batchd::store {

/// Reads inside the transaction that the caller has begun.
Result<ports::Snapshot> load_snapshot(Database& database);

}  // namespace batchd::store

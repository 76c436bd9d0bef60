// Row changes as SQL statements.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/ports/changes.hpp"
#include "store/database.hpp"

namespace batchd::store {

/// Applies all changes inside the transaction that the caller has begun.
Result<> apply(Database& database, const ports::Changes& changes);

}  // namespace batchd::store

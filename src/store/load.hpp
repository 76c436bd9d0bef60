// What the engine needs of the stored state to go on.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/ports/store.hpp"
#include "store/database.hpp"

#include <string_view>

namespace batchd::store {

/// Reads inside the transaction that the caller has begun.
/// All but `waiting`.
Result<ports::Snapshot> load_snapshot(Database& database);

/// What a snapshot's `waiting` does.
Result<> each_waiting_job(Database& database, const ports::Snapshot::VisitWaiting& visit);

}  // namespace batchd::store

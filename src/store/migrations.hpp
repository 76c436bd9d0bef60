// The schema's versions. A version is final once it was released: later changes are new ones.
#pragma once

#include "batchd/base/result.hpp"
#include "store/database.hpp"

#include <string_view>

namespace batchd::store {

/// SQL that leads from the version before; one file each in migrations/.
extern const std::string_view kMigration0001;

/// Brings the schema up to the newest version, each step in its own transaction. Conflict if a
/// newer binary has written the file; nothing is changed then.
Result<> migrate(Database& database);

}  // namespace batchd::store

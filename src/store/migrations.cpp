#include "store/migrations.hpp"

#include <array>
#include <cstdint>
#include <string>

namespace batchd::store {
namespace {

Result<std::size_t> schema_version(Database& database) {
    std::uint32_t version = 0;
    BATCHD_TRY(database.each("PRAGMA user_version", [&](Row& row) -> Result<> {
        row.read(version);
        return {};
    }));
    return version;
}

}  // namespace

Result<> migrate(Database& database) {
    const std::array migrations{kMigration0001};
    constexpr std::size_t kFirst = 2;  // the version after migration 0001
    const auto version = schema_version(database);
    if (!version) return std::unexpected(version.error());
    if (*version == 1) {
        return fail(ErrorKind::Conflict, "the database " + database.path() +
                                             " was written by a batchd before its first release "
                                             "(schema version 1): remove it, or use that batchd");
    }
    const std::size_t newest = migrations.size() + kFirst - 1;
    if (*version > newest) {
        return fail(ErrorKind::Conflict,
                    "the database " + database.path() + " has schema version " +
                        std::to_string(*version) + ", but this batchd knows only up to " +
                        std::to_string(newest) + ": use the batchd that wrote it, or a newer one");
    }
    const std::size_t done = *version == 0 ? 0 : *version - kFirst + 1;
    for (std::size_t next = done; next < migrations.size(); ++next) {
        auto transaction = Transaction::begin(database, Transaction::Kind::Write);
        if (!transaction) return std::unexpected(std::move(transaction).error());
        BATCHD_TRY(database.execute(std::string(migrations[next])));
        BATCHD_TRY(database.execute("PRAGMA user_version = " + std::to_string(next + kFirst)));
        BATCHD_TRY(transaction->commit());
    }
    return {};
}

}  // namespace batchd::store

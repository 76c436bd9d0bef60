#include "store/database.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <filesystem>

namespace batchd::store {
namespace {

/// How long a statement waits for a lock that another process holds, such as the sqlite3 shell.
constexpr int kBusyTimeoutMs = 5000;

std::unexpected<Error> error_of(sqlite3* handle, const std::string& path, std::string_view doing) {
    const int extended = sqlite3_extended_errcode(handle);
    const std::string why = sqlite3_errmsg(handle);
    std::string context = std::string(doing) + ": SQLite code " + std::to_string(extended);
    switch (extended & 0xff) {
        case SQLITE_FULL:
        case SQLITE_IOERR:
        case SQLITE_READONLY:
        case SQLITE_CANTOPEN:
        case SQLITE_PERM:
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return fail(ErrorKind::Unavailable, "the database " + path + " is unavailable: " + why,
                        std::move(context));
        case SQLITE_NOMEM:
            return fail(ErrorKind::Unavailable, "the database " + path + " is unavailable: " + why,
                        std::move(context));
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return fail(ErrorKind::Unavailable, "the database " + path + " is damaged: " + why,
                        std::move(context));
        default:
            return fail(ErrorKind::Internal, "the database " + path + " failed: " + why,
                        std::move(context));
    }
}

std::string_view blob(sqlite3_stmt* statement, int at) {
    const void* data = sqlite3_column_blob(statement, at);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, at));
    return {static_cast<const char*>(data), size};
}

/// How many of a query's first columns tell its rows apart.
constexpr int kNamingColumns = 3;

/// "child.status is 9"
std::string column_text(sqlite3_stmt* statement, int at) {
    std::string text;
    if (const char* table = sqlite3_column_table_name(statement, at)) {
        text = std::string(table) + ".";
    }
    text += std::string(sqlite3_column_name(statement, at)) + " is ";
    switch (sqlite3_column_type(statement, at)) {
        case SQLITE_NULL:
            return text + "NULL";
        case SQLITE_BLOB:
            for (const char byte : blob(statement, at)) {
                text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
            }
            return text;
        default:
            return text.append(blob(statement, at));
    }
}

}  // namespace

// Binding fails only for a wrong index or without memory; the wrong index shows in the first test.

void bind_value(sqlite3_stmt* statement, int at, std::int64_t value) {
    sqlite3_bind_int64(statement, at, value);
}

void bind_value(sqlite3_stmt* statement, int at, std::string_view value) {
    const char* data = value.empty() ? "" : value.data();  // a null pointer would bind NULL
    sqlite3_bind_text64(statement, at, data, value.size(), SQLITE_STATIC, SQLITE_UTF8);
}

void bind_value(sqlite3_stmt* statement, int at, double value) {
    sqlite3_bind_double(statement, at, value);
}

void bind_value(sqlite3_stmt* statement, int at, std::nullopt_t) {
    sqlite3_bind_null(statement, at);
}

void bind_value(sqlite3_stmt* statement, int at, const model::JobId& value) {
    sqlite3_bind_blob64(statement, at, value.uuid.bytes.data(), value.uuid.bytes.size(),
                        SQLITE_STATIC);
}

namespace {

/// A dependency as it lies in the blob.
struct StoredDependency {
    std::array<std::uint8_t, 16> uuid;
    std::int32_t part;
    std::int32_t kind;
};
static_assert(sizeof(StoredDependency) == 24, "it has no padding");

}  // namespace

std::string encode(const std::vector<model::Dependency>& dependencies) {
    std::string blob;
    for (const auto& [id, kind] : dependencies) {
        const StoredDependency stored{
            .uuid = id.uuid.bytes, .part = id.part, .kind = static_cast<std::int32_t>(kind)};
        blob.append(reinterpret_cast<const char*>(&stored), sizeof stored);
    }
    return blob;
}

bool column_value(sqlite3_stmt* statement, int at, double& value) {
    const double stored = sqlite3_column_double(statement, at);
    if (!std::isfinite(stored)) return false;
    value = stored;
    return true;
}

bool column_value(sqlite3_stmt* statement, int at, std::string& value) {
    value.assign(blob(statement, at));
    return true;
}

bool column_value(sqlite3_stmt* statement, int at, Blob& value) {
    value.bytes.assign(blob(statement, at));
    return true;
}

bool column_value(sqlite3_stmt* statement, int at, model::JobId& value) {
    const std::string_view bytes = blob(statement, at);
    value = {};
    auto& uuid = value.uuid.bytes;
    if (bytes.size() != uuid.size()) return false;
    std::memcpy(uuid.data(), bytes.data(), uuid.size());
    return true;
}

bool column_value(sqlite3_stmt* statement, int at, std::vector<model::Dependency>& value) {
    const std::string_view bytes = blob(statement, at);
    if (bytes.size() % sizeof(StoredDependency) != 0) return false;
    value.resize(bytes.size() / sizeof(StoredDependency));
    for (std::size_t i = 0; i < value.size(); ++i) {
        StoredDependency stored{};
        std::memcpy(&stored, bytes.data() + i * sizeof stored, sizeof stored);
        value[i].id = {.uuid = {.bytes = stored.uuid}, .part = stored.part};
        value[i].kind = static_cast<model::Dependency::Kind>(stored.kind);
        if (stored.kind < 0 || value[i].kind > last_of(value[i].kind)) return false;
    }
    return true;
}

Result<Database> Database::open(const std::string& path, Access access) {
    sqlite3* handle = nullptr;
    const int flags = SQLITE_OPEN_NOMUTEX |
                      (access == Access::ReadOnly ? SQLITE_OPEN_READONLY
                                                  : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
    Database database(path, handle);  // also after a failure there is a handle to close
    if (code != SQLITE_OK) return database.last_error("open");
    sqlite3_busy_timeout(handle, kBusyTimeoutMs);
    return database;
}

Result<> Database::execute(const std::string& sql) {
    if (sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
        return last_error(sql);
    }
    return {};
}

Result<sqlite3_stmt*> Database::prepare(std::string_view sql) {
    if (const auto found = statements_.find(sql); found != statements_.end()) {
        return found->second.get();
    }
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) return last_error(sql);
    statements_.emplace(std::string(sql), StatementHandle(statement));
    return statement;
}

std::unexpected<Error> Database::last_error(std::string_view doing) const {
    return error_of(handle_.get(), path_, doing);
}

std::unexpected<Error> Database::row_error(sqlite3_stmt* statement, const Row& row,
                                           Result<> done) const {
    if (!row.damaged_column() && done.error().kind != ErrorKind::Internal) {
        return std::unexpected(std::move(done).error());
    }
    const std::string what =
        row.damaged_column() ? column_text(statement, *row.damaged_column()) : done.error().message;
    std::string which;
    for (int at = 0; at < std::min(sqlite3_column_count(statement), kNamingColumns); ++at) {
        which += (at == 0 ? "" : ", ") + column_text(statement, at);
    }
    return fail(
        ErrorKind::Internal,
        "the database " + path_ + " is damaged: " + what + " (in the row where " + which + ")",
        row.damaged_column() ? std::string(sqlite3_sql(statement)) : done.error().context);
}

Result<> Database::backup(const std::string& path) {
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored)) {
        return fail(ErrorKind::Conflict, "the backup file " + path + " exists already");
    }
    auto target = open(path, Access::ReadWrite);
    if (!target) return std::unexpected(std::move(target).error());
    sqlite3* to = target->handle_.get();
    sqlite3_backup* copy = sqlite3_backup_init(to, "main", handle_.get(), "main");
    if (!copy) return target->last_error("backup");
    sqlite3_backup_step(copy, -1);  // in WAL mode a reader of any length holds no writer up
    if (sqlite3_backup_finish(copy) == SQLITE_OK) return {};
    auto error = target->last_error("backup");
    std::filesystem::remove(path, ignored);
    return error;
}

Result<Transaction> Transaction::begin(Database& database, Kind kind) {
    auto begun = database.run(kind == Kind::Write ? "BEGIN IMMEDIATE" : "BEGIN");
    if (!begun) return std::unexpected(std::move(begun).error());
    return Transaction(database);
}

Transaction::~Transaction() {
    // After some errors SQLite has rolled back by itself.
    if (!database_ || !database_->in_transaction()) return;
    [[maybe_unused]] const auto rolled_back = database_->run("ROLLBACK");
}

Result<> Transaction::commit() {
    BATCHD_TRY(database_->run("COMMIT"));
    return {};
}

}  // namespace batchd::store

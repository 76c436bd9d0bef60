// A thin layer over SQLite's C interface: connections, cached prepared statements, transactions.
//
// Each Database belongs to one thread at a time. Errors are Unavailable when the disk refuses or
// another process holds a lock, or the file is damaged, Internal otherwise; all of them name the
// file. A value that no batchd wrote, such as a status of 9, is Internal, too, and not read.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/base/time.hpp"
#include "batchd/base/units.hpp"
#include "batchd/model/changes.hpp"
#include "store/codec.hpp"

#include <sqlite3.h>

#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <vector>

namespace batchd::store {

/// Binds a value to parameter `at`, counted from 1. Text and blobs are not copied: they must live
/// until the statement has run.
void bind_value(sqlite3_stmt* statement, int at, std::int64_t value);
void bind_value(sqlite3_stmt* statement, int at, std::string_view value);
void bind_value(sqlite3_stmt* statement, int at, double value);
void bind_value(sqlite3_stmt* statement, int at, std::nullopt_t);
/// The UUID alone, 16 bytes: rows of children have their part in a column of its own.
void bind_value(sqlite3_stmt* statement, int at, const model::JobId& value);
/// As one blob, 24 bytes each: UUID, part and kind in the machine's byte order; NULL if there are
/// none.
std::string encode(const std::vector<model::Dependency>& dependencies);
inline void bind_value(sqlite3_stmt* statement, int at, Timestamp value) {
    bind_value(statement, at, to_epoch_ms(value));
}
inline void bind_value(sqlite3_stmt* statement, int at, Seconds value) {
    bind_value(statement, at, std::int64_t{value.count()});
}
/// Bytes rather than text.
struct Blob {
    std::string bytes;
};
inline void bind_value(sqlite3_stmt* statement, int at, const Blob& value) {
    sqlite3_bind_blob64(statement, at, value.bytes.data(), value.bytes.size(), SQLITE_STATIC);
}
template <class Tag>
void bind_value(sqlite3_stmt* statement, int at, Quantity<Tag> value) {
    bind_value(statement, at, value.value);
}
template <class T>
    requires std::is_integral_v<T> || std::is_enum_v<T>
void bind_value(sqlite3_stmt* statement, int at, T value) {
    bind_value(statement, at, static_cast<std::int64_t>(value));
}
template <class T>
void bind_value(sqlite3_stmt* statement, int at, const std::optional<T>& value) {
    if (value) {
        bind_value(statement, at, *value);
    } else {
        bind_value(statement, at, std::nullopt);
    }
}

/// To read an integer that is no less than `least` and no more than `most`.
template <class T>
struct Within {
    T& value;
    std::int64_t least = 0;
    std::int64_t most = std::numeric_limits<T>::max();
};
template <class T>
Within(T&, std::int64_t) -> Within<T>;
template <class T>
Within(T&, std::int64_t, std::int64_t) -> Within<T>;

/// The year 9999 ends.
inline constexpr std::int64_t kLastMs = 253'402'300'799'999;

/// Of the enums that are stored.
constexpr model::JobStatus last_of(model::JobStatus) { return model::JobStatus::Failed; }
constexpr model::DispatchFlaw last_of(model::DispatchFlaw) {
    return model::DispatchFlaw::TooManyTags;
}
constexpr model::Sequence last_of(model::Sequence) { return model::Sequence::AfterAny; }
constexpr model::Dependency::Kind last_of(model::Dependency::Kind) {
    return model::Dependency::Kind::AfterStart;
}
constexpr model::ResourceKind last_of(model::ResourceKind) {
    return model::ResourceKind::QuotaShare;
}
constexpr model::HostOrigin last_of(model::HostOrigin) { return model::HostOrigin::Launched; }
constexpr model::InstanceStatus last_of(model::InstanceStatus) {
    return model::InstanceStatus::Terminating;
}

// Column `at`, counted from 0. False if its value is none of T's, which is left as it is then.

bool column_value(sqlite3_stmt* statement, int at, double& value);
bool column_value(sqlite3_stmt* statement, int at, std::string& value);
bool column_value(sqlite3_stmt* statement, int at, Blob& value);
bool column_value(sqlite3_stmt* statement, int at, model::JobId& value);
bool column_value(sqlite3_stmt* statement, int at, std::vector<model::Dependency>& value);
template <class T>
bool column_value(sqlite3_stmt* statement, int at, Within<T> range) {
    const std::int64_t stored = sqlite3_column_int64(statement, at);
    if (stored < range.least || stored > range.most) return false;
    range.value = static_cast<T>(stored);
    return true;
}
template <class T>
    requires std::is_integral_v<T>
bool column_value(sqlite3_stmt* statement, int at, T& value) {
    return column_value(statement, at, Within{value, std::numeric_limits<T>::min()});
}
template <class T>
    requires std::is_enum_v<T>
bool column_value(sqlite3_stmt* statement, int at, T& value) {
    std::int64_t number = 0;
    const bool is_known =
        column_value(statement, at, Within{number, 0, static_cast<std::int64_t>(last_of(value))});
    if (is_known) value = static_cast<T>(number);
    return is_known;
}
inline bool column_value(sqlite3_stmt* statement, int at, Timestamp& value) {
    std::int64_t ms = 0;
    const bool is_time = column_value(statement, at, Within{ms, 0, kLastMs});
    if (is_time) value = from_epoch_ms(ms);
    return is_time;
}
inline bool column_value(sqlite3_stmt* statement, int at, Seconds& value) {
    std::int32_t seconds = 0;
    const bool is_duration = column_value(statement, at, Within{seconds, 0});
    if (is_duration) value = Seconds{seconds};
    return is_duration;
}
template <class Tag>
bool column_value(sqlite3_stmt* statement, int at, Quantity<Tag>& value) {
    return column_value(statement, at, Within{value.value, 0, kMostUnits});
}
template <class T>
bool column_value(sqlite3_stmt* statement, int at, std::optional<T>& value) {
    value.reset();
    return sqlite3_column_type(statement, at) == SQLITE_NULL ||
           column_value(statement, at, value.emplace());
}

/// The present row of a query.
class Row {
  public:
    explicit Row(sqlite3_stmt* statement) : statement_(statement) {}

    /// Takes the next columns, in the order of the SELECT.
    template <class... Values>
    void read(Values&&... values) {
        (take(values), ...);
    }
    /// The first column whose value was refused.
    std::optional<int> damaged_column() const { return damaged_column_; }

  private:
    template <class Value>
    void take(Value& value) {
        const int at = next_++;
        if (!column_value(statement_, at, value) && !damaged_column_) damaged_column_ = at;
    }

    sqlite3_stmt* statement_;
    int next_ = 0;
    std::optional<int> damaged_column_;
};

class Database {
  public:
    enum class Access : std::uint8_t { ReadWrite, ReadOnly };
    /// ReadWrite makes the file if there is none.
    static Result<Database> open(const std::string& path, Access access);

    /// Runs SQL text that has no parameters and no rows of interest; may be several statements.
    Result<> execute(const std::string& sql);

    /// Runs one statement for its effect and tells how many rows it changed.
    template <class... Parameters>
    Result<std::int64_t> run(std::string_view sql, const Parameters&... parameters) {
        auto discard = [](Row&) -> Result<> { return {}; };
        BATCHD_TRY(each(sql, discard, parameters...));
        return sqlite3_changes64(handle_.get());
    }

    /// Calls `on_row(Row&)`, which returns a Result<>, for each row; its first error ends the
    /// query, and so does a value that was refused. The prepared statement is kept for the next
    /// time, so that `sql` must not contain values.
    template <class OnRow, class... Parameters>
    Result<> each(std::string_view sql, OnRow&& on_row, const Parameters&... parameters) {
        auto statement = prepare(sql);
        if (!statement) return std::unexpected(std::move(statement).error());
        const ResetLater reset{*statement};
        [[maybe_unused]] int at = 0;
        (bind_value(*statement, ++at, parameters), ...);
        int code = SQLITE_OK;
        while ((code = sqlite3_step(*statement)) == SQLITE_ROW) {
            Row row(*statement);
            Result<> done = on_row(row);
            if (!done || row.damaged_column()) return row_error(*statement, row, std::move(done));
        }
        if (code != SQLITE_DONE) return last_error(sql);
        return {};
    }

    /// Copies the whole database, as one transaction sees it, into a new file. Conflict if the file
    /// exists.
    Result<> backup(const std::string& path);

    bool in_transaction() const { return sqlite3_get_autocommit(handle_.get()) == 0; }
    const std::string& path() const { return path_; }

  private:
    struct Close {
        void operator()(sqlite3* handle) const { sqlite3_close(handle); }
    };
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
    };
    struct ResetLater {
        sqlite3_stmt* statement;
        ~ResetLater() { sqlite3_reset(statement); }
    };
    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>{}(text);
        }
    };
    using StatementHandle = std::unique_ptr<sqlite3_stmt, Finalize>;

    Database(std::string path, sqlite3* handle) : path_(std::move(path)), handle_(handle) {}
    Result<sqlite3_stmt*> prepare(std::string_view sql);
    std::unexpected<Error> last_error(std::string_view doing) const;
    /// What is wrong with a row, and which one it is.
    std::unexpected<Error> row_error(sqlite3_stmt* statement, const Row& row, Result<> done) const;

    std::string path_;
    std::unique_ptr<sqlite3, Close> handle_;
    std::unordered_map<std::string, StatementHandle, TextHash, std::equal_to<>> statements_;
};

/// Rolls back at its end unless commit() succeeded. The database must outlive it.
class Transaction {
  public:
    enum class Kind : std::uint8_t { Read, Write };
    static Result<Transaction> begin(Database& database, Kind kind);
    Transaction(Transaction&& other) noexcept
        : database_(std::exchange(other.database_, nullptr)) {}
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction();

    Result<> commit();

  private:
    explicit Transaction(Database& database) : database_(&database) {}
    Database* database_;
};

}  // namespace batchd::store

#include "batchd/store/reader.hpp"
#include "store/page.hpp"
#include "store/rows.hpp"

#include <limits>
#include <map>
#include <set>

namespace batchd::store {
namespace {

constexpr std::string_view kSelect =
    "SELECT name, revision, created_at, deregistered_at, document, tags FROM job_definition";

Result<> read_definition(Row& row, DefinitionDetail& definition) {
    std::string document;
    row.read(definition.row.name, definition.row.revision, definition.row.created_at,
             definition.row.deregistered_at, document, definition.tags);
    auto decoded = std::make_shared<model::JobDefinition>();
    BATCHD_TRY(read_document(document, *decoded));
    definition.row.document = std::move(decoded);
    return {};
}

/// The wanted revisions of a name, highest first; nullopt: all of them.
using Wanted = std::optional<std::set<std::int32_t, std::greater<>>>;

std::map<std::string, Wanted> by_name(const DefinitionFilter& filter) {
    std::map<std::string, Wanted> names;
    for (const auto& [name, revision] : filter.only) {
        const auto [entry, is_new] = names.try_emplace(name);
        if (is_new && revision) entry->second.emplace();
        if (!revision) entry->second.reset();
        if (entry->second) entry->second->insert(*revision);
    }
    return names;
}

/// By name, and the newest revision of a name first.
Result<> read_only(Database& database, const DefinitionFilter& filter,
                   const std::optional<DefinitionKey>& after, std::int64_t enough,
                   std::vector<DefinitionDetail>& found) {
    static const std::string one = std::string(kSelect) + " WHERE name = ? AND revision = ?";
    static const std::string all =
        std::string(kSelect) + " WHERE name = ? AND revision < ? ORDER BY revision DESC LIMIT ?";
    auto on_row = [&](Row& row) { return read_definition(row, found.emplace_back()); };
    for (const auto& [name, wanted] : by_name(filter)) {
        if (after && name < after->first) continue;
        const bool is_begun = after && name == after->first;
        const auto below = is_begun ? after->second : std::numeric_limits<std::int32_t>::max();
        if (!wanted) {
            BATCHD_TRY(database.each(all, on_row, name, below, enough - std::ssize(found)));
            continue;
        }
        for (const std::int32_t revision : *wanted) {
            if (revision >= below || std::ssize(found) >= enough) continue;
            BATCHD_TRY(database.each(one, on_row, name, revision));
        }
    }
    return {};
}

/// The conditions are put together, because `? IS NULL OR name = ?` would keep SQLite from using
/// the index by name.
Result<> read_filtered(Database& database, const DefinitionFilter& filter,
                       const std::optional<DefinitionKey>& after, std::int64_t enough,
                       std::vector<DefinitionDetail>& found) {
    std::string sql(kSelect);
    sql += " WHERE name >= ?1 AND NOT (name = ?1 AND revision >= ?2)";
    sql += filter.name ? " AND name = ?3" : " AND ?3 IS NULL";
    sql += filter.active ? " AND (deregistered_at IS NULL) = ?4" : " AND ?4 IS NULL";
    sql += " ORDER BY name, revision DESC LIMIT ?5";
    auto on_row = [&](Row& row) { return read_definition(row, found.emplace_back()); };
    const DefinitionKey start = after.value_or(DefinitionKey{});
    return database.each(sql, on_row, start.first, start.second, filter.name, filter.active,
                         enough);
}

}  // namespace

Result<Page<DefinitionDetail, DefinitionKey>> Reader::definitions(
    const DefinitionFilter& filter, const std::optional<DefinitionKey>& after, std::size_t limit) {
    std::vector<DefinitionDetail> found;
    const std::int64_t enough = one_more(limit);
    if (filter.only.empty()) {
        BATCHD_TRY(read_filtered(*database_, filter, after, enough, found));
    } else {
        BATCHD_TRY(read_only(*database_, filter, after, enough, found));
    }
    return make_page(std::move(found), limit, [](const DefinitionDetail& definition) {
        return DefinitionKey{definition.row.name, definition.row.revision};
    });
}

Result<std::optional<DefinitionDetail>> Reader::inactive_definition(
    const std::string& name, std::optional<std::int32_t> revision, Timestamp after) {
    static const std::string sql =
        std::string(kSelect) +
        " WHERE name = ? AND revision = coalesce(?, revision) AND deregistered_at > ?"
        " ORDER BY revision DESC LIMIT 1";
    std::optional<DefinitionDetail> found;
    auto on_row = [&](Row& row) { return read_definition(row, found.emplace()); };
    BATCHD_TRY(database_->each(sql, on_row, name, revision, after));
    return found;
}

}  // namespace batchd::store

#include "batchd/store/reader.hpp"
#include "store/page.hpp"
#include "store/rows.hpp"

#include <algorithm>

namespace batchd::store {
namespace {

constexpr std::string_view kSelect =
    "SELECT name, revision, active, created_at, document, tags FROM job_definition";

Result<> read_definition(Row& row, DefinitionDetail& definition) {
    std::string document;
    row.read(definition.row.name, definition.row.revision, definition.row.active,
             definition.row.created_at, document, definition.tags);
    auto decoded = std::make_shared<model::JobDefinition>();
    BATCHD_TRY(read_document(document, *decoded));
    definition.row.document = std::move(decoded);
    return {};
}

/// By name, and the newest revision of a name first.
bool comes_before(const DefinitionKey& a, const DefinitionKey& b) {
    return a.first != b.first ? a.first < b.first : a.second > b.second;
}

Result<> read_exactly(Database& database, std::vector<DefinitionKey> keys,
                      const std::optional<DefinitionKey>& after, std::size_t enough,
                      std::vector<DefinitionDetail>& found) {
    std::ranges::sort(keys, comes_before);
    const auto repeated = std::ranges::unique(keys);
    keys.erase(repeated.begin(), repeated.end());
    static const std::string sql = std::string(kSelect) + " WHERE name = ? AND revision = ?";
    auto on_row = [&](Row& row) { return read_definition(row, found.emplace_back()); };
    for (const DefinitionKey& key : keys) {
        if (after && !comes_before(*after, key)) continue;
        if (found.size() >= enough) break;
        BATCHD_TRY(database.each(sql, on_row, key.first, key.second));
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
    sql += filter.active ? " AND active = ?4" : " AND ?4 IS NULL";
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
    if (filter.exactly.empty()) {
        BATCHD_TRY(read_filtered(*database_, filter, after, enough, found));
    } else {
        BATCHD_TRY(read_exactly(*database_, filter.exactly, after, static_cast<std::size_t>(enough),
                                found));
    }
    return make_page(std::move(found), limit, [](const DefinitionDetail& definition) {
        return DefinitionKey{definition.row.name, definition.row.revision};
    });
}

Result<std::optional<DefinitionDetail>> Reader::definition(const std::string& name,
                                                           std::optional<std::int32_t> revision) {
    DefinitionFilter filter;
    if (revision) {
        filter.exactly.emplace_back(name, *revision);
    } else {
        filter.name = name;
        filter.active = true;
    }
    auto page = definitions(filter, std::nullopt, 1);
    if (!page) return std::unexpected(std::move(page).error());
    if (page->items.empty()) return std::nullopt;
    return std::move(page->items.front());
}

}  // namespace batchd::store

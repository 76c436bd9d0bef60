#include "batchd/store/reader.hpp"
#include "store/page.hpp"
#include "store/rows.hpp"

#include <limits>

namespace batchd::store {

Result<Page<model::DecisionRow, std::int64_t>> Reader::decisions(const std::string& environment,
                                                                 std::optional<std::int64_t> before,
                                                                 std::size_t limit) {
    std::vector<model::DecisionRow> found;
    auto on_row = [&](Row& row) -> Result<> {
        auto& decision = found.emplace_back();
        std::string document;
        row.read(decision.id, decision.environment_id, decision.at, decision.is_open, document);
        return read_document(document, decision.document);
    };
    BATCHD_TRY(database_->each(
        "SELECT scaling_decision.id, environment_id, at, is_open, scaling_decision.document"
        " FROM scaling_decision JOIN compute_environment"
        " ON compute_environment.id = scaling_decision.environment_id"
        " WHERE environment_id = (SELECT MAX(id) FROM compute_environment WHERE name = ?)"
        " AND scaling_decision.id < ? ORDER BY scaling_decision.id DESC LIMIT ?",
        on_row, environment, before.value_or(std::numeric_limits<std::int64_t>::max()),
        one_more(limit)));
    return make_page(std::move(found), limit,
                     [](const model::DecisionRow& decision) { return decision.id; });
}

}  // namespace batchd::store

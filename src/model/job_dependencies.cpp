#include "model/job_dependencies.hpp"

#include "model/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace batchd::model {
namespace {

using Kind = Dependency::Kind;

/// What dependsOn[].type may be for a dependency on a job; AWS knows N_TO_N alone.
constexpr std::array<std::pair<std::string_view, Kind>, 6> kKinds{{
    {"AFTEROK", Kind::AfterOk},
    {"AFTERANY", Kind::AfterAny},
    {"AFTERNOTOK", Kind::AfterNotOk},
    {"AFTERSTART", Kind::AfterStart},
    {"AFTERCORR", Kind::NToN},
    {"N_TO_N", Kind::NToN},
}};

/// AWS: without a type the job waits for the success of another.
Kind kind_of(const std::optional<std::string>& type) {
    if (!type) return Kind::AfterOk;
    return std::ranges::find(kKinds, *type, &decltype(kKinds)::value_type::first)->second;
}

bool is_sequence(const std::optional<std::string>& type) {
    return type == "SEQUENTIAL" || type == "SEQUENTIAL_ANY";
}

Result<> add_sequence(const JobDependency& dependency, const std::string& field, bool is_array,
                      ResolvedDependencies& resolved) {
    if (!is_array) {
        return invalid_argument(
            fmt::format("{}.type '{}' is for array jobs", field, *dependency.type));
    }
    if (is_given(dependency.job_id)) {
        return invalid_argument(
            fmt::format("{}.jobId must be absent with type {}, which orders "
                        "the children of the array itself",
                        field, *dependency.type));
    }
    const Sequence added = dependency.type == "SEQUENTIAL" ? Sequence::AfterOk : Sequence::AfterAny;
    if (resolved.sequence != Sequence::None && resolved.sequence != added) {
        return invalid_argument(field + ".type cannot be SEQUENTIAL and SEQUENTIAL_ANY at once");
    }
    if (resolved.sequence == Sequence::None) {
        resolved.shown.push_back({.job_id = {}, .type = dependency.type});
    }
    resolved.sequence = added;
    return {};
}

/// A job that is to succeed and to fail: never.
Result<> expect_possible(const Dependency& added, const std::string& field,
                         const ResolvedDependencies& resolved) {
    const auto contradicts = [&](Kind one, Kind other) {
        return added.kind == one &&
               std::ranges::find(resolved.jobs, Dependency{.id = added.id, .kind = other}) !=
                   resolved.jobs.end();
    };
    if (contradicts(Kind::AfterOk, Kind::AfterNotOk) ||
        contradicts(Kind::AfterNotOk, Kind::AfterOk)) {
        return invalid_argument(
            fmt::format("{}.type: job '{}' cannot be waited for both AFTEROK "
                        "and AFTERNOTOK",
                        field, to_string(added.id)));
    }
    return {};
}

Result<> add_dependency(JobDependency dependency, std::size_t index, bool is_array,
                        ResolvedDependencies& resolved) {
    const std::string field = element("dependsOn", index);
    if (!is_given(dependency.type)) dependency.type.reset();
    BATCHD_TRY(expect_enumerated(field + ".type", dependency.type,
                                 {"AFTEROK", "AFTERANY", "AFTERNOTOK", "AFTERSTART", "AFTERCORR",
                                  "N_TO_N", "SEQUENTIAL", "SEQUENTIAL_ANY"}));
    if (is_sequence(dependency.type)) return add_sequence(dependency, field, is_array, resolved);
    if (!is_given(dependency.job_id)) return invalid_argument(field + ".jobId is required");
    const auto id = parse_job_id(*dependency.job_id);
    if (!id) return std::unexpected(id.error());
    if (id->is_node()) {
        return invalid_argument(fmt::format(
            "{}.jobId '{}' is a node of a multi-node job; a job can depend on the whole job only",
            field, *dependency.job_id));
    }
    const Dependency added{.id = *id, .kind = kind_of(dependency.type)};
    BATCHD_TRY(expect_possible(added, field, resolved));
    if (std::ranges::find(resolved.jobs, added) != resolved.jobs.end()) return {};
    resolved.jobs.push_back(added);
    resolved.shown.push_back({.job_id = to_string(*id), .type = std::move(dependency.type)});
    return {};
}

}  // namespace

Result<ResolvedDependencies> resolve_dependencies(const std::vector<JobDependency>& depends_on,
                                                  bool is_array, const Limits& limits) {
    if (std::ssize(depends_on) > limits.depends_on) {
        return invalid_argument(fmt::format("dependsOn must have at most {} entries, got {}",
                                            limits.depends_on, depends_on.size()));
    }
    ResolvedDependencies resolved;
    for (std::size_t i = 0; i < depends_on.size(); ++i) {
        BATCHD_TRY(add_dependency(depends_on[i], i, is_array, resolved));
    }
    return resolved;
}

}  // namespace batchd::model

#include "api/batch/job_filter.hpp"

#include <boost/algorithm/string/case_conv.hpp>

#include <charconv>

namespace batchd::api::batch {
namespace {

store::JobFilter::Name to_name(std::string text) {
    const bool is_prefix = text.ends_with('*');
    if (is_prefix) text.pop_back();
    return {.text = std::move(text), .is_prefix = is_prefix};
}

/// A name for all its revisions, with `*` at its end for all names that begin so; or an ARN for one
/// revision.
void set_definition(const model::Scope& scope, const std::string& text, store::JobFilter& filter) {
    if (!text.starts_with("arn:")) {
        filter.definition_name = to_name(text);
        return;
    }
    const auto reference = model::parse_definition_reference(scope, text);
    // What is no definition of ours has no jobs.
    filter.definition_name =
        store::JobFilter::Name{.text = reference ? reference->name : text, .is_prefix = false};
    if (reference) filter.definition_revision = reference->revision;
}

Result<Timestamp> to_time(const KeyValuesPair& pair) {
    const std::string& text = pair.values.front();
    std::int64_t ms = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ms);
    if (error != std::errc{} || end != text.data() + text.size() || ms < 0) {
        return invalid_argument("filter " + pair.name + " '" + text +
                                "' is not a time in milliseconds since the epoch");
    }
    return from_epoch_ms(ms);
}

}  // namespace

Result<model::JobStatus> to_job_status(const std::string& field, const std::string& text) {
    const auto status = model::from_string(boost::algorithm::to_upper_copy(text),
                                           static_cast<model::JobStatus*>(nullptr));
    if (status) return *status;
    return invalid_argument(field + " '" + text +
                            "' is not one of SUBMITTED, PENDING, RUNNABLE, STARTING, RUNNING, "
                            "SUCCEEDED, FAILED");
}

Result<std::optional<std::int64_t>> read_seq_token(const std::string& kind,
                                                   const std::optional<std::string>& token) {
    const auto key = read_token(kind, token);
    if (!key) return std::unexpected(key.error());
    if (!*key) return std::nullopt;
    std::int64_t seq = 0;
    const char* end = (*key)->data() + (*key)->size();
    const auto read = std::from_chars((*key)->data(), end, seq);
    if (read.ec == std::errc{} && read.ptr == end) return seq;
    return invalid_argument("nextToken '" + *token + "' is not one that this operation gave");
}

Result<std::optional<store::JobFilter>> to_job_filter(const model::Scope& scope,
                                                      const std::vector<KeyValuesPair>& filters) {
    if (filters.empty()) return std::optional<store::JobFilter>{};
    if (filters.size() > 1) {
        return invalid_argument("filters has " + std::to_string(filters.size()) +
                                " entries; one is allowed");
    }
    const KeyValuesPair& pair = filters.front();
    if (pair.values.size() != 1) {
        return invalid_argument("filter '" + pair.name + "' has " +
                                std::to_string(pair.values.size()) + " values; it takes one");
    }
    store::JobFilter filter;
    if (pair.name == "JOB_NAME") {
        filter.name = to_name(pair.values.front());
    } else if (pair.name == "JOB_DEFINITION") {
        set_definition(scope, pair.values.front(), filter);
    } else if (pair.name == "BEFORE_CREATED_AT" || pair.name == "AFTER_CREATED_AT") {
        const auto time = to_time(pair);
        if (!time) return std::unexpected(time.error());
        (pair.name.starts_with('B') ? filter.created_before : filter.created_after) = *time;
    } else if (pair.name == "SHARE_IDENTIFIER") {
        filter.share = pair.values.front();
    } else {
        return invalid_argument("filter '" + pair.name +
                                "' is not one of JOB_NAME, JOB_DEFINITION, BEFORE_CREATED_AT, "
                                "AFTER_CREATED_AT, SHARE_IDENTIFIER");
    }
    return filter;
}

}  // namespace batchd::api::batch

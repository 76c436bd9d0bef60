// POST /api/v1/jobs:batch: many SubmitJob requests in one transaction.
#include "api/batch/submit_job.hpp"
#include "api/errors.hpp"
#include "api/job_options.hpp"
#include "api/native/routes.hpp"
#include "api/warnings.hpp"
#include "batchd/model/warnings.hpp"

#include <fmt/format.h>

#include <charconv>

namespace batchd::api::native {
namespace {

struct Prepared {
    std::vector<core::Event> events;
    std::vector<model::JobId> ids;
    std::vector<std::string> names;
    std::vector<std::vector<std::string>> warnings;
    std::unordered_map<std::string, model::JobId> by_key;
};

/// The body's list.
Result<Json> jobs_of(const http::Request& request, std::int64_t limit) {
    auto body = json::parse(request.body);
    if (!body) return body;
    const auto list = body->is_object() ? body->find("jobs") : body->end();
    if (!body->is_object() || list == body->end() || !list->is_array() || list->empty()) {
        return invalid_argument(
            "the body must be {\"jobs\": [...]} with at least one SubmitJob request, got " +
            json::excerpt(*body));
    }
    if (std::ssize(*list) > limit) {
        return invalid_argument(
            fmt::format("jobs has {} entries; at most {} are allowed (limits.batch_jobs)",
                        list->size(), limit));
    }
    return std::move(*list);
}

/// "@3" is the job at position 3 of this batch, which must stand before the one that names it.
Result<> name_earlier(model::SubmitJobRequest& request, const std::vector<model::JobId>& earlier) {
    for (std::size_t i = 0; i < request.depends_on.size(); ++i) {
        auto& id = request.depends_on[i].job_id;
        if (!id || !id->starts_with('@')) continue;
        std::size_t position = 0;
        const char* const end = id->data() + id->size();
        const auto [rest, error] = std::from_chars(id->data() + 1, end, position);
        if (error != std::errc{} || rest != end || position >= earlier.size()) {
            return invalid_argument(fmt::format(
                "dependsOn[{}].jobId '{}' is not the position of an earlier job of the batch, as "
                "'@0' is of the first",
                i, *id));
        }
        id = to_string(earlier[position]);
    }
    return {};
}

/// The first job that was submitted with the key: of this batch, or stored.
Result<std::optional<model::JobId>> find_first(store::Reader& reader, const Prepared& prepared,
                                               const std::optional<model::SubmissionKey>& key) {
    if (!key) return std::nullopt;
    const auto found = prepared.by_key.find(key->key);
    if (found != prepared.by_key.end()) return found->second;
    return reader.submission(key->key);
}

/// `key` is the whole batch's; each job has one of its own.
Result<> add(const Services& services, store::Reader& reader, Json& body,
             std::optional<model::SubmissionKey> key, Prepared& prepared) {
    const std::int64_t what = body.contains("clientToken") ? fingerprint(body.dump()) : 0;
    auto request = batch::decode_submission(body);
    if (!request) return std::unexpected(std::move(request).error());
    if (key) key->key += fmt::format("/{}", prepared.ids.size());
    BATCHD_TRY(lay_in_token(request->client_token, what, key));
    prepared.names.push_back(request->job_name);
    auto& warnings = prepared.warnings.emplace_back();
    const auto first = find_first(reader, prepared, key);
    if (!first) return std::unexpected(first.error());
    if (*first) {  // what waits for this one by its position waits for that one
        prepared.ids.push_back(**first);
        prepared.events.emplace_back(core::FindSubmission{.key = std::move(*key)});
        return {};
    }
    BATCHD_TRY(name_earlier(*request, prepared.ids));
    auto submission = batch::prepare(services, *request, &reader);
    if (!submission) return std::unexpected(std::move(submission).error());
    BATCHD_TRY(batch::check_task_tags(reader, *submission, request->tags));
    prepared.ids.push_back(submission->event.id);
    warnings = std::move(submission->warnings);
    if (key) prepared.by_key.emplace(key->key, submission->event.id);
    submission->event.key = std::move(key);
    prepared.events.emplace_back(std::move(submission->event));
    return {};
}

/// One that is wrong refuses them all.
Result<Prepared> prepare_all(const Services& services, store::Reader& reader, Json& list,
                             const std::optional<model::SubmissionKey>& key) {
    Prepared prepared;
    for (std::size_t i = 0; i < list.size(); ++i) {
        if (auto added = add(services, reader, list[i], key, prepared); !added) {
            Error error = std::move(added).error();
            error.message = fmt::format("jobs[{}]: {}", i, error.message);
            return std::unexpected(std::move(error));
        }
    }
    return prepared;
}

Json outcome_of(const Services& services, const Prepared& prepared,
                const engine::Engine::Replies& replies) {
    Json jobs = Json::array();
    std::size_t submitted = 0;
    for (std::size_t i = 0; i < replies.size(); ++i) {
        if (replies[i]) {
            ++submitted;
            const auto id = replies[i]->repeated.value_or(prepared.ids[i]);
            jobs.push_back(batch::accepted(services, id, prepared.names[i]));
            if (!prepared.warnings[i].empty()) jobs.back()["warnings"] = prepared.warnings[i];
        } else {
            jobs.push_back(Json{{"message", replies[i].error().message}});
        }
    }
    return Json{{"submitted", submitted},
                {"refused", replies.size() - submitted},
                {"jobs", std::move(jobs)}};
}

/// With their positions; no more than are told.
std::vector<std::string> first_warnings(const Prepared& prepared) {
    std::vector<std::string> first;
    for (std::size_t i = 0; i < prepared.warnings.size(); ++i) {
        if (first.size() > model::kMostWarnings) break;
        for (const auto& text : prepared.warnings[i]) {
            first.push_back(fmt::format("jobs[{}]: {}", i, text));
        }
    }
    return first;
}

}  // namespace

Task<http::Response> submit_jobs(NativeCall call) {
    auto key = key_of(call.request);
    if (!key) co_return error_of(key);
    if (*key && !(*key)->is_explicit) key->reset();  // SDKs do not know this operation
    // On a reader thread: thousands of jobs take long enough to keep other clients waiting.
    auto prepared = co_await read(call.services,
                                  [services = call.services, &request = call.request,
                                   key = *key](store::Reader& reader) -> Result<Prepared> {
                                      auto list = jobs_of(request, services->limits.batch_jobs);
                                      if (!list) return error_of(list);
                                      return prepare_all(*services, reader, *list, key);
                                  });
    if (!prepared) co_return error_of(prepared);
    const auto replies =
        co_await execute_together(call.services, std::exchange(prepared->events, {}));
    const auto& first = replies.front();
    if (!first && first.error().kind == ErrorKind::Unavailable) {
        co_return std::unexpected(first.error());  // nothing was stored
    }
    const auto outcome = outcome_of(*call.services, *prepared, replies);
    auto response = json_response(200, json::dump(outcome) + "\n");
    add_warnings(response, first_warnings(*prepared));
    co_return response;
}

}  // namespace batchd::api::native

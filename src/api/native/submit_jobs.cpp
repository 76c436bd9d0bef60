// POST /api/v1/jobs:batch: many SubmitJob requests in one transaction.
#include "api/batch/submit_job.hpp"
#include "api/errors.hpp"
#include "api/job_options.hpp"
#include "api/native/routes.hpp"
#include "api/warnings.hpp"
#include "batchd/base/json_list.hpp"
#include "batchd/model/warnings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace batchd::api::native {
namespace {

struct Entry {
    model::JobId id;
    std::string name;
    std::vector<std::string> warnings = {};
    std::optional<std::size_t> repeats = {};  ///< the position of the first one with its key
    std::string refusal = {};                 ///< why there is no event for it; empty: there is
};

struct Prepared {
    std::vector<core::Event> events;  ///< in the order of the entries
    std::vector<Entry> entries;
    std::unordered_map<std::string, std::size_t> by_key;  ///< positions
    bool goes_on = false;  ///< some were submitted before: this is a batch that is repeated
};

/// "@3" is the job at position 3 of this batch, which must stand before the one that names it.
Result<> name_earlier(model::SubmitJobRequest& request, const std::vector<Entry>& earlier) {
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
        id = to_string(earlier[position].id);
    }
    return {};
}

/// Whether a job was submitted with the key before, by this batch or another: then the entry is
/// that job.
Result<bool> is_repeated(store::Reader& reader, const model::SubmissionKey& key, Entry& entry,
                         Prepared& prepared) {
    const auto found = prepared.by_key.find(key.key);
    if (found != prepared.by_key.end()) {
        entry.repeats = found->second;
        entry.id = prepared.entries[found->second].id;
        return true;
    }
    const auto stored = reader.submission(key.key);
    if (!stored) return std::unexpected(stored.error());
    if (!*stored) return false;
    entry.id = **stored;
    prepared.goes_on = true;
    return true;
}

/// `key` is the whole batch's; each job has one of its own.
Result<Entry> add(const Services& services, store::Reader& reader, Json& body,
                  std::optional<model::SubmissionKey> key, Prepared& prepared) {
    const std::int64_t what = body.contains("clientToken") ? fingerprint(body.dump()) : 0;
    auto request = batch::decode_submission(body);
    if (!request) return error_of(request);
    if (key) key->key += fmt::format("/{}", prepared.entries.size());
    BATCHD_TRY(lay_in_token(request->client_token, what, key));
    Entry entry{.id = {}, .name = request->job_name};
    if (key) {
        const auto repeated = is_repeated(reader, *key, entry, prepared);
        if (!repeated) return std::unexpected(repeated.error());
        if (*repeated) {  // what waits for this one by its position waits for that one
            prepared.events.emplace_back(core::FindSubmission{.key = std::move(*key)});
            return entry;
        }
    }
    BATCHD_TRY(name_earlier(*request, prepared.entries));
    auto submission = batch::prepare(services, *request, &reader);
    if (!submission) return error_of(submission);
    BATCHD_TRY(batch::check_task_tags(reader, *submission, request->tags));
    entry.id = submission->event.id;
    entry.warnings = std::move(submission->warnings);
    if (key) prepared.by_key.emplace(key->key, prepared.entries.size());
    submission->event.key = std::move(key);
    submission->event.parsed_spec
        .reset();  // most of many jobs wait, and it is larger than its text
    prepared.events.emplace_back(std::move(submission->event));
    return entry;
}

/// It is the request that is wrong, not the database.
bool is_unsound(const Error& error) {
    return error.kind == ErrorKind::InvalidArgument || error.kind == ErrorKind::NotFound ||
           error.kind == ErrorKind::Conflict;
}

std::unexpected<Error> at_position(std::size_t i, const Error& error) {
    return fail(error.kind, fmt::format("jobs[{}]: {}", i, error.message), error.context);
}

/// One that is wrong refuses them all, unless some were submitted before: then the world has
/// changed since, which is told for that one alone.
class Preparation {
  public:
    /// `key` is the whole batch's.
    Preparation(const Services& services, store::Reader& reader,
                const std::optional<model::SubmissionKey>& key)
        : services_(services), reader_(reader), key_(key) {}

    void add(Json& job) {
        const std::size_t position = prepared_.entries.size();
        ++jobs_;
        if (jobs_ > services_.limits.batch_jobs || trouble_) return;
        auto entry = native::add(services_, reader_, job, key_, prepared_);
        if (!entry) {
            Error& error = entry.error();
            if (!is_unsound(error)) {
                trouble_ = at_position(position, error).error();
                return;
            }
            if (!first_) first_ = at_position(position, error).error();
            // What waits for it waits for a job that does not exist.
            entry = Entry{.id = model::JobId{.uuid = make_uuid(services_.clock.now())},
                          .name = {},
                          .refusal = std::move(error.message)};
        }
        prepared_.entries.push_back(*std::move(entry));
    }

    /// `rest` is the body without its jobs.
    Result<Prepared> finish(const Json& rest) {
        if (jobs_ == 0) {
            return invalid_argument(
                "the body must be {\"jobs\": [...]} with at least one SubmitJob request, got " +
                json::excerpt(rest));
        }
        if (jobs_ > services_.limits.batch_jobs) {
            return invalid_argument(
                fmt::format("jobs has {} entries; at most {} are allowed (limits.batch_jobs)",
                            jobs_, services_.limits.batch_jobs));
        }
        if (trouble_) return std::unexpected(*std::move(trouble_));
        if (first_ && !prepared_.goes_on) return std::unexpected(*std::move(first_));
        return std::move(prepared_);
    }

  private:
    const Services& services_;
    store::Reader& reader_;
    const std::optional<model::SubmissionKey>& key_;
    Prepared prepared_;
    std::int64_t jobs_ = 0;
    std::optional<Error> trouble_;  ///< no fault of the request's
    std::optional<Error> first_;    ///< that is one
};

/// Job by job: the documents of thousands would take a hundred times the memory of their text.
Result<Prepared> prepare_all(const Services& services, store::Reader& reader,
                             const std::string& body,
                             const std::optional<model::SubmissionKey>& key) {
    Preparation preparation(services, reader, key);
    const auto rest = json::parse_each(body, "jobs", [&](Json& job) { preparation.add(job); });
    if (!rest) return std::unexpected(rest.error());
    return preparation.finish(*rest);
}

/// Why each of the entries was refused; empty: it was not. Puts the ids of those that were
/// submitted before in.
std::vector<std::string> refusals_of(std::vector<Entry>& entries,
                                     const engine::Engine::Replies& replies) {
    std::vector<std::string> refusals;
    auto reply = replies.begin();
    for (Entry& entry : entries) {
        std::string& refusal = refusals.emplace_back(entry.refusal);
        if (!refusal.empty()) continue;
        const auto& done = *reply++;
        if (done) {
            entry.id = done->repeated.value_or(entry.id);
        } else if (entry.repeats && done.error().kind == ErrorKind::NotFound) {
            refusal = refusals[*entry.repeats];
        } else {
            refusal = done.error().message;
        }
    }
    return refusals;
}

/// JSON text.
std::string outcome_of(const Services& services, std::vector<Entry>& entries,
                       const engine::Engine::Replies& replies) {
    const auto refusals = refusals_of(entries, replies);
    const auto submitted = std::ranges::count(refusals, std::string());
    std::string text = fmt::format(R"({{"submitted":{},"refused":{},"jobs":[)", submitted,
                                   std::ssize(refusals) - submitted);
    for (std::size_t i = 0; i < entries.size(); ++i) {
        if (i > 0) text += ',';
        if (!refusals[i].empty()) {
            json::write(model::StringMap{{"message", refusals[i]}}, text);
            continue;
        }
        auto job = batch::accepted(services, entries[i].id, entries[i].name);
        if (!entries[i].warnings.empty()) job.warnings = entries[i].warnings;
        json::write(job, text);
    }
    return text + "]}\n";
}

/// With their positions; no more than are told.
std::vector<std::string> first_warnings(const std::vector<Entry>& entries) {
    std::vector<std::string> first;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        if (first.size() > model::kMostWarnings) break;
        for (const auto& text : entries[i].warnings) {
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
                                      return prepare_all(*services, reader, request.body, key);
                                  });
    if (!prepared) co_return error_of(prepared);
    const auto replies =
        co_await execute_together(call.services, std::exchange(prepared->events, {}));
    const auto& first = replies.front();
    if (!first && first.error().kind == ErrorKind::Unavailable) {
        co_return std::unexpected(first.error());  // nothing was stored
    }
    auto response = json_response(200, outcome_of(*call.services, prepared->entries, replies));
    add_warnings(response, first_warnings(prepared->entries));
    co_return response;
}

}  // namespace batchd::api::native

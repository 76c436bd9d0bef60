// Submissions with a key: a repeated one is answered with the first one's job.
#include "core/decisions.hpp"

namespace batchd::core {
namespace {

constexpr std::chrono::minutes kRemembered{15};  // SDKs repeat a call within seconds
constexpr std::size_t kMostRemembered = 1'000'000;

const model::RecentSubmission* find_first(const State& state, const model::SubmissionKey& key) {
    const auto& known = key.is_explicit ? state.step.submissions : state.submissions;
    const auto found = known.find(key.key);
    return found == known.end() ? nullptr : &found->second;
}

}  // namespace

Result<Reply> decide(State& state, FindSubmission&& event, Timestamp) {
    const auto found = find_repeated(state, event.key, event.repeated);
    if (!found) return std::unexpected(found.error());
    if (*found) return Reply{.repeated = *found};
    return fail(ErrorKind::NotFound,
                "no job was submitted with the idempotency key '" + event.key.key + "'");
}

Result<std::optional<model::JobId>> find_repeated(
    const State& state, const model::SubmissionKey& key,
    const std::optional<model::RecentSubmission>& stored) {
    const auto* first = stored ? &*stored : find_first(state, key);
    if (!first) return std::nullopt;
    if (first->key.request == key.request) return first->job;
    if (!key.is_explicit) return std::nullopt;  // another call, whatever its mark
    return fail(ErrorKind::Conflict, "the idempotency key '" + key.key +
                                         "' was used for another request, which made job " +
                                         to_string(first->job));
}

void remember_submission(State& state, model::RecentSubmission submission) {
    if (submission.key.is_explicit) {
        state.step.submissions.insert_or_assign(submission.key.key, std::move(submission));
        return;
    }
    state.submissions_by_age.emplace_back(submission.at, submission.key.key);
    state.submissions.insert_or_assign(submission.key.key, std::move(submission));
}

void forget_old_submissions(State& state, Timestamp now) {
    auto& by_age = state.submissions_by_age;
    while (!by_age.empty() &&
           (by_age.front().first + kRemembered < now || by_age.size() > kMostRemembered)) {
        state.submissions.erase(by_age.front().second);
        by_age.pop_front();
    }
}

}  // namespace batchd::core

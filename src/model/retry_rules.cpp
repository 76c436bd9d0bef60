#include "batchd/model/job_definition.hpp"
#include "batchd/model/names.hpp"
#include "model/rules.hpp"

#include <fmt/format.h>

namespace batchd::model {
namespace {

constexpr std::int32_t kMaxAttempts = 10;
constexpr std::size_t kMaxRules = 5;
constexpr std::size_t kMaxPatternCharacters = 512;
constexpr std::int32_t kShortestTimeoutSeconds = 60;

Result<> validate_pattern(const std::optional<std::string>& pattern, bool digits_only) {
    if (!pattern) return {};
    if (characters(*pattern) > kMaxPatternCharacters) {
        return invalid_argument("Evaluate on exit condition cannot exceed 512 characters.");
    }
    std::string_view literal = *pattern;
    if (literal.ends_with('*')) literal.remove_suffix(1);
    if (literal.find('*') != std::string_view::npos || (digits_only && !is_digits(literal))) {
        return invalid_argument("Evaluate on exit condition contains restricted characters.");
    }
    return {};
}

Result<> validate_rule(const EvaluateOnExit& rule, std::size_t index) {
    if (!rule.on_exit_code && !rule.on_reason && !rule.on_status_reason) {
        return invalid_argument(
            "EvaluateOnExit should contain at least one of onExitCode, onReason or "
            "onStatusReason");
    }
    BATCHD_TRY(validate_pattern(rule.on_exit_code, true));
    BATCHD_TRY(validate_pattern(rule.on_reason, false));
    BATCHD_TRY(validate_pattern(rule.on_status_reason, false));
    std::string action = rule.action;  // kept as the client sent it
    return expect_enumerated(fmt::format("retryStrategy.evaluateOnExit[{}].action", index), action,
                             {"RETRY", "EXIT"});
}

}  // namespace

Result<> validate(const RetryStrategy& strategy) {
    if (!strategy.attempts) {
        return invalid_argument("RetryAttempts must be provided with retry strategy.");
    }
    BATCHD_TRY(expect_between("retryStrategy.attempts", *strategy.attempts, 1, kMaxAttempts));
    if (strategy.evaluate_on_exit.size() > kMaxRules) {
        return invalid_argument("Up to 5 evaluateOnExit condition can be specified.");
    }
    for (std::size_t i = 0; i < strategy.evaluate_on_exit.size(); ++i) {
        BATCHD_TRY(validate_rule(strategy.evaluate_on_exit[i], i));
    }
    return {};
}

Result<> validate(const JobTimeout& timeout) {
    if (!timeout.attempt_duration_seconds) return {};
    return expect_at_least("timeout.attemptDurationSeconds", *timeout.attempt_duration_seconds,
                           kShortestTimeoutSeconds);
}

bool matches_exit_pattern(const std::string& pattern, const std::string& text) {
    if (pattern.ends_with('*')) {
        return text.starts_with(std::string_view(pattern).substr(0, pattern.size() - 1));
    }
    return text == pattern;
}

}  // namespace batchd::model

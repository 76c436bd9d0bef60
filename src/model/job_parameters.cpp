#include "model/job_parameters.hpp"

#include "model/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace batchd::model {
namespace {

constexpr std::string_view kReference = "Ref::";

/// Linux's limit for one argument (MAX_ARG_STRLEN). Many references to one long value would
/// otherwise turn a small request into a huge job.
constexpr std::size_t kMaxCommandBytes = std::size_t{128} * 1024;

std::string_view leading_name(std::string_view text) {
    const auto end = std::ranges::find_if_not(text, [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-';
    });
    return text.substr(0, static_cast<std::size_t>(end - text.begin()));
}

Result<std::string> substitute(std::string_view text, const Parameters& parameters) {
    std::string result;
    for (auto at = text.find(kReference); at != std::string_view::npos;
         at = text.find(kReference)) {
        const auto name = leading_name(text.substr(at + kReference.size()));
        result += text.substr(0, at);
        text.remove_prefix(at + kReference.size() + name.size());
        if (name.empty()) {
            result += kReference;
            continue;
        }
        const auto parameter = parameters.values.find(std::string(name));
        if (parameter == parameters.values.end()) {
            return invalid_argument(fmt::format(
                "Unable to substitute value. No parameter found for reference {}", name));
        }
        parameters.used.insert(parameter->first);
        result += parameter->second;
        if (result.size() > kMaxCommandBytes) break;  // the caller refuses it
    }
    return result += text;
}

}  // namespace

Result<> substitute_parameters(std::vector<std::string>& command, const Parameters& parameters) {
    std::size_t bytes = 0;
    for (std::string& part : command) {
        auto substituted = substitute(part, parameters);
        if (!substituted) return std::unexpected(std::move(substituted).error());
        part = *std::move(substituted);
        BATCHD_TRY(expect_no_nul("command", part));
        bytes += part.size();
        if (bytes > kMaxCommandBytes) {
            return invalid_argument(
                fmt::format("command must have at most {} bytes after its parameters are "
                            "substituted",
                            kMaxCommandBytes));
        }
    }
    return {};
}

}  // namespace batchd::model

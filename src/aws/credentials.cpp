#include "aws/credentials.hpp"

#include "batchd/base/json.hpp"
#include "batchd/base/time_text.hpp"

#include <fmt/format.h>

namespace batchd::aws {

std::unexpected<ApiError> no_credentials(std::string message) {
    return std::unexpected(ApiError{.code = "NoCredentials",
                                    .message = std::move(message),
                                    .error_class = ErrorClass::Credentials});
}

Outcome<Credentials> parse_credentials(std::string_view text, const char* token_name,
                                       std::string source) {
    const auto document = json::parse(text);
    if (!document || !document->is_object()) {
        return no_credentials(fmt::format("{} gave no JSON object", source));
    }
    const auto member = [&](const char* name) {
        const auto found = document->find(name);
        return found != document->end() && found->is_string() ? found->get<std::string>() : "";
    };
    Credentials credentials{.keys = {.access_key_id = member("AccessKeyId"),
                                     .secret_access_key = member("SecretAccessKey"),
                                     .session_token = member(token_name)},
                            .expires = parse_iso8601(member("Expiration")),
                            .source = std::move(source)};
    if (credentials.keys.access_key_id.empty() || credentials.keys.secret_access_key.empty()) {
        return no_credentials(
            fmt::format("{} gave no AccessKeyId and SecretAccessKey", credentials.source));
    }
    if (!credentials.expires && !member("Expiration").empty()) {
        return no_credentials(
            fmt::format("{} gave an Expiration that is no ISO 8601 time", credentials.source));
    }
    return credentials;
}

}  // namespace batchd::aws

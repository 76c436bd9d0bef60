#include "batchd/aws/ecr.hpp"

#include "aws/base64.hpp"
#include "aws/json_reading.hpp"

namespace batchd::aws {

Outcome<RegistryLogin> get_authorization_token(Client& client, const std::string& region,
                                               const Service& service) {
    const auto answer = client.call_json(
        {.service = service, .operation = "GetAuthorizationToken", .region = region},
        json::Json::object());
    if (!answer) return std::unexpected(answer.error());
    const auto& list = member(*answer, "authorizationData");
    if (!list.is_array() || list.empty()) return malformed("GetAuthorizationToken", "a token");
    const auto& data = list.front();
    const auto pair = from_base64(text(data, "authorizationToken"));  // AWS:password
    const auto colon = pair ? pair->find(':') : std::string::npos;
    if (colon == std::string::npos) return malformed("GetAuthorizationToken", "a token");
    return RegistryLogin{.username = pair->substr(0, colon),
                         .password = pair->substr(colon + 1),
                         .registry = text(data, "proxyEndpoint"),
                         .expires = epoch_seconds(data, "expiresAt")};
}

}  // namespace batchd::aws

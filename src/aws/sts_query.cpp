#include "aws/sts_query.hpp"

#include "batchd/base/time_text.hpp"

#include <fmt/format.h>

#include <pugixml.hpp>

namespace batchd::aws {

std::string operation_of(const RoleRequest& request) {
    return request.web_identity_token.empty() ? "AssumeRole" : "AssumeRoleWithWebIdentity";
}

Params params_of(const RoleRequest& request, Timestamp now) {
    Params params{{"RoleArn", request.role_arn},
                  {"RoleSessionName", request.session_name.empty()
                                          ? fmt::format("batchd-{}", to_epoch_ms(now))
                                          : request.session_name}};
    const auto add = [&](const char* name, const std::string& value) {
        if (!value.empty()) params.emplace_back(name, value);
    };
    add("ExternalId", request.external_id);
    add("WebIdentityToken", request.web_identity_token);
    if (request.duration) add("DurationSeconds", std::to_string(request.duration->count()));
    return params;
}

Outcome<Credentials> read_role_answer(const pugi::xml_document& document,
                                      const RoleRequest& request) {
    const std::string result = operation_of(request) + "Result";
    const auto node = document.document_element().child(result.c_str()).child("Credentials");
    Credentials credentials{.keys = {.access_key_id = node.child_value("AccessKeyId"),
                                     .secret_access_key = node.child_value("SecretAccessKey"),
                                     .session_token = node.child_value("SessionToken")},
                            .expires = parse_iso8601(node.child_value("Expiration")),
                            .source = "the role " + request.role_arn};
    if (credentials.keys.access_key_id.empty() || credentials.keys.secret_access_key.empty() ||
        !credentials.expires) {
        return no_credentials("STS gave no complete credentials for " + request.role_arn);
    }
    return credentials;
}

}  // namespace batchd::aws

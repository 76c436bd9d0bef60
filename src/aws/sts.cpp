#include "batchd/aws/sts.hpp"

#include "aws/json_reading.hpp"
#include "aws/sts_query.hpp"

#include <pugixml.hpp>

namespace batchd::aws {

Outcome<TemporaryKeys> assume_role(Client& client, const AssumeRoleRequest& request) {
    const RoleRequest role{.role_arn = request.role_arn,
                           .session_name = request.session_name,
                           .external_id = request.external_id,
                           .duration = request.duration};
    const auto answer = client.call_query({.service = kSts, .operation = operation_of(role)},
                                          params_of(role, client.clock().now()));
    if (!answer) return std::unexpected(answer.error());
    const auto credentials = read_role_answer(**answer, role);
    if (!credentials) return std::unexpected(credentials.error());
    return TemporaryKeys{.keys = credentials->keys, .expires = credentials->expires};
}

Outcome<CallerIdentity> get_caller_identity(Client& client) {
    const auto answer = client.call_query({.service = kSts, .operation = "GetCallerIdentity"}, {});
    if (!answer) return std::unexpected(answer.error());
    const auto result = (*answer)->document_element().child("GetCallerIdentityResult");
    CallerIdentity identity{.account = result.child_value("Account"),
                            .arn = result.child_value("Arn"),
                            .user_id = result.child_value("UserId")};
    if (identity.account.empty()) return malformed("GetCallerIdentity", "an account");
    return identity;
}

}  // namespace batchd::aws

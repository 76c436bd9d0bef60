#include "batchd/aws/sts.hpp"

#include "aws/json_reading.hpp"

#include <pugixml.hpp>

namespace batchd::aws {

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

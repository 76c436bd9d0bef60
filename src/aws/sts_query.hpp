// STS as the credential chain and callers need it: parameters and answers.
#pragma once

#include "aws/credentials.hpp"
#include "batchd/aws/client.hpp"

namespace batchd::aws {

/// "AssumeRole", or "AssumeRoleWithWebIdentity" for a request with a token.
std::string operation_of(const RoleRequest& request);
/// `now` makes a session name if there is none.
Params params_of(const RoleRequest& request, Timestamp now);
Outcome<Credentials> read_role_answer(const pugi::xml_document& document,
                                      const RoleRequest& request);

}  // namespace batchd::aws

// Calls of AWS Systems Manager. Any thread; they block.
#pragma once

#include "batchd/aws/client.hpp"

namespace batchd::aws {

/// The value of a parameter, decrypted. `name` may be an ARN; an empty region is the client's.
Outcome<std::string> get_parameter(Client& client, const std::string& name,
                                   const std::string& region = {});

}  // namespace batchd::aws

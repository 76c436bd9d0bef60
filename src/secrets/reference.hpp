// What valueFrom points to. Pure.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/ports/aws_secrets.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace batchd::secrets {

struct Reference {
    std::vector<std::string> names;  ///< to look for, the first one first
    std::string json_key;            ///< the member of the value that is wanted; empty: all of it
    ports::AwsSecretId aws;          ///< what AWS is asked for
};

/// A bare name stands for itself, and in AWS for an SSM parameter. The ARN of an SSM parameter
/// means
/// "/name" or "name"; the one of a Secrets Manager secret its name with or without the suffix of
/// six characters that AWS appends. InvalidArgument for other ARNs, and for names that AWS would
/// not allow or that a command could take for an option.
Result<Reference> parse_reference(std::string_view value_from);

}  // namespace batchd::secrets

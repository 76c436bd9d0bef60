// Where the values of secrets come from when an attempt starts.
#pragma once

#include "batchd/base/result.hpp"

#include <string>

namespace batchd::ports {

/// Any thread, several at a time.
class SecretSource {
  public:
    virtual ~SecretSource() = default;
    /// The value that `value_from`, AWS Batch's valueFrom, stands for. May block for seconds. An
    /// error's message names the secret and says why, without any value; Cancelled means that the
    /// daemon stops, and says nothing about the secret.
    virtual Result<std::string> resolve(const std::string& value_from) = 0;
};

}  // namespace batchd::ports

// Secrets Manager and the Parameter Store as a source of secrets.
#pragma once

#include "batchd/aws/client.hpp"
#include "batchd/ports/aws_secrets.hpp"

namespace batchd::aws {

class SecretReader final : public ports::AwsSecrets {
  public:
    /// `client` must outlive it.
    explicit SecretReader(Client& client) : client_(client) {}

    Result<std::string> value(const ports::AwsSecretId& secret) override;

  private:
    Client& client_;
};

}  // namespace batchd::aws

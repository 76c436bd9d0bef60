// Finds the values of secrets where the operator keeps them: in a file, in the daemon's
// environment, by asking a command, or in AWS. Nothing is kept: each call looks again.
#pragma once

#include "batchd/base/stop_event.hpp"
#include "batchd/base/time.hpp"
#include "batchd/ports/aws_secrets.hpp"
#include "batchd/ports/secret_source.hpp"

#include <string>
#include <vector>

namespace batchd::secrets {

/// Asked in this order; one that is empty is not asked.
struct Sources {
    std::string file;                  ///< TOML, name = "value"; for the daemon's eyes only
    std::string environment_prefix;    ///< of variables of the daemon's own environment
    std::vector<std::string> command;  ///< gets the name as its last argument
    Milliseconds command_limit{10'000};
    ports::AwsSecrets* aws = nullptr;  ///< must outlive the resolver
};

/// Any thread, several at a time.
class Resolver final : public ports::SecretSource {
  public:
    explicit Resolver(Sources sources);

    /// InvalidArgument for a `value_from` that is neither a name nor the ARN of an SSM parameter or
    /// of a Secrets Manager secret; NotFound if no source has it; Unavailable if a source that has
    /// to be asked cannot be. A json-key of an ARN takes that member of the value; its version
    /// stage and version id are for AWS alone.
    Result<std::string> resolve(const std::string& value_from) override;

    /// Ends commands that run, and those that come: they are Cancelled.
    void stop();

  private:
    /// The first of `names` that a source of the operator's own has.
    Result<std::string> look_up(const std::vector<std::string>& names) const;
    /// `others` says why it comes to that.
    Result<std::string> ask_aws(const ports::AwsSecretId& secret, Error others) const;
    Result<std::string> ask_command(const std::vector<std::string>& names) const;
    std::string variable(const std::string& name) const;

    Sources sources_;
    StopEvent stop_;
};

}  // namespace batchd::secrets

// Where keys are looked for, in botocore's order.
#pragma once

#include "aws/credentials.hpp"
#include "aws/profiles.hpp"

namespace batchd::aws {

/// The first of: keys in the environment (unless a profile is set), the profile's role, a web
/// identity, the credentials file, the profile's credential_process, the config file, the
/// container, the instance. Files are read anew. An error of class Credentials says what was looked
/// at. Blocks for seconds at worst. Any thread.
Outcome<Credentials> load_credentials(const Settings& settings, const Outside& outside,
                                      const AssumeRole& assume_role);

}  // namespace batchd::aws

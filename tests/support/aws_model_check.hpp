// Whether what was sent to a FakeAws is such as botocore's models of the services allow.
#pragma once

#include "support/fake_aws.hpp"

#include <vector>

namespace batchd::testing {

/// Keeps the requests until the next check.
void note_for_model_check(const std::vector<FakeAws::Request>& requests);

/// A failure of the test for each noted request that a model does not allow.
void check_against_models();

}  // namespace batchd::testing

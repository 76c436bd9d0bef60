#include "support/aws_model_check.hpp"

#include "batchd/base/json.hpp"
#include "support/aws_world.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <utility>

namespace batchd::testing {
namespace {

/// A line of JSON for each request.
std::string& noted() {
    static std::string lines;
    return lines;
}

}  // namespace

void note_for_model_check(const std::vector<FakeAws::Request>& requests) {
    for (const auto& request : requests) {
        noted() += json::dump({{"service", request.scope.service},
                               {"operation", request.operation},
                               {"body", request.body}}) +
                   "\n";
    }
}

void check_against_models() {
    AwsWorld world;
    const char* python = std::getenv("BATCHD_PYTHON");
    const std::string command = fmt::format(
        "{} {}/tests/support/check_aws_calls.py {}", python != nullptr ? python : "python3",
        BATCHD_SOURCE_DIR, world.write("calls", std::exchange(noted(), {})));
    EXPECT_EQ(std::system(command.c_str()), 0) << "botocore's model differs, or there is none";
}

}  // namespace batchd::testing

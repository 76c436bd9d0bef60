#include "component/aws/calls_fixture.hpp"

#include "batchd/base/json.hpp"

#include <fmt/format.h>

#include <cstdlib>

namespace batchd::aws {
namespace {

/// A line of JSON for each request of the suite.
std::string& seen() {
    static std::string lines;
    return lines;
}

}  // namespace

Calls::~Calls() {
    if (!fake_) return;
    for (const auto& request : fake_->requests()) {
        seen() += json::dump({{"service", request.scope.service},
                              {"operation", request.operation},
                              {"body", request.body}}) +
                  "\n";
    }
}

void Calls::check_against_model() {
    testing::AwsWorld world;
    const char* python = std::getenv("BATCHD_PYTHON");
    const std::string command = fmt::format(
        "{} {}/tests/component/aws/check_calls.py {}", python != nullptr ? python : "python3",
        BATCHD_SOURCE_DIR, world.write("calls", std::exchange(seen(), {})));
    EXPECT_EQ(std::system(command.c_str()), 0) << "botocore's model differs, or there is none";
}

void Calls::serve(
    std::function<testing::FakeAws::Answer(const testing::FakeAws::Request&, int)> script) {
    fake_.emplace([this, script](const testing::FakeAws::Request& request) {
        return script(request, served_++);
    });
    settings_.endpoint_url = fake_->url();
}

void Calls::answer(std::vector<testing::FakeAws::Answer> answers) {
    serve([answers](const auto&, int n) {
        return answers[std::min(static_cast<std::size_t>(n), answers.size() - 1)];
    });
}

Client& Calls::client() {
    if (!client_) client_.emplace(settings_, world_.outside(transport_));
    return *client_;
}

}  // namespace batchd::aws

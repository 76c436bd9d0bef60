// Single calls against a stand-in for AWS. What they send is checked against botocore's model of
// the service at the end of each suite.
#pragma once

#include "batchd/aws/client.hpp"
#include "support/aws_model_check.hpp"
#include "support/aws_world.hpp"
#include "support/fake_aws.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace batchd::aws {

class Calls : public ::testing::Test {
  protected:
    Calls() {
        world_.set_keys("AKIDTEST", "test-secret");
        settings_.region = "eu-west-1";
    }
    ~Calls() override;

    static void TearDownTestSuite() { testing::check_against_models(); }

    /// Answers the n-th request, counted from 0, by `script`.
    void serve(
        std::function<testing::FakeAws::Answer(const testing::FakeAws::Request&, int)> script);
    /// Answers each request in turn; the last answer again and again.
    void answer(std::vector<testing::FakeAws::Answer> answers);

    Client& client();
    std::vector<testing::FakeAws::Request> requests() const { return fake_->requests(); }
    /// A member of the newest request's form.
    std::string sent(const std::string& name) const { return requests().back().form(name); }

    testing::AwsWorld world_;
    CurlTransport transport_;
    Settings settings_;
    std::atomic<int> served_ = 0;
    std::optional<testing::FakeAws> fake_;
    std::optional<Client> client_;
};

}  // namespace batchd::aws

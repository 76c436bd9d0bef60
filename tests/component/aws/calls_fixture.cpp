#include "component/aws/calls_fixture.hpp"

#include "support/aws_model_check.hpp"

#include <algorithm>

namespace batchd::aws {

Calls::~Calls() {
    if (fake_) testing::note_for_model_check(fake_->requests());
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

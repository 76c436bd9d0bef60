#include "runtime/fargate/cluster.hpp"

#include "batchd/aws/logs.hpp"
#include "batchd/base/json.hpp"

#include <algorithm>

namespace batchd::runtime {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kMostUnused = 100;

/// AWS Batch's own group; jobs that name another one say themselves who makes it.
constexpr const char* kLogGroup = "/aws/batch/job";

aws::Outcome<std::string> make_cluster(aws::Client& client, const std::string& name,
                                       const std::string& instance) {
    auto region = client.region();
    if (!region) return region;
    const auto made = aws::create_cluster(client, name, {{"batchd:instance", instance}});
    if (!made) return std::unexpected(made.error());
    if (const auto group = aws::create_log_group(client, kLogGroup); !group) {
        log::warn("log group {}: {}", kLogGroup, group.error().text());
    }
    return region;
}

asio::awaitable<void> deregister(FargateContext* context, std::string arn) {
    const auto done = co_await context->ask(
        [arn](aws::Client& client) { return aws::deregister_task_definition(client, arn); });
    if (!done) log::warn("task definition {}: {}", arn, done.error().text());
}

}  // namespace

asio::awaitable<aws::Outcome<std::string>> Cluster::ready() {
    const auto turn = co_await turn_.take();
    if (is_made_) co_return region_;
    auto region = co_await context_.ask(
        [name = context_.options.cluster, instance = context_.options.instance](
            aws::Client& client) { return make_cluster(client, name, instance); });
    if (region) {
        is_made_ = true;
        region_ = *region;
    }
    co_return region;
}

asio::awaitable<aws::Outcome<>> Cluster::define(TaskPlan plan) {
    const auto turn = co_await turn_.take();
    const std::string family = plan.request.task_definition;
    if (const auto found = definitions_.find(family); found != definitions_.end()) {
        if (found->second.users++ == 0) std::erase(unused_, family);
        co_return aws::Outcome<>{};
    }
    auto arn = co_await context_.ask([text = plan.definition](aws::Client& client) {
        return aws::register_task_definition(client, *json::parse(text));
    });
    if (!arn) co_return std::unexpected(std::move(arn).error());
    definitions_.emplace(family, Definition{.arn = *std::move(arn), .users = 1});
    co_return aws::Outcome<>{};
}

void Cluster::release(const TaskPlan& plan, bool is_good) {
    const auto found = definitions_.find(plan.request.task_definition);
    if (found == definitions_.end()) return;
    --found->second.users;
    if (!is_good) {
        std::erase(unused_, found->first);
        definitions_.erase(found);
    } else if (found->second.users == 0) {
        unused_.push_back(found->first);
        if (unused_.size() > kMostUnused) drop_oldest();
    }
}

void Cluster::drop_oldest() {
    const auto dropped = definitions_.extract(unused_.front());
    unused_.pop_front();
    context_.spawn(deregister(&context_, dropped.mapped().arn));
}

}  // namespace batchd::runtime

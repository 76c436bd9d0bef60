#include "runtime/fargate/adoption.hpp"

#include "batchd/net/retry_delay.hpp"
#include "runtime/fargate/task_outcome.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <map>
#include <set>

namespace batchd::runtime {

namespace asio = boost::asio;

namespace {

/// By group, which names the attempt.
using TasksByGroup = std::map<std::string, aws::Task>;

bool is_stopped(const aws::Task& task) { return task.last_status == "STOPPED"; }

aws::Outcome<> add_tasks(aws::Client& client, const std::string& cluster,
                         const std::string& started_by, const std::string& desired_status,
                         TasksByGroup& tasks) {
    const auto arns = aws::list_tasks(client, cluster, started_by, desired_status);
    if (!arns) return std::unexpected(arns.error());
    auto described = aws::describe_tasks(client, cluster, *arns);
    if (!described) return std::unexpected(described.error());
    for (auto& task : described->found) {
        const auto [known, is_new] = tasks.try_emplace(task.group, task);
        if (!is_new && is_stopped(known->second)) known->second = std::move(task);
    }
    return {};
}

/// All tasks of this daemon; those that have ended only if one of `wanted` is not among the others:
/// there may be thousands.
aws::Outcome<TasksByGroup> find_tasks(aws::Client& client, const std::string& cluster,
                                      const std::string& started_by,
                                      const std::set<std::string>& wanted) {
    TasksByGroup tasks;
    auto added = add_tasks(client, cluster, started_by, "RUNNING", tasks);
    const bool has_all =
        std::ranges::all_of(wanted, [&](const auto& group) { return tasks.contains(group); });
    if (added && !has_all) added = add_tasks(client, cluster, started_by, "STOPPED", tasks);
    if (!added && added.error().code == "ClusterNotFoundException") return TasksByGroup{};
    if (!added) return std::unexpected(std::move(added).error());
    return tasks;
}

asio::awaitable<void> stop_orphans(FargateContext* context, std::vector<std::string> arns) {
    for (const auto& arn : arns) {
        log::warn("task {} belongs to no attempt: it is stopped", arn);
        const auto stopped =
            co_await context->ask([cluster = context->options.cluster, arn](aws::Client& client) {
                return aws::stop_task(client, cluster, arn, "batchd knows no attempt of it");
            });
        if (context->stopping) co_return;
        if (!stopped) log::warn("task {}: {}", arn, stopped.error().text());
    }
}

std::vector<std::string> orphans_of(const TasksByGroup& tasks, const Fleet& fleet) {
    std::set<std::string> known;
    for (const auto& attempt : fleet.all()) known.insert(task_group(attempt->id()));
    std::vector<std::string> arns;
    for (const auto& [group, task] : tasks) {
        if (!known.contains(group) && !is_stopped(task)) arns.push_back(task.arn);
    }
    return arns;
}

void settle(const Unplaced& entry, const TasksByGroup& tasks) {
    const auto found = tasks.find(task_group(entry.attempt->id()));
    if (found != tasks.end()) {
        entry.attempt->adopt(found->second);
    } else if (entry.was_running) {
        entry.attempt->lose();
    } else {
        entry.attempt->launch();
    }
}

}  // namespace

asio::awaitable<void> adopt_tasks(FargateContext* context, Fleet* fleet,
                                  std::vector<Unplaced> attempts) {
    std::set<std::string> wanted;
    for (const auto& entry : attempts) wanted.insert(task_group(entry.attempt->id()));
    net::RetryDelay pause(context->options.first_pause, context->options.longest_pause);
    while (!context->stopping) {
        const auto tasks = co_await context->ask([context, &wanted](aws::Client& client) {
            return find_tasks(client, context->options.cluster, context->started_by, wanted);
        });
        if (context->stopping) co_return;
        if (tasks) {
            for (const auto& entry : attempts) settle(entry, *tasks);
            co_await stop_orphans(context, orphans_of(*tasks, *fleet));
            co_return;
        }
        log::warn("tasks on Fargate: {}", tasks.error().text());
        if (attempts.empty() && !may_work_later(tasks.error())) co_return;  // not used, it seems
        asio::steady_timer timer(context->strand, pause.next());
        co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

}  // namespace batchd::runtime

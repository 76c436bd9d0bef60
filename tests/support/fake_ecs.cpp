#include "support/fake_ecs.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace batchd::testing {
namespace {

using Json = nlohmann::json;

constexpr std::chrono::minutes kPatience{1};
constexpr double kStartedAt = 1'700'000'000.5;
constexpr double kStoppedAt = 1'700'000'060;

Json container_of(const std::string& name, const std::optional<int>& exit_code) {
    Json container{{"name", name}, {"lastStatus", exit_code ? "STOPPED" : "PENDING"}};
    if (exit_code) container["exitCode"] = *exit_code;
    return container;
}

Json task_json(const FakeEcs::Task& task) {
    Json json{{"taskArn", task.arn},
              {"group", task.group},
              {"startedBy", task.started_by},
              {"lastStatus", task.status},
              {"containers", Json::array()}};
    if (task.has_started) json["startedAt"] = kStartedAt;
    if (!task.stop_code.empty()) json["stopCode"] = task.stop_code;
    if (!task.stopped_reason.empty()) json["stoppedReason"] = task.stopped_reason;
    if (task.status == "STOPPED") json["stoppedAt"] = kStoppedAt;
    for (const auto& [name, code] : task.exit_codes) {
        json["containers"].push_back(container_of(name, code));
    }
    return json;
}

FakeAws::Answer json(const Json& body) { return FakeAws::json(body.dump()); }

}  // namespace

FakeEcs::FakeEcs() : fake_([this](const FakeAws::Request& request) { return answer(request); }) {
    fake_.add_key({.access_key_id = "AKIDTEST", .secret_access_key = "test-secret"});
}

int FakeEcs::count(const std::string& operation) const {
    const std::scoped_lock lock(mutex_);
    const auto found = calls_.find(operation);
    return found == calls_.end() ? 0 : found->second;
}

void FakeEcs::refuse_next(const std::string& operation, FakeAws::Answer answer) {
    const std::scoped_lock lock(mutex_);
    refusals_[operation] = std::move(answer);
}

void FakeEcs::lose_next(const std::string& operation, int times) {
    const std::scoped_lock lock(mutex_);
    losses_[operation] = times;
}

FakeEcs::Task FakeEcs::wait_task(const std::string& group) {
    std::unique_lock lock(mutex_);
    const auto found = [&] { return std::ranges::find(tasks_, group, &Task::group); };
    EXPECT_TRUE(changed_.wait_for(lock, kPatience, [&] { return found() != tasks_.end(); }));
    return found() == tasks_.end() ? Task{} : *found();
}

bool FakeEcs::wait_calls(const std::string& operation, int times) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return calls_[operation] >= times; });
}

bool FakeEcs::wait_stop_asked(const std::string& group) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] {
        const auto found = std::ranges::find(tasks_, group, &Task::group);
        return found != tasks_.end() && found->is_stop_asked;
    });
}

FakeEcs::Task& FakeEcs::find(const std::string& group) {
    const auto found = std::ranges::find(tasks_, group, &Task::group);
    if (found == tasks_.end()) throw std::runtime_error("no task " + group);
    return *found;
}

void FakeEcs::run(const std::string& group) {
    wait_task(group);
    const std::scoped_lock lock(mutex_);
    find(group).status = "RUNNING";
    find(group).has_started = true;
}

void FakeEcs::stop(const std::string& group, const std::string& stop_code,
                   const std::string& reason,
                   std::map<std::string, std::optional<int>> exit_codes) {
    wait_task(group);
    const std::scoped_lock lock(mutex_);
    Task& task = find(group);
    task.status = "STOPPED";
    task.stop_code = stop_code;
    task.stopped_reason = reason;
    task.exit_codes = std::move(exit_codes);
}

void FakeEcs::exit(const std::string& group, int code) {
    stop(group, "EssentialContainerExited", "Essential container in task exited",
         {{"default", code}});
}

void FakeEcs::forget(const std::string& group) {
    wait_task(group);
    const std::scoped_lock lock(mutex_);
    find(group).is_unknown = true;
}

void FakeEcs::add_task(const std::string& group, const std::string& started_by) {
    const std::scoped_lock lock(mutex_);
    has_cluster_ = true;
    Task task{.arn = fmt::format("arn:aws:ecs:eu-west-1:1:task/c/{:032x}", tasks_.size()),
              .group = group,
              .started_by = started_by};
    task.status = "RUNNING";
    task.has_started = true;
    task.request = Json::object();
    tasks_.push_back(std::move(task));
}

void FakeEcs::write_log(const std::string& stream, std::int64_t time_ms,
                        const std::string& message) {
    const std::scoped_lock lock(mutex_);
    logs_[stream].emplace_back(time_ms, message);
}

std::vector<FakeEcs::Task> FakeEcs::tasks() const {
    const std::scoped_lock lock(mutex_);
    return tasks_;
}

std::vector<Json> FakeEcs::definitions() const {
    const std::scoped_lock lock(mutex_);
    return definitions_;
}

FakeAws::Answer FakeEcs::answer(const FakeAws::Request& request) {
    const std::scoped_lock lock(mutex_);
    ++calls_[request.operation];
    FakeAws::Answer answer;
    if (auto refusal = refusals_.extract(request.operation)) {
        answer = std::move(refusal.mapped());
    } else {
        answer = carry_out(request.operation, Json::parse(request.body));
        if (losses_[request.operation] > 0) {
            --losses_[request.operation];
            answer.lost = true;
        }
    }
    changed_.notify_all();
    return answer;
}

FakeAws::Answer FakeEcs::carry_out(const std::string& operation, const Json& body) {
    if (operation == "CreateCluster") {
        has_cluster_ = true;
        return json({{"cluster", {{"clusterArn", "arn:aws:ecs:eu-west-1:1:cluster/c"}}}});
    }
    if (operation == "CreateLogGroup") return FakeAws::json("");
    if (operation == "GetLogEvents") return get_log_events(body);
    if (operation == "RegisterTaskDefinition") {
        definitions_.push_back(body);
        const auto arn = fmt::format("arn:aws:ecs:eu-west-1:1:task-definition/{}:{}",
                                     body["family"].get<std::string>(), definitions_.size());
        return json({{"taskDefinition", {{"taskDefinitionArn", arn}}}});
    }
    if (operation == "DeregisterTaskDefinition") return json(Json::object());
    if (!has_cluster_) return FakeAws::json_error("ClusterNotFoundException", "Cluster not found.");
    if (operation == "RunTask") return run_task(body);
    if (operation == "DescribeTasks") return json(describe_tasks(body));
    if (operation == "ListTasks") return json(list_tasks(body));
    if (operation == "StopTask") return stop_task(body);
    return FakeAws::json_error("UnknownOperationException", operation);
}

FakeAws::Answer FakeEcs::run_task(const Json& body) {
    for (const auto& task : tasks_) {
        if (task.request.value("clientToken", "") != body.value("clientToken", "-")) continue;
        if (task.request != body) {
            return FakeAws::json_error("ConflictException", "another request had that token");
        }
        return json({{"tasks", {task_json(task)}}, {"failures", Json::array()}});
    }
    Task task{.arn = fmt::format("arn:aws:ecs:eu-west-1:1:task/c/{:032x}", tasks_.size()),
              .group = body.value("group", ""),
              .started_by = body.value("startedBy", ""),
              .family = body.value("taskDefinition", ""),
              .request = body};
    tasks_.push_back(std::move(task));
    return json({{"tasks", {task_json(tasks_.back())}}, {"failures", Json::array()}});
}

Json FakeEcs::describe_tasks(const Json& body) const {
    EXPECT_LE(body["tasks"].size(), 100U);
    Json answer{{"tasks", Json::array()}, {"failures", Json::array()}};
    for (const auto& arn : body["tasks"]) {
        const auto task = std::ranges::find(tasks_, arn.get<std::string>(), &Task::arn);
        if (task == tasks_.end() || task->is_unknown) {
            answer["failures"].push_back({{"arn", arn}, {"reason", "MISSING"}});
        } else {
            answer["tasks"].push_back(task_json(*task));
        }
    }
    return answer;
}

Json FakeEcs::list_tasks(const Json& body) const {
    Json arns = Json::array();
    const bool wants_stopped = body.value("desiredStatus", "RUNNING") == "STOPPED";
    for (const auto& task : tasks_) {
        const bool is_stopped = task.status == "STOPPED";
        if (task.is_unknown || is_stopped != wants_stopped) continue;
        if (task.started_by == body.value("startedBy", "")) arns.push_back(task.arn);
    }
    return {{"taskArns", std::move(arns)}};
}

FakeAws::Answer FakeEcs::stop_task(const Json& body) {
    const auto task = std::ranges::find(tasks_, body["task"].get<std::string>(), &Task::arn);
    if (task == tasks_.end()) {
        return FakeAws::json_error("InvalidParameterException",
                                   "The referenced task was not found.");
    }
    task->is_stop_asked = true;
    return json({{"task", task_json(*task)}});
}

/// Tokens are "f/" and how many events were read.
FakeAws::Answer FakeEcs::get_log_events(const Json& body) const {
    const auto stream = logs_.find(body["logStreamName"].get<std::string>());
    if (stream == logs_.end()) {
        return FakeAws::json_error("ResourceNotFoundException", "The log stream does not exist.");
    }
    const std::string token = body.value("nextToken", "f/0");
    const auto from = body.value("startTime", std::int64_t{0});
    Json events = Json::array();
    auto at = static_cast<std::size_t>(std::stoul(token.substr(2)));
    for (; at < stream->second.size(); ++at) {
        const auto& [time, message] = stream->second[at];
        if (time >= from) events.push_back({{"timestamp", time}, {"message", message}});
    }
    return json({{"events", std::move(events)}, {"nextForwardToken", fmt::format("f/{}", at)}});
}

}  // namespace batchd::testing

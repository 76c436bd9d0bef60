#include "runtime/fargate/attempt.hpp"

#include "batchd/net/retry_delay.hpp"
#include "runtime/fargate/task_outcome.hpp"
#include "runtime/outcome.hpp"

#include <algorithm>

namespace batchd::runtime {

namespace asio = boost::asio;

namespace {

constexpr const char* kNeverStarted = "TaskNotStarted: it was stopped before it began";

}  // namespace

FargateAttempt::FargateAttempt(FargateContext& context, Cluster& cluster, ports::StartAttempt start,
                               Owner owner)
    : context_(context),
      cluster_(cluster),
      start_(std::make_shared<const ports::StartAttempt>(std::move(start))),
      owner_(std::move(owner)),
      wake_(context.strand),
      reading_(context.strand, 1),
      log_pause_(context.options.read_logs) {}

void FargateAttempt::launch() {
    is_starting_ = true;
    context_.spawn(start_task());
}

asio::awaitable<void> FargateAttempt::start_task() {
    const auto self = shared_from_this();
    const SteadyTime give_up_at = context_.steady_now() + context_.options.start_limit;
    net::RetryDelay pause(context_.options.first_pause, context_.options.longest_pause);
    while (!context_.stopping) {
        if (is_unwanted()) {
            report_ended(failed_to_start(kNeverStarted, std::nullopt, context_.clock.now()));
            break;
        }
        const auto task = co_await try_start();
        if (context_.stopping) co_return;
        if (task) {
            place(*task);
            break;
        }
        // While there may be a task that nobody answered for, only the same token finds it.
        const bool is_late = context_.steady_now() >= give_up_at && !may_have_task_;
        if (!may_work_later(task.error()) || is_late) {
            report_ended(not_started(task.error(), context_.clock.now()));
            break;
        }
        log::debug("attempt {}: no task yet: {}", to_string(id()), task.error().text());
        if (!is_unwanted()) co_await wake_.wait_for(pause.next());
    }
    is_starting_ = false;
    if (is_forgotten_) gone();
}

asio::awaitable<aws::Outcome<aws::Task>> FargateAttempt::try_start() {
    const auto region = co_await cluster_.ready();
    if (!region) co_return std::unexpected(region.error());
    if (!plan_) {
        plan_ = plan_task(*start_, *region);
        plan_->request.cluster = context_.options.cluster;
        plan_->request.started_by = context_.started_by;
    }
    const auto defined = co_await cluster_.define(*plan_);
    if (!defined) co_return std::unexpected(defined.error());
    auto task = co_await run_task();
    if (!task && task.error().code == "ClusterNotFoundException") {
        cluster_.lost();
        const auto made = co_await cluster_.ready();
        if (made) task = co_await run_task();
    }
    cluster_.release(*plan_, task || may_work_later(task.error()));
    co_return task;
}

asio::awaitable<aws::Outcome<aws::Task>> FargateAttempt::run_task() {
    may_have_task_ = true;
    auto task = co_await context_.ask(
        [request = plan_->request](aws::Client& client) { return aws::run_task(client, request); });
    if (!task) may_have_task_ = !is_refusal(task.error());
    co_return task;
}

void FargateAttempt::place(const aws::Task& task) {
    arn_ = task.arn;
    placed_at_ = context_.steady_now();
    next_look = placed_at_ + context_.options.look_at_changing;
    for (std::size_t i = 0; i < start_->task.containers.size(); ++i) {
        if (auto stream = log_stream(*start_, i, arn_)) {
            logs_.push_back(std::make_shared<LogFollower>(context_.logs, model::LogId(id(), i),
                                                          *std::move(stream)));
        }
    }
    if (is_stopping_ || is_forgotten_) context_.spawn(stop_task());
    if (!is_forgotten_) owner_.on_changed();
}

void FargateAttempt::adopt(const aws::Task& task) {
    if (is_over()) return;
    place(task);
    see(task);
}

void FargateAttempt::lose() {
    if (!is_over()) report_ended(task_missing(context_.clock.now()));
}

void FargateAttempt::stop() {
    if (is_stopping_ || outcome_ || is_ending_) return;
    is_stopping_ = true;
    wake_.notify_all();
    if (arn_.empty()) return;
    context_.spawn(stop_task());
    owner_.on_changed();
}

/// Until it is done: a task that nobody stops costs money.
asio::awaitable<void> FargateAttempt::stop_task() {
    const auto self = shared_from_this();
    net::RetryDelay pause(context_.options.first_pause, context_.options.longest_pause);
    while (!context_.stopping && !is_ending_) {
        const auto stopped = co_await context_.ask(
            [cluster = context_.options.cluster, arn = arn_](aws::Client& client) {
                return aws::stop_task(client, cluster, arn, "Stopped by batchd");
            });
        if (stopped || context_.stopping) break;
        log::warn("attempt {}: its task cannot be stopped: {}", to_string(id()),
                  stopped.error().text());
        if (!may_work_later(stopped.error())) break;
        co_await wake_.wait_for(pause.next());
    }
    if (is_forgotten_) gone();
}

void FargateAttempt::forget() {
    if (!outcome_) {
        abandon();
        return;
    }
    is_forgotten_ = true;
    gone();
}

void FargateAttempt::abandon() {
    if (is_forgotten_) return;
    is_forgotten_ = true;
    wake_.notify_all();
    if (outcome_ || is_ending_) {
        gone();
    } else if (!arn_.empty()) {
        context_.spawn(stop_task());
    } else if (!is_starting_) {
        gone();
    }
}

void FargateAttempt::tell_again() const {
    if (started_at_) context_.events.attempt_started(id(), arn_, *started_at_, "");
    if (outcome_) context_.events.attempt_ended(id(), *outcome_);
}

void FargateAttempt::shutdown() { wake_.notify_all(); }

void FargateAttempt::see(const aws::Task& task) {
    if (!is_watched()) return;
    const bool is_stopped = task.last_status == "STOPPED" || task.last_status == "DELETED";
    if (task.last_status == "RUNNING" || has_run(task)) report_started(task);
    if (!is_stopped) return;
    is_ending_ = true;
    wake_.notify_all();
    context_.spawn(end(outcome_of(task, *start_, context_.clock.now())));
}

void FargateAttempt::see_missing() {
    if (!is_watched()) return;
    // A new one is not yet known everywhere.
    if (context_.steady_now() < placed_at_ + context_.options.missing_limit) return;
    is_ending_ = true;
    wake_.notify_all();
    context_.spawn(end(task_missing(context_.clock.now())));
}

void FargateAttempt::report_started(const aws::Task& task) {
    if (started_at_) return;
    started_at_ = task.started.value_or(context_.clock.now());
    context_.events.attempt_started(id(), arn_, *started_at_, "");
    next_read = context_.steady_now() + context_.options.read_logs;
    owner_.on_changed();
}

/// Its output first: whoever hears of the end finds all of it.
asio::awaitable<void> FargateAttempt::end(ports::AttemptOutcome outcome) {
    const auto self = shared_from_this();
    const auto turn = co_await reading_.take();
    if (context_.stopping) co_return;
    if (started_at_) {
        co_await context_.ask([logs = logs_](aws::Client& client) {
            for (const auto& log : logs) log->finish(client);
            return true;
        });
    }
    if (!context_.stopping) report_ended(std::move(outcome));
}

void FargateAttempt::report_ended(ports::AttemptOutcome outcome) {
    if (is_forgotten_) return;
    outcome_ = std::move(outcome);
    context_.events.attempt_ended(id(), *outcome_);
}

asio::awaitable<void> FargateAttempt::read_logs() {
    const auto self = shared_from_this();
    const auto turn = co_await reading_.take();
    if (is_over() || is_ending_) co_return;
    const bool is_new = co_await context_.ask([logs = logs_, id = id()](aws::Client& client) {
        bool any = false;
        for (const auto& log : logs) {
            const auto read = log->read(client);
            if (!read) log::debug("attempt {}: {}", to_string(id), read.error().text());
            any = any || read.value_or(false);
        }
        return any;
    });
    const auto& options = context_.options;
    log_pause_ = is_new ? options.read_logs : std::min(log_pause_ * 2, options.read_idle_logs);
    next_read = context_.steady_now() + log_pause_;
}

void FargateAttempt::gone() {
    if (auto on_gone = std::exchange(owner_.on_gone, {})) on_gone();
}

}  // namespace batchd::runtime

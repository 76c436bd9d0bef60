#include "runtime/fargate/fleet.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>

namespace batchd::runtime {

namespace asio = boost::asio;

namespace {

using Attempts = std::vector<std::shared_ptr<FargateAttempt>>;

constexpr std::size_t kTasksPerCall = 100;

/// While there is nothing to wait for; a notice ends it.
constexpr Milliseconds kLongWait{60'000};

Milliseconds until(SteadyTime time) {
    return std::chrono::ceil<Milliseconds>(time - FargateContext::steady_now());
}

std::vector<std::string> arns_of(const Attempts& attempts) {
    std::vector<std::string> arns;
    for (const auto& attempt : attempts) arns.push_back(attempt->arn());
    return arns;
}

}  // namespace

Fleet::Fleet(FargateContext& context)
    : context_(context),
      cluster_(context),
      look_(context.strand),
      read_(context.strand),
      trouble_(context.options.first_pause, context.options.longest_pause) {}

void Fleet::run() {
    context_.spawn(look_at_tasks());
    context_.spawn(read_logs());
}

std::shared_ptr<FargateAttempt> Fleet::find(const model::AttemptId& id) const {
    const auto found = attempts_.find(id);
    return found == attempts_.end() ? nullptr : found->second;
}

std::shared_ptr<FargateAttempt> Fleet::add(ports::StartAttempt start) {
    const auto id = start.id;
    auto attempt = std::make_shared<FargateAttempt>(
        context_, cluster_, std::move(start),
        FargateAttempt::Owner{.on_gone = [this, id] { attempts_.erase(id); },
                              .on_changed =
                                  [this] {
                                      look_.notify_all();
                                      read_.notify_all();
                                  }});
    attempts_.emplace(id, attempt);
    return attempt;
}

Attempts Fleet::all() const {
    Attempts list;
    for (const auto& [id, attempt] : attempts_) list.push_back(attempt);
    return list;
}

void Fleet::shutdown() {
    for (const auto& attempt : all()) attempt->shutdown();
    look_.notify_all();
    read_.notify_all();
}

asio::awaitable<void> Fleet::look_at_tasks() {
    while (!context_.stopping) {
        Milliseconds wait = kLongWait;
        auto some = due_for_a_look(wait);
        if (some.empty()) {
            co_await look_.wait_for(wait);
        } else {
            co_await look_at(std::move(some));
        }
    }
}

/// Those whose time has come, and as many more as a call takes at no further cost.
Attempts Fleet::due_for_a_look(Milliseconds& wait) const {
    Attempts watched;
    for (const auto& [id, attempt] : attempts_) {
        if (attempt->is_watched()) watched.push_back(attempt);
    }
    std::ranges::sort(watched, {}, &FargateAttempt::next_look);
    const SteadyTime now = context_.steady_now();
    const auto due = static_cast<std::size_t>(std::ranges::count_if(
        watched, [&](const auto& attempt) { return attempt->next_look <= now; }));
    if (due == 0) {
        if (!watched.empty()) wait = until(watched.front()->next_look);
        return {};
    }
    const std::size_t calls = (due + kTasksPerCall - 1) / kTasksPerCall;
    watched.resize(std::min(watched.size(), calls * kTasksPerCall));
    return watched;
}

asio::awaitable<void> Fleet::look_at(Attempts some) {
    const auto tasks = co_await context_.ask(
        [cluster = context_.options.cluster, arns = arns_of(some)](aws::Client& client) {
            return aws::describe_tasks(client, cluster, arns);
        });
    if (context_.stopping) co_return;
    if (!tasks) {
        log::warn("tasks on Fargate: {}", tasks.error().text());
        const auto next = context_.steady_now() + trouble_.next();
        for (const auto& attempt : some) attempt->next_look = next;
        co_return;
    }
    trouble_.reset();
    for (const auto& attempt : some) {
        const auto task = std::ranges::find(tasks->found, attempt->arn(), &aws::Task::arn);
        if (task != tasks->found.end()) {
            attempt->see(*task);
        } else {
            attempt->see_missing();
        }
        attempt->next_look = context_.steady_now() + pause_after_look(*attempt);
    }
}

Milliseconds Fleet::pause_after_look(const FargateAttempt& attempt) const {
    if (attempt.is_changing()) return context_.options.look_at_changing;
    const auto hundreds = (attempts_.size() + kTasksPerCall - 1) / kTasksPerCall;
    return context_.options.look_at_running * std::max<std::size_t>(1, hundreds);
}

/// One task after the other, those that wait longest first.
asio::awaitable<void> Fleet::read_logs() {
    while (!context_.stopping) {
        const auto next = next_to_read();
        if (!next) {
            co_await read_.wait_for(kLongWait);
        } else if (next->next_read > context_.steady_now()) {
            co_await read_.wait_for(until(next->next_read));
        } else {
            co_await next->read_logs();
            if (context_.stopping) co_return;
            asio::steady_timer pause(context_.strand, context_.options.between_log_reads);
            co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
        }
    }
}

std::shared_ptr<FargateAttempt> Fleet::next_to_read() const {
    std::shared_ptr<FargateAttempt> next;
    for (const auto& [id, attempt] : attempts_) {
        if (!attempt->has_logs()) continue;
        if (!next || attempt->next_read < next->next_read) next = attempt;
    }
    return next;
}

}  // namespace batchd::runtime

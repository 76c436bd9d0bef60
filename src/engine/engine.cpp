#include "batchd/engine/engine.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace batchd::engine {
namespace {

/// Under steady load housekeeping gets a few milliseconds this often.
constexpr Milliseconds kLongestUntended{50};

/// nullopt: it says nothing about what was to be launched. What nobody has a name for is as if
/// there were no capacity: it is asked for again in minutes.
std::optional<core::OfferError> offer_error(ports::LaunchFailure::Kind kind) {
    using Kind = ports::LaunchFailure::Kind;
    switch (kind) {
        case Kind::Capacity:
        case Kind::Other:
            return core::OfferError::Capacity;
        case Kind::Quota:
            return core::OfferError::Quota;
        case Kind::Unsupported:
            return core::OfferError::Unsupported;
        case Kind::Configuration:
            break;
    }
    return std::nullopt;
}

}  // namespace

Engine::Engine(Machine& machine, const Clock& clock) : machine_(machine), clock_(clock) {}

Engine::~Engine() { stop(); }

void Engine::run() {
    thread_ = std::thread([this] { loop(); });
}

void Engine::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
}

void Engine::execute(core::Event event, std::move_only_function<void(Result<core::Reply>)> done) {
    push({.event = std::move(event), .done = std::move(done)});
}

void Engine::execute_together(std::vector<core::Event> events,
                              std::move_only_function<void(Replies)> done) {
    struct Answers {
        Replies replies;
        std::move_only_function<void(Replies)> done;
    };
    const std::size_t count = events.size();
    auto answers = std::make_shared<Answers>();
    answers->done = std::move(done);
    answers->replies.reserve(count);
    std::vector<Input> inputs;
    inputs.reserve(count);
    for (auto& event : events) {
        inputs.push_back(
            {.event = std::move(event), .done = [answers, count](Result<core::Reply> reply) {
                 answers->replies.push_back(std::move(reply));
                 if (answers->replies.size() < count) return;
                 answers->done(std::move(answers->replies));
             }});
    }
    push(std::move(inputs));
}

void Engine::inspect(Look look) {
    {
        const std::lock_guard lock(mutex_);
        looks_.push_back(std::move(look));
    }
    wake_.notify_one();
}

void Engine::host_up(std::string host, model::Resources capacity, std::vector<std::string> gpus) {
    push({.event =
              core::HostUp{.host = std::move(host), .capacity = capacity, .gpus = std::move(gpus)},
          .done = {}});
}

void Engine::host_down(std::string host, std::string reason) {
    push({.event = core::HostDown{.host = std::move(host), .reason = std::move(reason)},
          .done = {}});
}

void Engine::host_leaving(std::string host, std::optional<Timestamp> at) {
    push({.event = core::InstanceLeaving{.id = std::move(host), .at = at}, .done = {}});
}

void Engine::attempt_started(model::AttemptId id, std::string container_id, Timestamp started_at,
                             std::string address) {
    push({.event = core::AttemptStarted{.id = id,
                                        .container_id = std::move(container_id),
                                        .started_at = started_at,
                                        .containers{},
                                        .address = std::move(address)},
          .done = {}});
}

void Engine::attempt_ended(model::AttemptId id, model::AttemptOutcome outcome) {
    push({.event = core::AttemptEnded{.id = id, .outcome = std::move(outcome)}, .done = {}});
}

void Engine::launched(std::int64_t decision, ports::LaunchResult result) {
    core::InstancesLaunched event{
        .decision = decision, .instances = std::move(result.instances), .failure = {}};
    if (result.failure) {
        event.failure = core::InstancesLaunched::Failure{
            .offer = offer_error(result.failure->kind),
            .is_configuration = result.failure->kind == ports::LaunchFailure::Kind::Configuration,
            .pools = std::move(result.failure->pools),
            .message = std::move(result.failure->message)};
    }
    push({.event = std::move(event), .done = {}});
}

void Engine::instance_ready(std::string id, model::Host host) {
    push({.event = core::InstanceReady{.id = std::move(id), .host = std::move(host)}, .done = {}});
}

void Engine::offers_refreshed(std::vector<model::InstanceType> types,
                              std::optional<std::vector<model::SpotPrice>> spot_prices) {
    push({.event = core::OffersRefreshed{.types = std::move(types),
                                         .spot_prices = std::move(spot_prices)},
          .done = {}});
}

void Engine::provider_reachable(std::string trouble) {
    push({.event = core::ProviderReachable{.trouble = std::move(trouble)}, .done = {}});
}

void Engine::instance_gone(std::string id, std::string reason) {
    push({.event = core::InstanceGone{.id = std::move(id), .reason = std::move(reason)},
          .done = {}});
}

void Engine::push(Input input) {
    {
        const std::lock_guard lock(mutex_);
        if (!stopping_) {
            inbox_.push_back(std::move(input));
            if (inbox_.size() == 1) wake_.notify_one();
            return;
        }
    }
    if (input.done) input.done(fail(ErrorKind::Unavailable, "the daemon is shutting down"));
}

/// They are in the inbox together, so that one step takes them all.
void Engine::push(std::vector<Input> inputs) {
    {
        const std::lock_guard lock(mutex_);
        if (!stopping_) {
            std::ranges::move(inputs, std::back_inserter(inbox_));
            wake_.notify_one();
            return;
        }
    }
    for (auto& input : inputs) {
        input.done(fail(ErrorKind::Unavailable, "the daemon is shutting down"));
    }
}

void Engine::loop() {
    Timestamp tend_at = clock_.now();
    Timestamp tended_at = tend_at;
    std::unique_lock lock(mutex_);
    while (true) {
        const auto deadline = machine_.next_deadline();
        const auto is_awake = [&] { return stopping_ || !inbox_.empty() || !looks_.empty(); };
        const auto until = deadline ? std::min(*deadline, tend_at) : tend_at;
        if (const auto wait = until - clock_.now(); wait > Milliseconds{0}) {
            wake_.wait_for(lock, wait, is_awake);
        }
        std::vector<Input> inputs = std::exchange(inbox_, {});
        std::vector<Look> looks = std::exchange(looks_, {});
        const bool last = stopping_;
        lock.unlock();
        const Timestamp now = clock_.now();
        const bool is_idle = inputs.empty() && looks.empty() && (!deadline || now < *deadline);
        if (!is_idle || last) machine_.step(std::move(inputs), now);
        for (auto& look : looks) look(machine_.state());
        if (last) return;
        if (now >= tend_at && (is_idle || now - tended_at >= kLongestUntended)) {
            tend_at = machine_.tend(now);
            tended_at = clock_.now();
        }
        lock.lock();
    }
}

}  // namespace batchd::engine

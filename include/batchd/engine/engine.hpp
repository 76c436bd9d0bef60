// The engine's thread: it owns the live state and the writing connection to the store.
//
// All that waits when the thread wakes is decided and committed together (group commit): the busier
// the daemon, the larger the batch, the fewer fsyncs per job.
#pragma once

#include "batchd/base/time.hpp"
#include "batchd/engine/machine.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace batchd::engine {

class Engine final : public ports::RuntimeEvents, public ports::CapacityEvents {
  public:
    /// The references must outlive the engine.
    Engine(Machine& machine, const Clock& clock);
    ~Engine() override;
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    /// Starts the thread. Machine::start must have succeeded.
    void run();
    /// Decides what was handed over before, then ends the thread. Requests after it are answered
    /// with Unavailable.
    void stop();

    /// Any thread. `done` is called once, on the engine's thread, when the answer is durable; it
    /// must not block.
    void execute(core::Event event, std::move_only_function<void(Result<core::Reply>)> done);

    using Replies = std::vector<Result<core::Reply>>;
    /// The same for several events, decided in their order and committed in one transaction. Each
    /// is accepted or refused on its own; a failed commit refuses all. `events` is not empty.
    void execute_together(std::vector<core::Event> events,
                          std::move_only_function<void(Replies)> done);

    /// Any thread. For what is not published: `look` is called once, with the state after a commit;
    /// it must not block.
    void inspect(Look look);

    std::shared_ptr<const View> view() const { return machine_.published().get(); }
    const Catalog& catalog() const { return machine_.catalog(); }

    // ports::RuntimeEvents
    void host_up(std::string host, model::Resources capacity,
                 std::vector<std::string> gpus) override;
    void host_down(std::string host, std::string reason) override;
    void host_leaving(std::string host, std::optional<Timestamp> at) override;
    void attempt_started(model::AttemptId id, std::string container_id, Timestamp started_at,
                         std::string address) override;
    void attempt_ended(model::AttemptId id, model::AttemptOutcome outcome) override;

    // ports::CapacityEvents
    void launched(std::int64_t decision, ports::LaunchResult result) override;
    void instance_ready(std::string id, model::Host host) override;
    void offers_refreshed(std::vector<model::InstanceType> types,
                          std::optional<std::vector<model::SpotPrice>> spot_prices) override;
    void provider_reachable(std::string trouble) override;
    void instance_gone(std::string id, std::string reason) override;

  private:
    void push(Input input);
    void push(std::vector<Input> inputs);
    void loop();

    Machine& machine_;
    const Clock& clock_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::vector<Input> inbox_;
    std::vector<Look> looks_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace batchd::engine

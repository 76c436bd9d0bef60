// One step of the engine, without a thread: decide, persist, act, answer.
//
// Owned by one thread at a time. Engine drives it with a thread and a clock, the simulation
// without.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/core/core.hpp"
#include "batchd/engine/view.hpp"
#include "batchd/ports/capacity_provider.hpp"
#include "batchd/ports/container_runtime.hpp"
#include "batchd/ports/event_sink.hpp"
#include "batchd/ports/store.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace batchd::engine {

/// An event and who waits for its answer. `done` is called once, after the commit; empty for news
/// that nobody waits for.
struct Input {
    core::Event event;
    std::move_only_function<void(Result<core::Reply>)> done;
};

/// Looks at the live state, on the engine's thread between two steps; short.
using Look = std::move_only_function<void(const core::State&)>;

class HeadWatch;

class Machine {
  public:
    struct Options {
        core::Policy policy;
        model::InstanceCatalogue catalogue = {};
        std::vector<std::string> hosts;  ///< names; every environment uses them
    };

    /// The references must outlive the machine.
    Machine(Options options, ports::Store& store, std::vector<ports::EventSink*> sinks);
    ~Machine();

    /// Who carries out what is decided; each must outlive the machine.
    struct Adapters {
        ports::ContainerRuntime& runtime;
        ports::CapacityProvider& capacity;
    };

    /// Loads the stored state and hands the attempts under way to the runtime, launches and
    /// instances to the provider of capacity. On an empty database it makes compute environment
    /// `local`, with `first_uuid` as its uuid, and job queue `default`. Call it before step().
    Result<> start(Adapters adapters, Timestamp now, const std::string& first_uuid);

    /// Decides all inputs, commits their changes in one transaction, then publishes, answers and
    /// acts. If the commit fails, every answer is Unavailable and nothing has happened; from then
    /// on writes are refused until the store takes them again, and the state is rebuilt from it.
    void step(std::vector<Input> inputs, Timestamp now);

    /// When step() has to be called even without inputs.
    std::optional<Timestamp> next_deadline() const;

    /// A few milliseconds of the store's housekeeping, between two steps. Gives the time of the
    /// next one: `now` if there is more to do.
    Timestamp tend(Timestamp now);

    const PublishedView& published() const { return published_; }
    const Catalog& catalog() const { return catalog_; }
    const core::State& state() const { return state_; }

  private:
    Result<> load();
    Result<> make_defaults(Timestamp now, const std::string& uuid);
    Result<> adopt();
    void adopt_instances();
    void launch(core::LaunchInstances launch);
    ports::CapacityProvider::OpenLaunch request_of(core::LaunchInstances launch) const;
    void stop_writing(const Error& why);
    bool recover();
    void refuse(std::vector<Input>& inputs);
    Result<> expect_never_stored(const model::JobId& id);
    Result<> look_up(const model::Dependency& dependency, core::SubmitJob& submit);
    Result<> look_up(const model::SubmissionKey& key,
                     std::optional<model::RecentSubmission>& stored);
    Result<> prepare(core::Event& event);
    void remember_host(const core::Event& event);
    /// `new_jobs`: of the same step, in the order of their seq.
    void act(std::vector<core::Action> actions, std::span<const model::JobInsert> new_jobs);
    void start_container(core::StartContainer start, std::span<const model::JobInsert> new_jobs);
    Result<std::shared_ptr<const model::JobSpec>> spec_of(
        std::int64_t seq, std::span<const model::JobInsert> new_jobs);
    Result<ports::StartAttempt> describe(const core::StartContainer& start,
                                         std::span<const model::JobInsert> new_jobs);
    std::optional<ports::FargatePlacement> fargate_placement(
        const core::StartContainer& start) const;
    void tell_sinks(core::Decision& decision);
    void end_undescribed(const model::AttemptId& id, const Error& error);
    void publish();
    /// The view before the failed commit, marked: the state holds what was not stored.
    void publish_refusal();

    Options options_;
    ports::Store& store_;
    ports::ContainerRuntime* runtime_ = nullptr;
    ports::CapacityProvider* capacity_ = nullptr;
    std::vector<ports::EventSink*> sinks_;
    core::State state_;
    PublishedView published_;
    Catalog catalog_;
    std::unordered_map<std::string, core::Event> host_news_;  ///< the last HostUp or HostDown each
    /// Of attempts that were handed to the runtime and have not been told to run yet.
    std::unordered_map<model::AttemptId, std::vector<model::ContainerResult>> containers_;
    std::unique_ptr<HeadWatch> head_watch_;
    std::vector<Input> own_inputs_;  ///< what the machine tells itself; decided in the next step
    Timestamp now_{};                ///< of the step under way
    std::string not_writable_reason_;
    std::optional<Timestamp> next_probe_;  ///< set while writes are refused
};

}  // namespace batchd::engine

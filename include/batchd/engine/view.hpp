// What the engine publishes for readers: immutable values, exchanged whole. Any thread.
#pragma once

#include "batchd/core/state.hpp"
#include "batchd/model/changes.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace batchd::engine {

/// RUNNABLE jobs of one shape in one queue.
struct WaitingView {
    core::Shape shape;
    std::int64_t jobs = 0;
    std::string unserved = {};  ///< why the last scaling plan makes no room for them, if so
};

/// What a fair-share queue lets its active shares have.
struct ReservationView {
    MilliVcpu used;
    MilliVcpu usable;
};

/// A consumable resource that jobs hold or wait for.
struct ConsumableView {
    bool exists = false;
    std::int64_t total = 0;
    std::int64_t in_use = 0;
};

struct QueueView {
    std::int64_t id = 0;
    std::string name;
    std::string state;
    std::string status;
    std::int32_t priority = 0;
    std::array<std::int64_t, model::kJobStatusCount> counts{};
    std::vector<std::size_t> environments;  ///< places in View::environments, in order of use
    std::vector<WaitingView> waiting;
    std::optional<Timestamp> oldest_runnable;    ///< createdAt of the oldest job at a bucket's head
    std::optional<ReservationView> reservation;  ///< if part of the capacity is kept back
    std::optional<model::QueuePause> pause;
    std::int32_t max_running = 0;  ///< 0: no limit
};

struct EnvironmentView {
    std::string name;
    std::string uuid;
    std::string state;
    std::string status;
    bool is_open = false;  ///< takes jobs
    bool fargate = false;
    std::vector<std::size_t> hosts;  ///< places in View::hosts: its own, else the local ones
    bool has_own_hosts = false;
    bool is_elastic = false;         ///< its hosts are launched by plan
    std::optional<MilliVcpu> limit;  ///< maxvCpus of a MANAGED environment
    MilliVcpu used;
};

struct HostView {
    std::string name;
    std::shared_ptr<const model::HostRow> row;  ///< of an environment's own host; empty: local
    std::string environment;                    ///< whose own it is
    bool is_fargate = false;                    ///< no Docker Engine
    bool takes_attempts = false;
    bool is_up = false;
    bool is_known = false;  ///< told its capacity at least once
    std::string down_reason;
    model::Resources capacity;
    model::Resources used;
    std::int64_t running = 0;  ///< attempts
};

/// The state after a step; a client that got a reply finds its own write in the view.
struct View {
    std::vector<QueueView> queues;
    std::vector<EnvironmentView> environments;
    std::vector<HostView> hosts;
    std::map<std::string, ConsumableView> consumables;  ///< by name
    std::string capacity_trouble;  ///< why nothing can be launched at the moment, if so
    bool is_writable = true;
    std::string not_writable_reason;  ///< why writes are refused

    /// nullptr if there is no such queue.
    const QueueView* find_queue(const std::string& name) const;
    const EnvironmentView* find_environment(const std::string& name) const;

    /// How much of a consumable resource jobs hold.
    std::int64_t in_use(const std::string& consumable) const;

    /// Why RUNNABLE jobs of this shape wait in this queue: AWS's code where it has one, then a
    /// sentence with numbers (codes: docs/api.md). Never empty. Composed when somebody asks, so
    /// that publishing costs the same for a queue in which thousands of shapes wait.
    std::string waiting_reason(const QueueView& queue, const core::Shape& shape) const;
};

View view_of(const core::State& state, Timestamp now);

/// The newest View.
class PublishedView {
  public:
    std::shared_ptr<const View> get() const {
        const std::lock_guard lock(mutex_);
        return view_;
    }
    void set(std::shared_ptr<const View> view) {
        const std::lock_guard lock(mutex_);
        view_ = std::move(view);
    }

  private:
    mutable std::mutex mutex_;
    std::shared_ptr<const View> view_ = std::make_shared<View>();
};

/// The active job definitions, for those who resolve a SubmitJob.
class Catalog {
  public:
    /// The given revision, or without one the highest active; nullopt if there is none.
    std::optional<model::DefinitionRow> find(const std::string& name,
                                             std::optional<std::int32_t> revision) const;

    void apply(const std::vector<model::DefinitionRow>& changes);
    void reset(const std::vector<model::DefinitionRow>& active);

  private:
    mutable std::shared_mutex mutex_;
    std::unordered_map<std::string, std::map<std::int32_t, model::DefinitionRow>> active_;
};

}  // namespace batchd::engine

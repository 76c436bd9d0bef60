// One container of an attempt, as the attempt sees it.
#pragma once

#include "batchd/ports/container_runtime.hpp"
#include "runtime/sandbox.hpp"

#include <memory>
#include <optional>
#include <string>

namespace batchd::runtime {

/// The attempt that the container belongs to. Called on the strand.
class ContainerOwner {
  public:
    virtual ~ContainerOwner() = default;
    /// The container started or ended; it may still be inside the call that made it so.
    virtual void container_changed() = 0;
    /// It was forgotten, and nothing is left of it.
    virtual void container_gone() = 0;
    /// The attempt cannot run in a slot here, but in a container of its own; `may_exist`: that may
    /// be there. Nothing more is told of the one that says so.
    virtual void slot_declined(bool may_exist) = 0;
};

/// Calls on the strand.
class TaskContainer {
  public:
    virtual ~TaskContainer() = default;

    /// Nothing is created or started before may_start().
    virtual void launch() = 0;
    /// As launch, but the container may be there already; `was_running`: it must be.
    virtual void adopt(bool was_running) = 0;
    /// What the container waits for has happened. `sandbox`: prepared; null if the task has none.
    virtual void may_start(std::shared_ptr<Sandbox> sandbox) = 0;
    virtual void stop(Seconds grace) = 0;
    virtual void forget() = 0;
    /// The engine knows nothing of it any more: removes the container without a word.
    virtual void abandon() = 0;
    virtual void shutdown() = 0;

    virtual bool is_allowed_to_start() const = 0;
    virtual const std::string& container_id() const = 0;
    virtual const std::optional<Timestamp>& started_at() const = 0;
    /// Of a node of a multi-node job, once it runs: where the others reach it.
    virtual const std::string& address() const = 0;
    /// As if it were the only container; set once it ended, or can not start any more.
    virtual const std::optional<ports::AttemptOutcome>& outcome() const = 0;
};

}  // namespace batchd::runtime

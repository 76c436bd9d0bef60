// How attempts on Fargate end, in AWS Batch's words. Pure.
#pragma once

#include "batchd/aws/ecs.hpp"
#include "batchd/ports/container_runtime.hpp"

namespace batchd::runtime {

/// Of a task that is STOPPED. A task that Fargate Spot took back says so in its status reason, by
/// which evaluateOnExit can tell it.
ports::AttemptOutcome outcome_of(const aws::Task& task, const ports::StartAttempt& start,
                                 Timestamp now);

/// Whether its containers really ran, or some of them.
bool has_run(const aws::Task& task);

/// RunTask, or what it needs, did not work and will not.
ports::AttemptOutcome not_started(const aws::ApiError& error, Timestamp now);

/// ECS does not know the task any more.
ports::AttemptOutcome task_missing(Timestamp now);

/// Whether the same call may work later. `Other` is what AWS says of a wrong request, too.
bool may_work_later(const aws::ApiError& error);

/// Whether AWS has said that it did nothing.
bool is_refusal(const aws::ApiError& error);

}  // namespace batchd::runtime

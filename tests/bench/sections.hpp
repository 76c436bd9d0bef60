// The parts of the bench. Each starts what it needs and stops it again.
#pragma once

#include "batchd.hpp"
#include "report.hpp"

namespace batchd::bench {

/// Decisions alone: how the time of dependencies and of a pass grows.
Result<> measure_engine(const Setup& setup, Report& report);

/// Durable SubmitJob over HTTP, against the bare server; then that every acknowledged job is in the
/// database of a daemon that was killed.
Result<> measure_submit(const Setup& setup, Report& report);

/// DescribeJobs and ListJobs with 100,000 jobs stored while submits go on.
Result<> measure_reads(const Setup& setup, Report& report);

/// A million jobs wait and 10,000 end a minute: what dashboards wait for at 200 requests a second,
/// and that the scheduler goes on as without them.
Result<> measure_dashboards(const Setup& setup, Report& report);

/// Searches over a million jobs that have ended, and what their index costs submits.
Result<> measure_search(const Setup& setup, Report& report);

/// From SubmitJob to the Engine's start call, on an idle daemon.
Result<> measure_start_latency(const Setup& setup, Report& report);

/// 1,000 clients of the event feed: their cost at rest, and how soon an event reaches them all.
Result<> measure_events(const Setup& setup, Report& report);

/// 200,000 jobs from SubmitJob, jobs:batch and arrays to SUCCEEDED, without containers.
Result<> measure_throughput(const Setup& setup, Report& report);

/// A million jobs that wait, single ones and children of arrays: memory, CPU at rest, a restart,
/// and SubmitJob beside them.
Result<> measure_million(const Setup& setup, Report& report);

/// Time and memory of a job with 10,000, 100,000 and a million of them.
Result<> measure_growth(const Setup& setup, Report& report);

/// 1,000 hosts, simulated, with 20,000 attempts: at rest, and while they end.
Result<> measure_hosts(const Setup& setup, Report& report);

/// No-op containers against a client that only creates, starts, waits and removes. Starts a private
/// dockerd, which takes root.
Result<> measure_containers(const Setup& setup, Report& report);

/// The scaling plan's cost against a lower bound and against best fit, and how long it takes. Needs
/// no daemon.
Result<> measure_scaling(const Setup& setup, Report& report);

}  // namespace batchd::bench

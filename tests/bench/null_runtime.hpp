// The daemon with a runtime that starts no containers: what is left is batchd's own cost of a job.
#pragma once

#include "batchd.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>

namespace batchd::bench {

/// The argument by which this program becomes that daemon.
inline constexpr const char* kNullDaemon = "null-daemon";

/// main of the process: `null-daemon MILLISECONDS serve …`, from `serve` on as batchd itself takes
/// it. The host `local` has room for 100,000 jobs of one vCPU, other hosts are not known. An
/// attempt starts at once and ends with 0 after so many milliseconds, or with 143 when it is
/// stopped.
int serve_null(int argc, char** argv);

/// As `setup`, with this daemon in the place of batchd.
Setup with_null_runtime(Setup setup, std::chrono::milliseconds run_time = {});

/// How often a daemon of that kind waited for the disk, after its end; `folder` is that of its
/// data.
Result<std::int64_t> syncs_of(const std::filesystem::path& folder);

}  // namespace batchd::bench

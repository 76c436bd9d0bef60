// What the Docker Engine answers, and how its JSON is read. Pure; any thread. Members that are
// missing or of a strange type keep their default: Engines differ, and people's containers too.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/base/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace batchd::docker {

/// What an Engine can do, from /info.
struct EngineInfo {
    std::int64_t cpus = 0;
    std::int64_t memory_bytes = 0;
    std::vector<std::string> log_drivers;
    std::string server_version;
    bool live_restore = false;  ///< its containers outlive it
    /// Ids of the GPUs that the Engine was told of as node-generic-resources of the kind GPU or
    /// NVIDIA-GPU, each once; indices where it was told a number only.
    std::vector<std::string> gpus{};
    std::vector<std::string> runtimes{};  ///< OCI runtimes that a container may ask for
    bool has_selinux = false;
    std::string architecture{};  ///< as uname has it
};

struct ContainerState {
    std::string id;
    std::string image_id;
    std::string status;  ///< created, running, paused, restarting, removing, exited, dead
    bool oom_killed = false;
    std::int32_t exit_code = 0;
    std::string error;                     ///< why it could not start
    std::optional<Timestamp> started_at;   ///< never, if not set
    std::optional<Timestamp> finished_at;  ///< never, if not set
    std::string address = {};              ///< in its network; empty: none
};

struct ContainerSummary {
    std::string id;
    std::string name;  ///< without the leading slash
    std::string state;
    std::string host;  ///< of the label batchd.host
};

/// How an instance tells that it will be taken away: its own watcher creates a container of this
/// name and the seconds since 1970 at which that will be. It never runs.
inline constexpr std::string_view kLeavingNotice = "batchd-leaving-";

struct VolumeSummary {
    std::string name;
    std::string host;  ///< of the label batchd.host
};

/// What a running container uses.
struct ContainerStats {
    std::int64_t memory_bytes = 0;  ///< the most that the Engine knows of, else what it is now
    std::int64_t cpu_ns = 0;        ///< since the container started, of all its processes
};

/// What an image says of how to run it.
struct ImageConfig {
    std::vector<std::string> entrypoint;
    std::vector<std::string> command;
    std::string stop_signal;  ///< name or number; empty: SIGTERM
};

struct Event {
    std::string action;  ///< create, start, oom, die, destroy, ...
    std::string container_id;
    std::string name;                       ///< the container's
    std::optional<std::int32_t> exit_code;  ///< of `die`
    std::int64_t time_ns = 0;
};

// Internal ("not what an Engine answers") if the text is not JSON of the right shape.
Result<EngineInfo> parse_info(std::string_view text);
Result<ContainerState> parse_inspect(std::string_view text);
Result<std::vector<ContainerSummary>> parse_list(std::string_view text);
Result<std::vector<VolumeSummary>> parse_volumes(std::string_view text);
/// Where the files of a volume are on the Engine's host; NotFound if they are nowhere there.
Result<std::string> parse_volume_path(std::string_view text);
Result<ImageConfig> parse_image(std::string_view text);
Result<Event> parse_event(std::string_view line);
/// Memory as `docker stats` counts it, without the part of the page cache that is first to go; with
/// cgroup v1 the kernel's own maximum, which counts all of the cache. NotFound if the container
/// does not run: the answer is all zeros then.
Result<ContainerStats> parse_stats(std::string_view text);
/// The Id of a create answer.
Result<std::string> parse_created(std::string_view text);

/// The error that a line of a pull's progress carries, if it does.
std::optional<std::string> pull_error(std::string_view line);

/// The error of an answer with this status: its JSON `message`, else the start of its text.
/// 400 InvalidArgument, 404 NotFound, 409 Conflict, 429 Throttled, 502 to 504 Unavailable, else
/// Internal.
Error engine_error(int status, std::string_view body);

/// RFC 3339 in UTC with up to nine decimals, as nanoseconds since the epoch; nullopt for other
/// text.
std::optional<std::int64_t> parse_time_ns(std::string_view text);

}  // namespace batchd::docker

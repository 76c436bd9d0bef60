// The daemon's configuration: one plain struct, checked as a whole before anything starts. Any
// thread.
//
// Four sources, later ones win: the defaults below, a TOML file, BATCHD_SECTION__KEY environment
// variables, command line flags. docs/configuration.md lists every key; src/config/keys.cpp is
// where one is added.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/base/time.hpp"
#include "batchd/base/units.hpp"
#include "batchd/model/host.hpp"
#include "batchd/model/limits.hpp"
#include "batchd/model/webhook.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace batchd::config {

/// What may happen while the first job of a queue waits for room.
enum class SchedulerOrder {
    Backfill,  ///< later jobs that fit now may start
    Strict,    ///< nothing overtakes it, as AWS Batch does
};

/// On what MANAGED compute environments run.
enum class ComputeProvider {
    Auto,   ///< Aws if a region and keys are found when the daemon starts, else Local
    Local,  ///< the local Docker Engine
    Aws,
};

struct Http {
    std::string listen = "127.0.0.1:8080";
    std::int64_t threads = 2;
    std::int64_t max_header_bytes = 16'384;
    std::int64_t max_body_bytes = 8'388'608;
    std::int64_t max_connections = 4096;
    Seconds idle_timeout{75};
    Seconds request_timeout{20};
    std::vector<std::string> allowed_hosts;
    bool allow_unauthenticated = false;
};

struct Daemon {
    std::string data_dir = "data";
    std::string region = "us-east-1";
    std::string account = "123456789012";
    std::int64_t readers = 2;
};

struct Log {
    std::string level = "info";
    std::string format = "text";
};

struct Docker {
    std::string host = "unix:///var/run/docker.sock";
    std::string cert_dir;
    std::string network_mode = "bridge";
    bool lean_networks = true;
    std::string runtime;  ///< empty: the Engine's default
    std::int64_t max_concurrent_starts = 4;
    Seconds stats{10};              ///< 0: off
    std::int64_t vcpus = 0;         ///< 0: what the Engine reports
    MiB memory;                     ///< 0: what the Engine reports
    std::vector<std::string> gpus;  ///< empty: what the Engine reports
    bool allow_plain_tcp = false;
};

/// A [[hosts]] table.
struct Host {
    std::string environment;
    model::Host document;
};

struct Registry {
    std::string server;
    std::string username;
    std::string password;
};

struct Containers {
    bool allow_privileged = false;
    std::vector<std::string> allowed_host_paths;
    std::vector<std::string> allowed_devices;
};

struct Secrets {
    std::string file;
    std::string environment_prefix = "BATCHD_SECRET_";
    std::vector<std::string> command;
    bool aws = true;
};

/// What is empty is looked for as AWS's SDKs do.
struct Aws {
    std::string region;
    std::string profile;
    std::string endpoint_url;
    std::vector<std::string> endpoint_urls;  ///< "ec2=http://127.0.0.1:5000"
    std::int64_t max_attempts = 4;
    Seconds connect_timeout{5};
    Seconds timeout{60};
};

struct Scheduler {
    SchedulerOrder order = SchedulerOrder::Backfill;
    Seconds reserve_after{60};
    std::int64_t infrastructure_retries = 3;
};

/// MANAGED compute environments and their instances.
struct Compute {
    ComputeProvider provider = ComputeProvider::Auto;
    bool public_addresses = false;
    Seconds idle{300};
    Seconds boot_timeout{600};
    std::string ecs_cluster;  ///< empty: one named after the data folder's instance
    Seconds local_boot{0};    ///< of the make-believe instances on the local Engine
};

/// Where AWS's rules for job definitions may be left.
struct Definitions {
    Seconds inactive_grace{0};
    bool dedupe_revisions = false;
};

/// How long ended jobs and INACTIVE job definitions are kept. Ages are as parse_age takes them;
/// "0": for ever.
struct Retention {
    std::string succeeded = "0";
    std::string failed = "0";
    std::vector<std::string> queues;  ///< "NAME succeeded=AGE failed=AGE"
    std::string inactive_definitions = "0";
    std::int64_t max_database_mib = 0;  ///< 0: no limit
};

/// The event feed and its webhooks.
struct Events {
    std::int64_t keep = 1'000'000;
    Seconds keep_time = std::chrono::hours{24 * 30};
    Seconds heartbeat{15};
    Seconds webhook_timeout{10};
    Seconds webhook_give_up = std::chrono::hours{24};
};

/// Each limit that no source sets is the profile's.
struct Limits : model::Limits {
    std::string profile = "batchd";  ///< or aws
};

struct Config {
    Http http;
    Daemon daemon;
    Log log;
    Docker docker;
    std::vector<Registry> registries;
    std::vector<Host> hosts;
    std::vector<model::Webhook> webhooks;
    Containers containers;
    Secrets secrets;
    Aws aws;
    Scheduler scheduler;
    Compute compute;
    Definitions definitions;
    Retention retention;
    Events events;
    Limits limits;
};

/// One setting given as text: a TOML value, or, for a key that holds a string, the bare string.
struct Override {
    std::string origin;  ///< stands before the problem, such as "--listen"
    std::string key;     ///< such as "http.listen"
    std::string text;
};

struct Sources {
    std::optional<std::filesystem::path> file;
    std::map<std::string, std::string> environment;  ///< all of it; foreign names are ignored
    std::vector<Override> flags;
};

/// InvalidArgument lists every problem of every source, one a line: where, key, rule, value.
/// NotFound or Unavailable if the file cannot be read.
Result<Config> load(const Sources& sources);

/// The configuration as a TOML file that loads to the same values, except that passwords are
/// replaced by "********".
std::string to_toml(const Config& config);

/// A checked `http.listen`, taken apart.
struct ListenAddress {
    std::string address;  ///< IPv4 or IPv6, without brackets
    std::uint16_t port = 0;
    bool loopback = false;
};

/// nullopt unless `text` is "ADDRESS:PORT" with an IP address, an IPv6 one in brackets.
std::optional<ListenAddress> parse_listen(std::string_view text);

/// As parse_duration, and "0" for ever.
std::optional<Seconds> parse_age(std::string_view text);

/// An entry of `retention.queues`, taken apart; what it does not name is as for all queues.
struct QueueRetention {
    std::string queue;
    std::optional<Seconds> succeeded;
    std::optional<Seconds> failed;
};

/// nullopt unless `text` is a name and at least one of succeeded=AGE and failed=AGE.
std::optional<QueueRetention> parse_queue_retention(std::string_view text);

/// A key as docs/configuration.md shows it.
struct KeyDoc {
    std::string name;           ///< "http.listen"; "registries[].server" in an array of tables
    std::string type;           ///< "string", "integer", "boolean" or "list of strings"
    std::string default_value;  ///< as TOML; empty for a key that must be given
    std::string rule;           ///< which values are allowed
    std::string meaning;
    std::string environment;  ///< the variable that overrides it; empty if none does
};

/// All keys, in the order of the file.
std::vector<KeyDoc> documentation();

}  // namespace batchd::config

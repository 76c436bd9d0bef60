#include "batchd/config/config.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <utility>

namespace batchd::config {
namespace {

/// A TOML file of its own, removed at the end.
class TomlFile {
  public:
    explicit TomlFile(const std::string& text) {
        std::string pattern = testing::TempDir() + "batchd-config-XXXXXX";
        const int fd = mkstemp(pattern.data());
        EXPECT_GE(fd, 0);
        close(fd);
        path_ = pattern;
        std::ofstream(path_) << text;
    }
    ~TomlFile() { std::filesystem::remove(path_); }
    TomlFile(const TomlFile&) = delete;
    TomlFile& operator=(const TomlFile&) = delete;

    Sources sources() const { return {.file = path_, .environment = {}, .flags = {}}; }
    /// "<path>:<line>: "
    std::string at(int line) const { return path_.string() + ":" + std::to_string(line) + ": "; }

  private:
    std::filesystem::path path_;
};

std::string error_of(const Sources& sources) {
    const auto config = load(sources);
    return config ? "no error" : config.error().message;
}

std::string error_with_environment(const std::string& variable, const std::string& value) {
    return error_of({.file = {}, .environment = {{variable, value}}, .flags = {}});
}

TEST(Config, NothingGivenMeansTheDefaults) {
    const auto config = load({});
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(to_toml(*config), to_toml(Config{}));
    EXPECT_EQ(config->http.listen, "127.0.0.1:8080");
    EXPECT_EQ(config->http.idle_timeout, Seconds{75});
}

TEST(Config, AFileSetsEveryTypeOfKey) {
    const TomlFile file(R"(
[http]
threads = 4
idle_timeout_seconds = 5
allow_unauthenticated = true
allowed_hosts = ["batch.example.com", "ci"]
[docker]
host = "tcp://10.0.0.1:2376"
memory_mib = 2048
[scheduler]
order = "strict"
[[registries]]
server = "registry.example.com"
username = "ci"
password = "hunter2"
)");
    const auto config = load(file.sources());
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->http.threads, 4);
    EXPECT_EQ(config->http.idle_timeout, Seconds{5});
    EXPECT_TRUE(config->http.allow_unauthenticated);
    EXPECT_EQ(config->http.allowed_hosts, (std::vector<std::string>{"batch.example.com", "ci"}));
    EXPECT_EQ(config->docker.host, "tcp://10.0.0.1:2376");
    EXPECT_EQ(config->docker.memory, MiB{2048});
    EXPECT_EQ(config->scheduler.order, SchedulerOrder::Strict);
    ASSERT_EQ(config->registries.size(), 1U);
    EXPECT_EQ(config->registries[0].password, "hunter2");
}

TEST(Config, FlagsOverrideTheEnvironmentWhichOverridesTheFile) {
    const TomlFile file("[http]\nthreads = 3\nmax_connections = 7\nlisten = \"127.0.0.1:1\"\n");
    Sources sources = file.sources();
    sources.environment = {{"BATCHD_HTTP__MAX_CONNECTIONS", "8"},
                           {"BATCHD_HTTP__LISTEN", "127.0.0.1:2"}};
    sources.flags = {{.origin = "--listen", .key = "http.listen", .text = "[::1]:3"}};
    const auto config = load(sources);
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->http.threads, 3);
    EXPECT_EQ(config->http.max_connections, 8);
    EXPECT_EQ(config->http.listen, "[::1]:3");
}

TEST(Config, EnvironmentValuesAreTomlOrBareStrings) {
    const auto config = load(
        {.file = {},
         .environment = {{"BATCHD_DAEMON__ACCOUNT", "000000000000"},
                         {"BATCHD_DAEMON__DATA_DIR", "\"quoted\""},
                         {"BATCHD_SCHEDULER__ORDER", "strict"},
                         {"BATCHD_COMPUTE__PROVIDER", "aws"},
                         {"BATCHD_CONTAINERS__ALLOW_PRIVILEGED", "true"},
                         {"BATCHD_CONTAINERS__ALLOWED_DEVICES", "[\"/dev/fuse\", \"/dev/kvm\"]"},
                         {"BATCHD_PORT", "a variable of the scripts"},
                         {"HOME", "/"}},
         .flags = {}});
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->daemon.account, "000000000000");
    EXPECT_EQ(config->daemon.data_dir, "quoted");
    EXPECT_EQ(config->scheduler.order, SchedulerOrder::Strict);
    EXPECT_EQ(config->compute.provider, ComputeProvider::Aws);
    EXPECT_TRUE(config->containers.allow_privileged);
    EXPECT_EQ(config->containers.allowed_devices,
              (std::vector<std::string>{"/dev/fuse", "/dev/kvm"}));
}

TEST(Config, VariablesThatHoldSecretsAreNoKeys) {
    const auto config = load({.file = {},
                              .environment = {{"BATCHD_SECRETS__COMMAND", "[\"vault\", \"get\"]"},
                                              {"BATCHD_SECRETS__FILE", "/run/secrets.toml"},
                                              {"BATCHD_SECRET__DB_PASSWORD", "of /db/password"}},
                              .flags = {}});
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->secrets.command, (std::vector<std::string>{"vault", "get"}));
    EXPECT_EQ(config->secrets.file, "/run/secrets.toml");

    const std::string error =
        error_of({.file = {},
                  .environment = {{"BATCHD_SECRETS__ENVIRONMENT_PREFIX", "BATCHD_JOB"},
                                  {"BATCHD_JOB__DB_PASSWORD", "of /db/password"},
                                  {"BATCHD_SECRET__DB_PASSWORD", "another"}},
                  .flags = {}});
    EXPECT_TRUE(error.starts_with("BATCHD_SECRET__DB_PASSWORD: no such key")) << error;
    EXPECT_FALSE(error.contains("another")) << error;
}

TEST(Config, EveryProblemIsListedWithFileLineKeyAndRule) {
    const TomlFile file(R"([http]
max_body_bytes = "x"
threads = 0
idle_timeout = 5
[dokcer]
host = "unix:///run/docker.sock"
[daemon]
account = "42"
readers = 1.5
[log]
level = "loud"
[containers]
allowed_host_paths = ["/srv", "tmp"]
)");
    Sources sources = file.sources();
    sources.environment = {{"BATCHD_HTTP__THRAEDS", "2"}, {"BATCHD_DOCKER__GPUS", "2"}};
    EXPECT_EQ(
        error_of(sources),
        file.at(2) + "key 'http.max_body_bytes': expected an integer, got \"x\"\n" + file.at(3) +
            "key 'http.threads': must be 1 to 64, got 0\n" + file.at(4) +
            "key 'http.idle_timeout': no such key; did you mean 'http.idle_timeout_seconds'?\n" +
            file.at(5) + "key 'dokcer': no such section; did you mean 'docker'?\n" + file.at(8) +
            "key 'daemon.account': must be 12 digits, as a string, got \"42\"\n" + file.at(9) +
            "key 'daemon.readers': expected an integer, got 1.5\n" + file.at(11) +
            "key 'log.level': must be debug, info, warn or error, got \"loud\"\n" + file.at(13) +
            "key 'containers.allowed_host_paths': must be an absolute path without .., got "
            "\"tmp\"\n"
            "BATCHD_DOCKER__GPUS: key 'docker.gpus': expected a list of strings, got 2\n"
            "BATCHD_HTTP__THRAEDS: no such key; did you mean 'BATCHD_HTTP__THREADS'?");
}

TEST(Config, ASectionOrARegistryOfTheWrongShapeIsRefused) {
    const TomlFile file(R"(log = "info"
registries = ["registry.example.com"]
)");
    EXPECT_EQ(error_of(file.sources()),
              file.at(1) + "key 'log': expected a section of keys, got \"info\"\n" + file.at(2) +
                  "key 'registries': expected [[registries]] tables, each with server, username, "
                  "password");
}

TEST(Config, ARegistryNeedsItsKeysOnceAndItsPasswordIsNeverShown) {
    const TomlFile file(R"([[registries]]
server = "one.example.com"
user = "ci"
password = 12345
[[registries]]
server = "two.example.com"
username = "ci"
password = "hunter2"
[[registries]]
server = "two.example.com"
username = "ci"
password = "hunter2"
)");
    EXPECT_EQ(error_of(file.sources()),
              file.at(1) + "key 'registries[].username': must be given\n" + file.at(3) +
                  "key 'registries[].user': no such key; did you mean 'registries[].username'?\n" +
                  file.at(4) + "key 'registries[].password': must be a text that is not empty\n" +
                  file.at(9) + "key 'registries[].server': 'two.example.com' is there twice");
}

TEST(Config, HostsAreReadWithWhatTheyMayUse) {
    const TomlFile file(R"([[hosts]]
environment = "pool"
name = "gpu-7"
url = "tcp://gpu-7.example.com:2376"
cert_dir = "/etc/batchd/gpu-7"
vcpus = 8
memory_mib = 4096
gpus = ["0"]
labels = { rack = "7" }
)");
    const auto config = load(file.sources());
    ASSERT_TRUE(config) << config.error().message;
    ASSERT_EQ(config->hosts.size(), 1U);
    const auto& [environment, document] = config->hosts[0];
    EXPECT_EQ(environment, "pool");
    EXPECT_EQ(document.certificate_directory, "/etc/batchd/gpu-7");
    EXPECT_EQ(document.memory_mi_b, 4096);
    EXPECT_EQ(document.labels.at("rack"), "7");
    EXPECT_EQ(document.state, std::nullopt);
}

TEST(Config, AHostNeedsItsKeysOnceAndFollowsTheRulesOfHosts) {
    const TomlFile file(R"([[hosts]]
name = "a"
url = 7
cert = "x"
[[hosts]]
environment = "pool"
name = "b"
url = "tcp://10.0.0.1:2375"
[[hosts]]
environment = "pool"
name = "b"
url = "unix:///b"
)");
    const std::string error = error_of(file.sources());
    for (const std::string& line :
         {file.at(1) + "key 'hosts[].environment': must be given",
          file.at(3) + "key 'hosts[].url': must be unix:///path/of/the/socket or tcp://host:port",
          file.at(4) + "key 'hosts[].cert': no such key",
          file.at(5) + "key 'hosts': url 'tcp://10.0.0.1:2375' must not be used without",
          file.at(9) + "key 'hosts[].name': 'b' is there twice"}) {
        EXPECT_TRUE(error.contains(line)) << line << " is not in\n" << error;
    }
    EXPECT_TRUE(load(TomlFile("[docker]\nallow_plain_tcp = true\n[[hosts]]\nenvironment = \"p\"\n"
                              "name = \"b\"\nurl = \"tcp://10.0.0.1:2375\"\n")
                         .sources()));
}

TEST(Config, BrokenTomlIsRefusedWithItsLine) {
    const TomlFile file("[http]\nthreads = \n");
    EXPECT_TRUE(error_of(file.sources()).starts_with(file.at(2) + "not TOML: "))
        << error_of(file.sources());
}

TEST(Config, AMissingFileIsNotFound) {
    const auto config = load({.file = "/nowhere/batchd.toml", .environment = {}, .flags = {}});
    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().kind, ErrorKind::NotFound);
    EXPECT_EQ(config.error().message, "/nowhere/batchd.toml: No such file or directory");
}

TEST(Config, ListeningBeyondLoopbackNeedsPermission) {
    for (const char* address : {"0.0.0.0:8080", "[::]:8080", "192.168.1.2:0"}) {
        const std::string error = error_with_environment("BATCHD_HTTP__LISTEN", address);
        EXPECT_NE(error.find("can run containers"), std::string::npos) << address << ": " << error;
        const auto allowed = load({.file = {},
                                   .environment = {{"BATCHD_HTTP__LISTEN", address},
                                                   {"BATCHD_HTTP__ALLOW_UNAUTHENTICATED", "true"}},
                                   .flags = {}});
        EXPECT_TRUE(allowed) << address << ": " << allowed.error().message;
    }
    for (const char* address : {"127.0.0.1:0", "127.9.9.9:80", "[::1]:8080"}) {
        EXPECT_EQ(error_with_environment("BATCHD_HTTP__LISTEN", address), "no error");
    }
}

TEST(Config, CertificatesNeedATcpHost) {
    EXPECT_EQ(error_with_environment("BATCHD_DOCKER__CERT_DIR", "/etc"),
              "BATCHD_DOCKER__CERT_DIR: key 'docker.cert_dir': has no use with docker.host = "
              "\"unix:///var/run/docker.sock\": certificates are for tcp://");
}

TEST(Config, GpusAreNamedOnceEach) {
    const auto with = [](const std::string& list) {
        return load({.file = {}, .environment = {{"BATCHD_DOCKER__GPUS", list}}, .flags = {}});
    };
    const auto good = with(R"(["GPU-45cbf7b3", "MIG-GPU-4/1/0", "0", "1:2"])");
    ASSERT_TRUE(good) << good.error().message;
    EXPECT_EQ(good->docker.gpus,
              (std::vector<std::string>{"GPU-45cbf7b3", "MIG-GPU-4/1/0", "0", "1:2"}));
    for (const char* bad : {R"(["all"])", R"(["0,1"])", R"(["GPU-1,GPU-2"])", R"([""])"}) {
        EXPECT_FALSE(with(bad)) << bad;
    }
    const auto twice = with(R"(["0", "1", "0"])");
    ASSERT_FALSE(twice);
    EXPECT_EQ(twice.error().message,
              "BATCHD_DOCKER__GPUS: key 'docker.gpus': names a GPU more than once");
}

TEST(Config, TextsThatBreakTheirRuleAreRefused) {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"HTTP__LISTEN", "localhost:8080"},
        {"HTTP__LISTEN", "127.0.0.1"},
        {"HTTP__LISTEN", "127.0.0.1:65536"},
        {"HTTP__LISTEN", "127.0.0.1:"},
        {"HTTP__LISTEN", "::1:8080"},
        {"HTTP__LISTEN", ""},
        {"HTTP__ALLOWED_HOSTS", "[\"http://host\"]"},
        {"DAEMON__DATA_DIR", ""},
        {"DAEMON__REGION", "us east"},
        {"DAEMON__ACCOUNT", "1234567890123"},
        {"LOG__FORMAT", "xml"},
        {"DOCKER__HOST", "/var/run/docker.sock"},
        {"DOCKER__HOST", "unix://run/docker.sock"},
        {"DOCKER__HOST", "tcp://host"},
        {"DOCKER__HOST", "tcp://:2375"},
        {"DOCKER__NETWORK_MODE", "-x"},
        {"DOCKER__NETWORK_MODE", "container:abc"},
        {"CONTAINERS__ALLOWED_HOST_PATHS", "[\"/srv/../etc\"]"},
        {"SECRETS__ENVIRONMENT_PREFIX", "secret-"},
        {"SECRETS__COMMAND", "[\"\"]"},
        {"SCHEDULER__ORDER", "fifo"},
        {"LIMITS__PROFILE", "gcp"},
    };
    for (const auto& [key, value] : cases) {
        const std::string error = error_with_environment("BATCHD_" + key, value);
        EXPECT_NE(error.find("must be"), std::string::npos) << key << "=" << value << ": " << error;
    }
}

TEST(Config, TheDefaultLimitsAreGenerous) {
    const auto config = load({});
    ASSERT_TRUE(config);
    EXPECT_EQ(config->limits.profile, "batchd");
    EXPECT_EQ(config->limits.submit_job_bytes, 1024 * 1024);
    EXPECT_EQ(config->limits.job_queues, 10'000);
}

TEST(Config, TheProfileOfAwsHasItsNumbers) {
    const auto config =
        load({.file = {}, .environment = {{"BATCHD_LIMITS__PROFILE", "aws"}}, .flags = {}});
    ASSERT_TRUE(config) << config.error().message;
    const model::Limits& limits = config->limits;
    EXPECT_EQ(limits.register_job_definition_bytes, 24 * 1024);
    EXPECT_EQ(limits.submit_job_bytes, 30 * 1024);
    EXPECT_EQ(limits.submit_service_job_bytes, 30 * 1024);
    EXPECT_EQ(limits.container_overrides_characters, 8192);
    EXPECT_EQ(limits.array_size, 10'000);
    EXPECT_EQ(limits.depends_on, 20);
    EXPECT_EQ(limits.job_queues, 50);
    EXPECT_EQ(limits.compute_environments, 50);
    EXPECT_EQ(limits.service_environments, 50);
    EXPECT_EQ(limits.consumable_resources, 50'000);
    EXPECT_EQ(limits.active_shares, 500);
}

TEST(Config, ALimitThatIsSetWinsOverTheProfileWhicheverSourceNamesIt) {
    const TomlFile file("[limits]\njob_queues = 7\n");
    Sources sources = file.sources();
    sources.environment = {{"BATCHD_LIMITS__PROFILE", "aws"}, {"BATCHD_LIMITS__DEPENDS_ON", "9"}};
    const auto config = load(sources);
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->limits.job_queues, 7);
    EXPECT_EQ(config->limits.depends_on, 9);
    EXPECT_EQ(config->limits.compute_environments, 50);
}

TEST(Config, ListenAddressesAreTakenApart) {
    const auto v6 = parse_listen("[fe80::1]:443");
    ASSERT_TRUE(v6);
    EXPECT_EQ(v6->address, "fe80::1");
    EXPECT_EQ(v6->port, 443);
    EXPECT_FALSE(v6->loopback);
}

TEST(Config, ShowsWhatLoadsToTheSameValues) {
    Config config;
    config.daemon.data_dir = "a \"quoted\" \\ folder\nwith two lines";
    config.http.allowed_hosts = {"a", "b"};
    config.scheduler.order = SchedulerOrder::Strict;
    config.compute.provider = ComputeProvider::Local;
    config.registries.push_back({.server = "r", .username = "u", .password = "hunter2"});
    config.hosts.push_back({.environment = "pool", .document = {}});
    auto& host = config.hosts[0].document;
    host.name = "h";
    host.url = "tcp://h:1";
    host.certificate_directory = "/a \"folder\"";
    host.gpus = {"0", "1"};
    host.labels = {{"a key", "x"}, {"b", ""}};
    const std::string shown = to_toml(config);
    EXPECT_EQ(shown.find("hunter2"), std::string::npos);
    const auto loaded = load(TomlFile(shown).sources());
    ASSERT_TRUE(loaded) << loaded.error().message << "\n" << shown;
    EXPECT_EQ(loaded->daemon.data_dir, config.daemon.data_dir);
    EXPECT_EQ(to_toml(*loaded), shown);
}

}  // namespace
}  // namespace batchd::config

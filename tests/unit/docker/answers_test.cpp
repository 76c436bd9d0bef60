#include "batchd/docker/answers.hpp"

#include "batchd/docker/image_reference.hpp"

#include <gtest/gtest.h>

namespace batchd::docker {
namespace {

TEST(ParseEvent, ReadsADie) {
    const auto event = parse_event(
        R"({"status":"die","id":"abc","Type":"container","Action":"die","Actor":{"ID":"abc",)"
        R"("Attributes":{"exitCode":"137","name":"batchd-1","batchd.job":"j"}},"scope":"local",)"
        R"("time":1795224950,"timeNano":1795224950925322788})");
    ASSERT_TRUE(event);
    EXPECT_EQ(event->action, "die");
    EXPECT_EQ(event->container_id, "abc");
    EXPECT_EQ(event->name, "batchd-1");
    EXPECT_EQ(event->exit_code, 137);
    EXPECT_EQ(event->time_ns, 1795224950925322788);
}

TEST(ParseEvent, StrangeMembersAreIgnored) {
    const auto event = parse_event(R"({"Action":7,"Actor":[],"timeNano":"x"})");
    ASSERT_TRUE(event);
    EXPECT_EQ(event->action, "");
    EXPECT_EQ(event->exit_code, std::nullopt);
    EXPECT_FALSE(parse_event("<html>"));
    EXPECT_FALSE(parse_event("[]"));
}

TEST(ParseInspect, ReadsTheState) {
    const auto state = parse_inspect(
        R"({"Id":"c1","State":{"Status":"exited","OOMKilled":true,"ExitCode":137,"Error":"",)"
        R"("StartedAt":"2026-11-21T01:35:50.925322788Z","FinishedAt":"0001-01-01T00:00:00Z"}})");
    ASSERT_TRUE(state);
    EXPECT_EQ(state->id, "c1");
    EXPECT_EQ(state->status, "exited");
    EXPECT_TRUE(state->oom_killed);
    EXPECT_EQ(state->exit_code, 137);
    EXPECT_EQ(state->started_at, from_epoch_ms(1795224950925));
    EXPECT_EQ(state->finished_at, std::nullopt) << "the year 1 means never";
}

TEST(ParseList, ReadsNames) {
    const auto list =
        parse_list(R"([{"Id":"a","Names":["/batchd-1"],"State":"running"},{"Id":"b"}])");
    ASSERT_TRUE(list);
    ASSERT_EQ(list->size(), 2U);
    EXPECT_EQ((*list)[0].name, "batchd-1");
    EXPECT_EQ((*list)[0].state, "running");
    EXPECT_EQ((*list)[1].name, "");
    EXPECT_FALSE(parse_list("{}"));
}

// Shortened answers of real Engines.
TEST(ParseStats, TakesTheKernelsMaximumOfCgroup1) {
    const auto stats = parse_stats(
        R"({"read":"2026-11-21T22:46:55.331094405Z","cpu_stats":{"cpu_usage":{)"
        R"("total_usage":237580457,"percpu_usage":[1020152,236560305],)"
        R"("usage_in_kernelmode":220000000,"usage_in_usermode":10000000},"online_cpus":2},)"
        R"("precpu_stats":{"cpu_usage":{"total_usage":0}},"memory_stats":{"usage":108503040,)"
        R"("max_usage":109768704,"stats":{"inactive_file":0,"rss":53248,"total_inactive_file":0,)"
        R"("total_rss":53248},"limit":268435456},"name":"/peaceful_poincare","id":"6df2"})");
    ASSERT_TRUE(stats);
    EXPECT_EQ(stats->memory_bytes, 109768704);
    EXPECT_EQ(stats->cpu_ns, 237580457);
}

TEST(ParseStats, LeavesOutTheInactiveFilesOfCgroup2) {
    const auto stats = parse_stats(
        R"({"cpu_stats":{"cpu_usage":{"total_usage":41286000,"usage_in_kernelmode":17282000,)"
        R"("usage_in_usermode":24004000},"online_cpus":4},"memory_stats":{"usage":7172096,)"
        R"("stats":{"active_anon":2211840,"active_file":114688,"anon":2162688,"file":4231168,)"
        R"("inactive_file":4116480},"limit":8323186688}})");
    ASSERT_TRUE(stats);
    EXPECT_EQ(stats->memory_bytes, 7172096 - 4116480);
    EXPECT_EQ(stats->cpu_ns, 41286000);
}

TEST(ParseStats, WithoutAMaximumCgroup1CountsItsSubGroupsToo) {
    const auto stats =
        parse_stats(R"({"cpu_stats":{"cpu_usage":{"total_usage":1}},"memory_stats":{"usage":1000,)"
                    R"("stats":{"inactive_file":100,"total_inactive_file":300}}})");
    ASSERT_TRUE(stats);
    EXPECT_EQ(stats->memory_bytes, 700);
}

TEST(ParseStats, AContainerThatDoesNotRunHasNone) {
    const auto stats =
        parse_stats(R"({"read":"0001-01-01T00:00:00Z","pids_stats":{},"cpu_stats":{"cpu_usage":)"
                    R"({"total_usage":0,"usage_in_kernelmode":0}},"memory_stats":{}})");
    ASSERT_FALSE(stats);
    EXPECT_EQ(stats.error().kind, ErrorKind::NotFound);
    EXPECT_FALSE(parse_stats("<html>"));
    EXPECT_FALSE(parse_stats(R"({"memory_stats":[],"cpu_stats":{"cpu_usage":"much"}})"));
}

TEST(ParseVolumes, ReadsNamesAndHosts) {
    const auto list = parse_volumes(
        R"({"Volumes":[{"Name":"a","Labels":{"batchd.host":"h"}},{"Name":"b","Labels":null}]})");
    ASSERT_TRUE(list);
    ASSERT_EQ(list->size(), 2U);
    EXPECT_EQ((*list)[0].name, "a");
    EXPECT_EQ((*list)[0].host, "h");
    EXPECT_EQ((*list)[1].host, "");
    EXPECT_TRUE(parse_volumes(R"({"Volumes":null,"Warnings":null})").value().empty());
    EXPECT_FALSE(parse_volumes("[]"));
}

TEST(ParseInfo, ReadsTheGpusThatTheEngineWasToldOf) {
    const auto gpus = [](const std::string& resources) {
        const auto info = parse_info(R"({"GenericResources":)" + resources + "}");
        return info ? info->gpus : std::vector<std::string>{info.error().message};
    };
    using Ids = std::vector<std::string>;
    EXPECT_EQ(gpus(R"([{"NamedResourceSpec":{"Kind":"NVIDIA-GPU","Value":"GPU-b"}},)"
                   R"({"DiscreteResourceSpec":{"Kind":"SSD","Value":3}},)"
                   R"({"NamedResourceSpec":{"Kind":"FPGA","Value":"x"}},)"
                   R"({"NamedResourceSpec":{"Kind":"gpu","Value":"GPU-a"}},)"
                   R"({"NamedResourceSpec":{"Kind":"gpu","Value":"GPU-b"}}])"),
              (Ids{"GPU-b", "GPU-a"}));
    EXPECT_EQ(gpus(R"([{"DiscreteResourceSpec":{"Kind":"GPU","Value":2}}])"), (Ids{"0", "1"}));
    EXPECT_EQ(gpus(R"([{"DiscreteResourceSpec":{"Kind":"GPU","Value":-1}}, 7])"), Ids{});
    EXPECT_EQ(gpus("null"), Ids{});
}

TEST(ParseInfo, ReadsCapacityAndDrivers) {
    const auto info =
        parse_info(R"({"NCPU":2,"MemTotal":4294967296,"Plugins":{"Log":["json-file","fluentd"]},)"
                   R"("ServerVersion":"20.10.24"})");
    ASSERT_TRUE(info);
    EXPECT_EQ(info->cpus, 2);
    EXPECT_EQ(info->memory_bytes, 4294967296);
    EXPECT_EQ(info->log_drivers, (std::vector<std::string>{"json-file", "fluentd"}));
    EXPECT_TRUE(parse_info("{}")) << "an Engine may leave out what it likes";
}

TEST(PullError, IsFoundInsideASuccessfulStream) {
    EXPECT_EQ(pull_error(R"({"status":"Pulling fs layer","progressDetail":{},"id":"a"})"),
              std::nullopt);
    EXPECT_EQ(pull_error(R"({"errorDetail":{"message":"unknown blob"},"error":"unknown blob"})"),
              "unknown blob");
    EXPECT_EQ(pull_error(R"({"error":"only this"})"), "only this");
    EXPECT_EQ(pull_error("not JSON"), std::nullopt);
}

TEST(EngineError, TakesMessageAndKind) {
    const auto missing = engine_error(404, R"({"message":"No such image: x:latest"})");
    EXPECT_EQ(missing.kind, ErrorKind::NotFound);
    EXPECT_EQ(missing.message, "No such image: x:latest");
    const auto html = engine_error(503, "<html>\nmore");
    EXPECT_EQ(html.kind, ErrorKind::Unavailable);
    EXPECT_EQ(html.message, "HTTP status 503: <html>");
    EXPECT_EQ(engine_error(429, "").message, "HTTP status 429");
    EXPECT_EQ(engine_error(429, "").kind, ErrorKind::Throttled);
    EXPECT_EQ(engine_error(500, "{}").kind, ErrorKind::Internal);
}

TEST(ParseTime, TakesNanosecondsAndNothingElse) {
    EXPECT_EQ(parse_time_ns("1970-01-01T00:00:00Z"), 0);
    EXPECT_EQ(parse_time_ns("1970-01-01T00:00:01.5Z"), 1'500'000'000);
    EXPECT_EQ(parse_time_ns("2026-11-21T01:35:50.925322788Z"), 1795224950925322788);
    for (const char* bad :
         {"", "2026-11-21", "2026-13-21T01:35:50Z", "2026-11-21T01:35:50", "2026-11-21T01:35:50.Z ",
          "2026-11-21T01:35:50.9253227881Z", "0001-01-01T00:00:00Z", "2026-11-21T01:35:5xZ",
          "-026-11-21T01:35:50Z"}) {
        EXPECT_EQ(parse_time_ns(bad), std::nullopt) << bad;
    }
}

TEST(ImageReference, FindsTheRegistry) {
    EXPECT_EQ(registry_of("busybox"), "docker.io");
    EXPECT_EQ(registry_of("library/busybox:1"), "docker.io");
    EXPECT_EQ(registry_of("localhost/x"), "localhost");
    EXPECT_EQ(registry_of("registry:5000/x"), "registry:5000");
    EXPECT_EQ(registry_of("ghcr.io/a/b@sha256:0"), "ghcr.io");
}

TEST(ImageAnswer, SaysHowToRunIt) {
    const auto image =
        parse_image(R"({"Config":{"Entrypoint":["/run"],"Cmd":null,"StopSignal":"SIGINT"}})");
    ASSERT_TRUE(image);
    EXPECT_EQ(image->entrypoint, std::vector<std::string>{"/run"});
    EXPECT_TRUE(image->command.empty());
    EXPECT_EQ(image->stop_signal, "SIGINT");
    EXPECT_FALSE(parse_image("[]"));
}

TEST(ImageReference, NeverPullsEveryTag) {
    EXPECT_EQ(with_tag("busybox"), "busybox:latest");
    EXPECT_EQ(with_tag("busybox:1"), "busybox:1");
    EXPECT_EQ(with_tag("registry:5000/x"), "registry:5000/x:latest");
    EXPECT_EQ(with_tag("ghcr.io/a/b@sha256:0"), "ghcr.io/a/b@sha256:0");
}

TEST(ImageReference, LoginIsBase64UrlOfJson) {
    EXPECT_EQ(registry_auth({.username = "u", .password = "p"}, "r.io"),
              "eyJwYXNzd29yZCI6InAiLCJzZXJ2ZXJhZGRyZXNzIjoici5pbyIsInVzZXJuYW1lIjoidSJ9");
    const auto odd = registry_auth({.username = "?~?>>", .password = "\xc3\xbf~~"}, "r.io");
    EXPECT_EQ(odd.find_first_of("+/"), std::string::npos);
}

}  // namespace
}  // namespace batchd::docker

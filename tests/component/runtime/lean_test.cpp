// Containers whose network the OCI runtime makes, and OCI runtimes that a host does not take.
#include "component/runtime/runtime_fixture.hpp"

#include <nlohmann/json.hpp>

#include <set>
#include <unistd.h>

namespace batchd::testing {
namespace {

using Json = nlohmann::json;

class LeanTest : public RuntimeTest {
  protected:
    void TearDown() override {
        RuntimeTest::TearDown();
        remove_volume();
    }
    Json document(const model::AttemptId& id) {
        const auto answer = http_call(
            url(),
            {.method = "GET", .target = "/containers/" + docker::container_name(id) + "/json"});
        return Json::parse(answer ? answer->body : "null", nullptr, false);
    }
    bool is_lean(const model::AttemptId& id) {
        const Json config = document(id).value("Config", Json::object());
        return config.value("NetworkDisabled", false);
    }
    std::string volume() const { return "/volumes/" + docker::hosts_volume(instance_); }
    int volume_status() { return http_call(url(), {.method = "GET", .target = volume()})->status; }
    int remove_volume() {
        return http_call(url(), {.method = "DELETE", .target = volume()})->status;
    }
    /// The lines of a job that came to its end.
    std::vector<std::string> output(const ports::StartAttempt& start) {
        (*runtime_)->start(start);
        const auto outcome = events_.wait_ended(start.id);
        EXPECT_TRUE(outcome && outcome->exit_code == 0)
            << (outcome ? outcome->status_reason + " " + outcome->reason : "no end");
        return logs_.texts(start.id);
    }
};

TEST_F(LeanTest, HasALoopbackAndKnowsIt) {
    boot();
    const auto start = shell("cat /etc/hosts /sys/class/net/lo/operstate; ls /sys/class/net");
    const auto lines = output(start);
    EXPECT_TRUE(is_lean(start.id));
    ASSERT_GE(lines.size(), 3U);
    EXPECT_EQ(lines[0], "127.0.0.1\tlocalhost");
    EXPECT_EQ(lines.back(), "lo") << "and nothing else";
}

TEST_F(LeanTest, NoTwoShareANamespaceAndNoneIsTheHosts) {
    boot();
    std::vector<ports::StartAttempt> starts;
    for (int i = 0; i < 4; ++i) {
        starts.push_back(shell("ls -l /proc/self/ns/net | tail -c 17; exec sleep 600"));
        (*runtime_)->start(starts.back());
    }
    std::set<std::string> namespaces;
    for (const auto& start : starts) {
        ASSERT_TRUE(logs_.wait_lines(start.id, 1));
        namespaces.insert(logs_.texts(start.id).front());
    }
    EXPECT_EQ(namespaces.size(), starts.size());
    char host[64] = {};
    ASSERT_GT(readlink("/proc/self/ns/net", host, sizeof host - 1), 0);
    for (const auto& name : namespaces) EXPECT_FALSE(std::string(host).contains(name)) << name;
}

TEST_F(LeanTest, AJobCannotChangeTheFileThatOthersHave) {
    boot();
    const auto start = shell("echo 1.2.3.4 evil 2>/dev/null >> /etc/hosts || echo refused");
    EXPECT_EQ(output(start), std::vector<std::string>{"refused"});
}

TEST_F(LeanTest, OwnHostsFileIsTheEnginesWay) {
    boot();
    auto start = shell("true");
    start.task.volumes = {
        {.name = "v", .host{{.source_path = "/etc/hostname"}}, .efs_volume_configuration{}}};
    start.task.containers[0].mount_points = {
        {.container_path = "/etc/./hosts", .read_only = true, .source_volume = "v"}};
    output(start);
    EXPECT_FALSE(is_lean(start.id));
}

TEST_F(LeanTest, AVolumeThatSomebodyRemovedIsMadeAgain) {
    boot();
    const auto first = shell("true");
    output(first);
    (*runtime_)->forget(first.id);
    ASSERT_TRUE(eventually([&] { return !inspect(first.id); }));
    ASSERT_EQ(remove_volume(), 204);
    const auto second = shell("cat /etc/hosts");
    EXPECT_GE(output(second).size(), 2U);
    EXPECT_TRUE(is_lean(second.id));
}

TEST_F(LeanTest, OneThatWasCreatedBeforeTheVolumeWentStarts) {
    boot();
    const auto first = shell("true");
    output(first);
    shut_down();
    const auto start = shell("echo late");
    const auto path = http_call(url(), {.method = "GET", .target = volume()});
    const std::string file =
        *docker::parse_volume_path(path->body) + "/" + std::string(docker::kHostsFile);
    const auto body = docker::create_body(
        start, {},
        {.network_mode = "none", .instance = instance_, .log_drivers{}, .hosts_file = file});
    ASSERT_EQ(
        http_call(url(), {.method = "POST",
                          .target = "/containers/create?name=" + docker::container_name(start.id),
                          .body = *body})
            ->status,
        201);
    ASSERT_EQ(remove_volume(), 204);
    boot({{.attempt = start, .was_running = false, .stop_with_grace{}}});
    const auto outcome = events_.wait_ended(start.id);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->exit_code, 0) << outcome->reason;
}

TEST_F(LeanTest, TheVolumeOutlivesTheSearchForOrphans) {
    boot();
    const auto start = shell("true");
    output(start);
    shut_down();
    // An orphan volume shows that the search came by.
    const std::string orphan = "batchd-orphan-" + instance_;
    const Json body{{"Name", orphan},
                    {"Labels", {{docker::kInstanceLabel, instance_}, {docker::kHostLabel, "one"}}}};
    ASSERT_EQ(http_call(url(), {.method = "POST", .target = "/volumes/create", .body = body.dump()})
                  ->status,
              201);
    boot();
    EXPECT_TRUE(eventually([&] {
        return http_call(url(), {.method = "GET", .target = "/volumes/" + orphan})->status == 404;
    }));
    EXPECT_EQ(volume_status(), 200);
}

}  // namespace
}  // namespace batchd::testing

#include "support/docker_engine.hpp"

#include "support/busybox_image.hpp"
#include "support/http_call.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace batchd::testing {
namespace {

using namespace std::chrono_literals;

constexpr const char* kDockerd = "/usr/sbin/dockerd";
constexpr const char* kCrun = "/usr/bin/crun";

void leave_mixed_cgroups() {
    if (unshare(CLONE_NEWNS) != 0) return;
    mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    umount2("/sys/fs/cgroup/unified", MNT_DETACH);
}

void exec_dockerd(const std::string& folder, const std::string& url, bool with_crun) {
    const std::string log = folder + "/log";
    const int file = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(file, 1);
    dup2(file, 2);
    setsid();
    std::vector<std::string> arguments{
        kDockerd, "--iptables=false", "--ip6tables=false", "--bridge=none", "-H",
        url,      "--data-root",      folder + "/data",    "--exec-root",   folder + "/exec",
        "-p",     folder + "/pid"};
    if (with_crun) {
        arguments.insert(arguments.end(), {"--add-runtime", std::string("crun=") + kCrun});
        leave_mixed_cgroups();
    }
    std::vector<char*> pointers;
    for (auto& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    execv(kDockerd, pointers.data());
    _exit(127);
}

bool answers(const std::string& url) {
    const auto pong = http_call(url, {.method = "GET", .target = "/_ping", .timeout = 5s});
    return pong && pong->status == 200;
}

}  // namespace

Result<std::unique_ptr<DockerEngine>> DockerEngine::prepare() {
    if (access(kDockerd, X_OK) != 0) {
        return fail(ErrorKind::NotFound,
                    std::string(kDockerd) + " is missing: scripts/setup installs docker.io");
    }
    char folder[] = "/tmp/bd.XXXXXX";  // short: sockets below it have paths of at most 107 bytes
    if (!mkdtemp(folder)) return fail(ErrorKind::Internal, "mkdtemp failed");
    std::unique_ptr<DockerEngine> engine(new DockerEngine);
    engine->folder_ = folder;
    engine->url_ = "unix://" + engine->folder_ + "/docker.sock";
    return engine;
}

DockerEngine& DockerEngine::shared() {
    static const std::unique_ptr<DockerEngine> engine = [] {
        std::unique_ptr<DockerEngine> made;
        Result<> ready;
        if (const char* url = std::getenv("BATCHD_TEST_DOCKER_HOST")) {
            made.reset(new DockerEngine);
            made->url_ = url;
            ready = made->import_image();
        } else if (auto prepared = prepare()) {
            made = std::move(*prepared);
            ready = made->start();
        } else {
            ready = std::unexpected(prepared.error());
        }
        if (!ready) {
            std::fprintf(stderr, "no Docker Engine for the tests: %s\n",
                         ready.error().message.c_str());
            std::exit(1);
        }
        return made;
    }();
    return *engine;
}

DockerEngine::~DockerEngine() {
    if (folder_.empty()) return;
    stop();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

bool DockerEngine::add_crun() {
    has_crun_ = access(kCrun, X_OK) == 0;
    return has_crun_;
}

Result<> DockerEngine::start() {
    pid_ = fork();
    if (pid_ == 0) exec_dockerd(folder_, url_, has_crun_);
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (!answers(url_)) {
        if (std::chrono::steady_clock::now() > deadline || waitpid(pid_, nullptr, WNOHANG) != 0) {
            return fail(ErrorKind::Unavailable, "dockerd does not start: see " + folder_ + "/log");
        }
        std::this_thread::sleep_for(20ms);
    }
    return import_image();
}

void DockerEngine::stop() { end(SIGTERM); }

void DockerEngine::kill() {
    const std::string pid_file = folder_ + "/exec/containerd/containerd.pid";
    pid_t containerd = 0;
    std::ifstream(pid_file) >> containerd;
    end(SIGKILL);
    if (containerd <= 0) return;
    ::kill(containerd, SIGKILL);
    // Where nobody reaps orphans it would look alive for ever.
    std::filesystem::remove(pid_file);
}

void DockerEngine::end(int signal) {
    if (pid_ <= 0) return;
    ::kill(pid_, signal);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
}

Result<> DockerEngine::import_image() const {
    const auto found = http_call(url_, {.method = "GET", .target = "/images/busybox:latest/json"});
    if (found && found->status == 200) return {};
    auto tar = busybox_image();
    if (!tar) return std::unexpected(tar.error());
    const auto made = http_call(
        url_, {.method = "POST",
               .target = "/images/create?fromSrc=-&repo=busybox&tag=latest&changes=ENV%20PATH=/bin",
               .body = std::move(*tar),
               .content_type = "application/x-tar"});
    if (!made) return std::unexpected(made.error());
    if (made->status != 200 || made->body.find("\"error\"") != std::string::npos) {
        return fail(ErrorKind::Internal, "the image cannot be made: " + made->body);
    }
    return {};
}

}  // namespace batchd::testing

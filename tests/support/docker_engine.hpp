// A real Docker Engine for tests and the bench, in a temporary folder, with the image
// busybox:latest. Networks: none and host.
#pragma once

#include "batchd/base/result.hpp"

#include <memory>
#include <string>
#include <sys/types.h>

namespace batchd::testing {

class DockerEngine {
  public:
    /// A folder for an Engine that does not run yet. Everything goes when the object is destroyed.
    /// The error says what is missing on this machine.
    static Result<std::unique_ptr<DockerEngine>> prepare();

    /// One Engine for the whole process, running; ends with it. If BATCHD_TEST_DOCKER_HOST names
    /// an Engine (unix:///path), that one is used. Ends the process with a message if there is
    /// none.
    static DockerEngine& shared();

    ~DockerEngine();
    DockerEngine(const DockerEngine&) = delete;
    DockerEngine& operator=(const DockerEngine&) = delete;

    /// The next start() gives the Engine crun beside runc, in a mount namespace of its own where
    /// cgroup v2 is not mixed into v1, which crun refuses. False if this machine has no crun.
    bool add_crun();

    /// Starts dockerd, waits until it answers, and makes the image if it is not there.
    Result<> start();
    /// SIGTERM; waits for its end. Containers end with it.
    void stop();
    /// SIGKILL, to dockerd and its containerd: containers go on until the next start() ends them.
    void kill();

    /// unix:///path of its socket, also while it does not run.
    const std::string& url() const { return url_; }

  private:
    DockerEngine() = default;
    Result<> import_image() const;
    void end(int signal);

    std::string folder_;  ///< empty: an Engine that is not ours
    std::string url_;
    bool has_crun_ = false;
    pid_t pid_ = -1;
};

}  // namespace batchd::testing

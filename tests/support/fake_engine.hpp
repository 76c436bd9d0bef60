// A server on a unix socket that says exactly what a test tells it to, right or wrong.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace batchd::testing {

class FakeEngine {
  public:
    /// What a connection is told: raw bytes, sent when a request's head has come.
    struct Reply {
        std::string bytes;
        bool close = false;        ///< hang up after it
        bool keep_silent = false;  ///< no answer at all, until the client hangs up
    };
    /// A head without the empty line at its end. A reply to a request with a body has to close:
    /// bodies are not read.
    using Script = std::function<Reply(const std::string& head)>;

    explicit FakeEngine(Script script);
    ~FakeEngine();

    std::string url() const { return "unix://" + path_; }
    int connections() const { return connections_; }

    /// An answer with a Content-Length.
    static std::string answer(int status, const std::string& body, const std::string& headers = "");

  private:
    void accept_loop();
    void serve(int connection);

    Script script_;
    std::string folder_;
    std::string path_;
    int listener_ = -1;
    std::atomic<int> connections_{0};
    std::thread thread_;
};

}  // namespace batchd::testing

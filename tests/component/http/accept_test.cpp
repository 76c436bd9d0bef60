// A process that has run out of file descriptors goes on accepting when it has some again.
#include "component/http/http_fixture.hpp"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <mutex>
#include <sys/resource.h>

namespace batchd::http {
namespace {

/// Watches the default logger, while it lives, for a line that contains a text.
class LogWatch {
  public:
    explicit LogWatch(std::string_view text) : before_(spdlog::default_logger()) {
        spdlog::set_default_logger(
            std::make_shared<spdlog::logger>("watched", std::make_shared<Sink>(text, seen_)));
    }
    ~LogWatch() { spdlog::set_default_logger(before_); }
    LogWatch(const LogWatch&) = delete;
    LogWatch& operator=(const LogWatch&) = delete;

    bool seen() const { return seen_; }

  private:
    struct Sink final : spdlog::sinks::base_sink<std::mutex> {
        Sink(std::string_view wanted, std::atomic<bool>& flag) : text(wanted), seen(flag) {}
        void sink_it_(const spdlog::details::log_msg& message) override {
            const std::string_view line(message.payload.data(), message.payload.size());
            if (line.find(text) != std::string_view::npos) seen = true;
        }
        void flush_() override {}
        std::string_view text;
        std::atomic<bool>& seen;
    };
    std::atomic<bool> seen_ = false;
    std::shared_ptr<spdlog::logger> before_;
};

/// No descriptor can be opened in this process while it lives.
class NoDescriptors {
  public:
    NoDescriptors() {
        // UBSan opens a pipe when it sees a virtual class for the first time: show it those that
        // the failing accept uses.
        spdlog::warn("expect: {}",
                     boost::system::error_code(EMFILE, boost::system::system_category()).message());
        EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0);
        const rlimit none{.rlim_cur = 0, .rlim_max = before_.rlim_max};
        EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    }
    ~NoDescriptors() { EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before_), 0); }
    NoDescriptors(const NoDescriptors&) = delete;
    NoDescriptors& operator=(const NoDescriptors&) = delete;

  private:
    rlimit before_{};
};

TEST_F(HttpServer, goes_on_accepting_after_it_ran_out_of_descriptors) {
    const LogWatch log(
        "cannot accept HTTP connections");  // outlives the server's threads: stop() below
    start();
    Client before = connect();
    EXPECT_EQ(before.ask(get("/")).status(), 200);
    Client client;
    {
        const NoDescriptors limit;
        client.connect(port_);
        EXPECT_TRUE(eventually([&log] { return log.seen(); }));
    }
    EXPECT_EQ(client.ask(get("/")).status(), 200);
    stop();
}

}  // namespace
}  // namespace batchd::http

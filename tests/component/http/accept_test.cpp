// A process that has run out of file descriptors goes on accepting when it has some again.
#include "component/http/http_fixture.hpp"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <mutex>
#include <sys/resource.h>

namespace batchd::http {
namespace {

/// The default logger's output, while it lives.
class LogWatch {
  public:
    LogWatch() : sink_(std::make_shared<Sink>()), before_(spdlog::default_logger()) {
        spdlog::set_default_logger(std::make_shared<spdlog::logger>("watched", sink_));
    }
    ~LogWatch() { spdlog::set_default_logger(before_); }
    LogWatch(const LogWatch&) = delete;
    LogWatch& operator=(const LogWatch&) = delete;

    bool contains(std::string_view text) const { return sink_->contains(text); }

  private:
    struct Sink final : spdlog::sinks::base_sink<std::mutex> {
        void sink_it_(const spdlog::details::log_msg& message) override {
            text.append(message.payload.data(), message.payload.size());
        }
        void flush_() override {}
        bool contains(std::string_view wanted) {
            const std::lock_guard lock(mutex_);
            return text.find(wanted) != std::string::npos;
        }
        std::string text;
    };
    std::shared_ptr<Sink> sink_;
    std::shared_ptr<spdlog::logger> before_;
};

/// No descriptor can be opened in this process while it lives.
class NoDescriptors {
  public:
    NoDescriptors() {
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
    const LogWatch log;  // outlives the server's threads: stop() below
    start();
    Client client;
    {
        const NoDescriptors limit;
        client.connect(port_);
        EXPECT_TRUE(eventually([&log] { return log.contains("cannot accept HTTP connections"); }));
    }
    EXPECT_EQ(client.ask(get("/")).status(), 200);
    stop();
}

}  // namespace
}  // namespace batchd::http

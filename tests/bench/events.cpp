// The event feed with many clients: what they cost at rest, and how soon an event reaches them all.
#include "event_followers.hpp"
#include "process.hpp"
#include "sections.hpp"

#include <fmt/format.h>

namespace batchd::bench {
namespace {

constexpr std::size_t kClients = 1000;
constexpr int kJobs = 50;
constexpr std::chrono::seconds kRest{20};

}  // namespace

Result<> measure_events(const Setup& setup, Report& report) {
    raise_descriptor_limit();  // a client is one
    const auto batchd = Batchd::start(setup);
    if (!batchd) return std::unexpected(batchd.error());
    EventFollowers clients(batchd->endpoint(), kClients, "/api/v1/events?status=RUNNABLE");
    if (!clients.wait_for_begin()) return fail(ErrorKind::Internal, "not all clients connected");

    const auto before = cpu_time(batchd->pid());
    clients.run_for(kRest);
    const auto used = cpu_time(batchd->pid()) - before;
    report.add({fmt::format("{} event streams at rest, of a core", kClients),
                100.0 * static_cast<double>(used.count()) /
                    static_cast<double>(std::chrono::milliseconds(kRest).count()),
                "%", below(5)});

    Latencies last;
    for (std::size_t i = 1; i <= kJobs; ++i) {
        const auto begin = SteadyClock::now();
        if (auto sent = batchd->fetch(submit_request(i)); !sent) {
            return std::unexpected(sent.error());
        }
        if (!clients.wait_for(i)) {
            return fail(ErrorKind::Internal, "an event did not reach all clients");
        }
        last.add(clients.last_seen() - begin);
    }
    report.add({"  SubmitJob until the last of them has the event, p50", last.percentile_ms(0.5),
                "ms", below(100)});
    report.add({"  p99", last.percentile_ms(0.99), "ms"});
    return {};
}

}  // namespace batchd::bench

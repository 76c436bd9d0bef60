// How long an idle daemon takes to start a container, beyond what the Engine itself takes: the one
// here takes no time, and has started when the call comes.
#include "fake_engine.hpp"
#include "sections.hpp"

#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace batchd::bench {
namespace {

constexpr int kJobs = 200;
constexpr int kWrites = 200;

/// Writing a page at the end of a file and waiting for the disk: what a commit cannot do without.
Result<Latencies> fsync_cost(const std::filesystem::path& folder) {
    const std::string path = folder / "fsync";
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (file < 0) return fail(ErrorKind::Unavailable, path + ": " + std::strerror(errno));
    Latencies latencies;
    const std::string page(4096, 'x');
    bool ok = true;
    for (int i = 0; ok && i < kWrites; ++i) {
        const auto begin = SteadyClock::now();
        ok = ::write(file, page.data(), page.size()) > 0 && ::fdatasync(file) == 0;
        latencies.add(SteadyClock::now() - begin);
    }
    ::close(file);
    if (!ok) return fail(ErrorKind::Unavailable, path + ": " + std::strerror(errno));
    return latencies;
}

Result<Latencies> start_latencies(const Batchd& batchd, FakeEngine& engine) {
    Latencies latencies;
    for (std::size_t i = 0; i < kJobs; ++i) {
        const auto begin = SteadyClock::now();
        const auto submitted = batchd.fetch(submit_request(i));
        if (!submitted) return std::unexpected(submitted.error());
        const auto started = engine.next_start(std::chrono::seconds{10});
        if (!started) return fail(ErrorKind::Internal, "a job did not come to its end");
        latencies.add(*started - begin);
    }
    return latencies;
}

}  // namespace

Result<> measure_start_latency(const Setup& setup, Report& report) {
    const auto fsyncs = fsync_cost(setup.scratch);
    if (!fsyncs) return std::unexpected(fsyncs.error());
    report.add(
        {"write and fdatasync of 4 KiB on this disk, p50", fsyncs->percentile_ms(0.5), "ms"});

    FakeEngine engine(setup.scratch / "engine.sock");
    const auto batchd = Batchd::start(setup, engine.url());
    if (!batchd) return std::unexpected(batchd.error());
    BATCHD_TRY(batchd->wait_for_host());
    const auto latencies = start_latencies(*batchd, engine);
    if (!latencies) return std::unexpected(latencies.error());
    report.add({"idle SubmitJob to container started, over the Engine's own time, p50",
                latencies->percentile_ms(0.5), "ms", below(3)});
    report.add({"  p99", latencies->percentile_ms(0.99), "ms"});
    return {};
}

}  // namespace batchd::bench

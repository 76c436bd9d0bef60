// From the body of a SubmitJob to the request that it describes.
#include "batchd/base/json.hpp"

#include "api/batch/submit_job.hpp"
#include "submit_body.hpp"

#include <benchmark/benchmark.h>

namespace batchd::bench {
namespace {

void parse_submission(benchmark::State& state) {
    const std::string body = submit_body(0);
    for (auto _ : state) benchmark::DoNotOptimize(json::parse(body));
    state.SetBytesProcessed(state.iterations() * std::ssize(body));
}
BENCHMARK(parse_submission);

void decode_submission(benchmark::State& state) {
    const std::string body = submit_body(0);
    for (auto _ : state) {
        auto parsed = json::parse(body);
        const auto request = api::batch::decode_submission(*parsed);
        if (!request) state.SkipWithError("the request was refused");
    }
    state.SetBytesProcessed(state.iterations() * std::ssize(body));
}
BENCHMARK(decode_submission);

}  // namespace
}  // namespace batchd::bench

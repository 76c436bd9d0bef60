#include "batchd/aws/settings.hpp"

#include "batchd/base/command.hpp"

#include <cstdlib>
#include <poll.h>
#include <random>

namespace batchd::aws {
namespace {

constexpr Milliseconds kCommandLimit{60'000};  // as botocore's users know it: it may ask somebody

std::optional<std::string> variable(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
}

double random_fraction() {
    thread_local std::mt19937 generator{std::random_device{}()};
    return std::uniform_real_distribution{}(generator);
}

}  // namespace

RealOutside::RealOutside(const Clock& clock)
    : clock_(clock), transport_({.ca_bundle = variable("AWS_CA_BUNDLE").value_or("")}) {}

Outside RealOutside::outside() {
    return {
        .transport = transport_,
        .clock = clock_,
        .variable = variable,
        .random = random_fraction,
        .sleep =
            [this](Milliseconds time) {
                pollfd stop{stop_.descriptor(), POLLIN, 0};
                return ::poll(&stop, 1, static_cast<int>(time.count())) == 0;
            },
        .run = [this](const auto& command) { return run_command(command, kCommandLimit, stop_); }};
}

void RealOutside::stop() {
    stop_.set();
    transport_.stop();
}

}  // namespace batchd::aws

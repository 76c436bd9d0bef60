#include "daemon/provider.hpp"

#include "batchd/base/log.hpp"

namespace batchd::daemon {
namespace {

/// The start of the daemon waits for this.
aws::Settings in_haste(aws::Settings settings) {
    settings.max_attempts = 1;
    settings.connect_timeout = Milliseconds{1'000};
    settings.timeout = Milliseconds{3'000};
    return settings;
}

}  // namespace

aws::Settings aws_settings(const config::Aws& config) {
    aws::Settings settings{.region = config.region,
                           .profile = config.profile,
                           .endpoint_url = config.endpoint_url,
                           .max_attempts = config.max_attempts,
                           .connect_timeout = config.connect_timeout,
                           .timeout = config.timeout};
    for (const auto& item : config.endpoint_urls) {  // "ec2=http://127.0.0.1:5000"
        const auto equals = item.find('=');
        settings.endpoint_urls[item.substr(0, equals)] = item.substr(equals + 1);
    }
    return settings;
}

bool uses_aws(const config::Config& config, aws::Outside outside) {
    if (config.compute.provider == config::ComputeProvider::Local) return false;
    aws::Client client(in_haste(aws_settings(config.aws)), std::move(outside));
    const auto ready = client.ready();
    if (config.compute.provider == config::ComputeProvider::Auto) return ready.has_value();
    if (!ready) log::warn("compute.provider is aws, but: {}", ready.error().text());
    return true;
}

}  // namespace batchd::daemon

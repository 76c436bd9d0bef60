// The values of an attempt's secrets: fetched before its container is made, kept until it runs.
#include "runtime/container_run.hpp"
#include "runtime/outcome.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace batchd::runtime {

namespace asio = boost::asio;

namespace {

constexpr std::string_view kFailure =
    "ResourceInitializationError: unable to pull secrets or registry auth: ";

Result<std::vector<model::KeyValue>> values_of(const std::vector<model::Secret>& secrets,
                                               ports::SecretSource& source) {
    std::vector<model::KeyValue> values;
    for (const auto& secret : secrets) {
        auto value = source.resolve(secret.value_from);
        if (!value) {
            value.error().message = secret.name + ": " + value.error().message;
            return std::unexpected(std::move(value).error());
        }
        values.push_back({.name = secret.name, .value = *std::move(value)});
    }
    return values;
}

Result<docker::SecretValues> values_for(const model::ContainerBase& container,
                                        ports::SecretSource& source) {
    auto environment = values_of(container.secrets, source);
    if (!environment) return std::unexpected(std::move(environment).error());
    docker::SecretValues values{.environment = *std::move(environment), .log_options{}};
    if (!container.log_configuration) return values;
    auto options = values_of(container.log_configuration->secret_options, source);
    if (!options) return std::unexpected(std::move(options).error());
    values.log_options = *std::move(options);
    return values;
}

void hide(std::string& text, const std::string& value) {
    if (value.empty()) return;
    constexpr std::string_view kHidden = "***";
    for (auto at = text.find(value); at != text.npos; at = text.find(value, at + kHidden.size())) {
        text.replace(at, value.size(), kHidden);
    }
}

}  // namespace

bool ContainerRun::needs_secrets() const {
    const auto& logging = properties().log_configuration;
    return !properties().secrets.empty() || (logging && !logging->secret_options.empty());
}

/// False if there is nothing more to do: a secret is missing, the attempt was stopped meanwhile, or
/// the daemon stops.
asio::awaitable<bool> ContainerRun::fetch_secrets() {
    if (secrets_) co_return true;
    if (!needs_secrets()) {
        secrets_.emplace();
        co_return true;
    }
    // It may take seconds, and the strand serves everybody.
    co_await asio::post(asio::bind_executor(context_.secret_threads, asio::use_awaitable));
    auto values = values_for(properties(), context_.secrets);
    co_await asio::post(asio::bind_executor(context_.strand, asio::use_awaitable));
    if (is_over()) co_return false;
    if (values) {
        secrets_ = *std::move(values);
        co_return true;
    }
    if (values.error().kind == ErrorKind::Cancelled) co_return false;
    ++context_.counters.start_failures;
    report_ended(failed_to_start(std::string(kFailure) + values.error().message, std::nullopt,
                                 context_.clock.now()));
    co_return false;
}

/// The Engine's words, which become the job's: they can quote what the container was made with.
std::string ContainerRun::without_secrets(std::string text) const {
    if (!needs_secrets()) return text;
    // Made before the daemon's restart.
    if (!secrets_) return "its words are left out, since they may tell a secret";
    for (const auto& secret : secrets_->environment) hide(text, secret.value);
    for (const auto& secret : secrets_->log_options) hide(text, secret.value);
    return text;
}

}  // namespace batchd::runtime

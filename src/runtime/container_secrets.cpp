#include "runtime/container_secrets.hpp"

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

bool ContainerSecrets::is_needed() const {
    const auto& logging = container_.log_configuration;
    return !container_.secrets.empty() || (logging && !logging->secret_options.empty());
}

asio::awaitable<Result<>> ContainerSecrets::fetch() {
    if (values_) co_return Result<>{};
    if (!is_needed()) {
        values_.emplace();
        co_return Result<>{};
    }
    // It may take seconds, and the strand serves everybody.
    co_await asio::post(asio::bind_executor(context_.secret_threads, asio::use_awaitable));
    auto values = values_for(container_, context_.secrets);
    co_await asio::post(asio::bind_executor(context_.strand, asio::use_awaitable));
    if (values) {
        values_ = *std::move(values);
        co_return Result<>{};
    }
    if (values.error().kind != ErrorKind::Cancelled) {
        values.error().message = std::string(kFailure) + values.error().message;
    }
    co_return std::unexpected(std::move(values).error());
}

std::string ContainerSecrets::without(std::string text) const {
    if (!is_needed()) return text;
    // Made before the daemon's restart.
    if (!values_) return "its words are left out, since they may tell a secret";
    for (const auto& secret : values_->environment) hide(text, secret.value);
    for (const auto& secret : values_->log_options) hide(text, secret.value);
    return text;
}

}  // namespace batchd::runtime

#include "batchd/aws/client.hpp"

#include "aws/answers.hpp"
#include "aws/credential_cache.hpp"
#include "aws/credential_chain.hpp"
#include "aws/endpoints.hpp"
#include "aws/metadata.hpp"
#include "aws/retry.hpp"
#include "aws/sts_query.hpp"
#include "batchd/base/json.hpp"
#include "batchd/base/log.hpp"
#include "batchd/base/time_text.hpp"
#include "batchd/net/sigv4.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>

namespace batchd::aws {
namespace {

/// A clock that differs by less is no reason to be refused.
constexpr Seconds kSkewThatMatters{60};

/// Whoever has no region is not made to wait for an instance's metadata each time.
constexpr Seconds kRegionPause{15};

constexpr const char* kFallbackStsRegion = "us-east-1";

/// What a call sends, but for the signature.
struct Message {
    std::string content_type;
    std::string target;  ///< X-Amz-Target; empty in the Query protocol
    std::string body;
};

/// Who signs.
enum class Keys { Chain, Given, None };

bool may_be_clock_skew(std::string_view code) {
    constexpr auto kCodes = std::to_array<std::string_view>(
        {"RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture",
         "InvalidSignatureException", "SignatureDoesNotMatch", "AuthFailure"});
    return std::ranges::find(kCodes, code) != kCodes.end();
}

void hide(std::string& text, const std::string& secret) {
    constexpr std::size_t kShortest = 8;  // a test's key may be a word; AWS's have 40 characters
    if (secret.size() < kShortest) return;
    for (auto at = text.find(secret); at != text.npos; at = text.find(secret, at)) {
        text.replace(at, secret.size(), "***");
    }
}

/// AWS may quote the canonical request, and with it the session token.
void hide_keys(ApiError& error, const net::AwsKeys& keys) {
    error.message = error.message.substr(0, error.message.find("\n\nThe Canonical String"));
    hide(error.message, keys.secret_access_key);
    hide(error.message, keys.session_token);
}

ApiError unreachable(const Service& service, const Error& error) {
    return {.code = error.kind == ErrorKind::Cancelled ? "Cancelled" : "Unreachable",
            .message = fmt::format("{}: {}", service.id, error.message),
            .error_class = ErrorClass::Unreachable};
}

std::unexpected<ApiError> wrong_setting(std::string code, std::string message) {
    return std::unexpected(ApiError{.code = std::move(code),
                                    .message = std::move(message),
                                    .error_class = ErrorClass::Configuration});
}

std::string form(const Call& call, const Params& params) {
    std::string body = fmt::format("Action={}&Version={}", call.operation, call.service.version);
    for (const auto& [name, value] : params) {
        body += fmt::format("&{}={}", net::uri_encode(name), net::uri_encode(value));
    }
    return body;
}

}  // namespace

class Client::Impl {
  public:
    Impl(Settings settings, Outside outside)
        : settings_(std::move(settings)),
          outside_(std::move(outside)),
          credentials_([this] { return load(); }, outside_.clock) {}

    Outcome<std::string> region() {
        const std::scoped_lock lock(region_mutex_);
        if (region_.empty() && outside_.clock.now() >= next_search_) {
            region_ = find_region();
            next_search_ = outside_.clock.now() + kRegionPause;
        }
        if (region_.empty()) {
            return wrong_setting("NoRegion", "no region is set, as by aws.region or AWS_REGION");
        }
        return region_;
    }

    Outcome<> ready() {
        if (auto found = region(); !found) return std::unexpected(std::move(found).error());
        if (auto found = credentials_.get(); !found) {
            return std::unexpected(std::move(found).error());
        }
        return {};
    }

    template <class T>
    using Read = Outcome<T> (*)(const HttpResponse&);

    /// One call, with its retries. `given` are the keys for Keys::Given.
    template <class T>
    Outcome<T> perform(const Call& call, const Message& message, Read<T> read,
                       Keys signed_by = Keys::Chain, const net::AwsKeys& given = {}) {
        const auto endpoint = find_endpoint(call);
        if (!endpoint) return std::unexpected(endpoint.error());
        Mended mended;
        for (int attempt = 1;; ++attempt) {
            const auto keys = keys_for(signed_by, given);
            if (!keys) return std::unexpected(keys.error());
            auto outcome = try_once(call, *endpoint, message, read,
                                    signed_by == Keys::None ? nullptr : &*keys);
            if (outcome) {
                budget_.succeeded(attempt > 1);
                return outcome;
            }
            ApiError& error = outcome.error();
            hide_keys(error, *keys);
            log::debug("{} {} attempt {}: {}", call.service.id, call.operation, attempt,
                       error.code);
            if (!mend(error, signed_by, *keys, mended) && !wait_to_retry(error, attempt)) {
                return outcome;
            }
        }
    }

    const Clock& clock() const { return outside_.clock; }

  private:
    /// What one call has put right already: once each.
    struct Mended {
        bool clock = false;
        bool keys = false;
    };

    /// Whether the error's cause is gone, so that the call can be made again at once.
    bool mend(const ApiError& error, Keys signed_by, const net::AwsKeys& keys, Mended& mended) {
        if (!mended.clock && may_be_clock_skew(error.code) && correct_skew()) {
            mended.clock = true;
            return true;
        }
        if (!mended.keys && signed_by == Keys::Chain &&
            error.error_class == ErrorClass::Credentials && credentials_.forget(keys)) {
            mended.keys = true;
            return true;
        }
        return false;
    }

    /// False if that was the last attempt.
    bool wait_to_retry(const ApiError& error, int attempt) {
        return error.code != "Cancelled" && is_retryable(error) &&
               attempt < settings_.max_attempts && budget_.take() &&
               outside_.sleep(retry_delay(attempt, outside_.random()));
    }

    Outcome<net::AwsKeys> keys_for(Keys signed_by, const net::AwsKeys& given) {
        if (signed_by != Keys::Chain) return given;
        auto found = credentials_.get();
        if (!found) return std::unexpected(std::move(found).error());
        return std::move(found)->keys;
    }

    struct Target {
        Endpoint endpoint;
        net::SigningScope scope;
    };

    Outcome<Target> find_endpoint(const Call& call) {
        std::string where(call.service.only_region);
        if (where.empty()) where = call.region;
        if (where.empty()) {
            auto found = region();
            if (!found) return std::unexpected(std::move(found).error());
            where = *std::move(found);
        }
        const std::string url =
            endpoint_url(call.service, where, settings_, outside_, load_profiles(outside_));
        auto endpoint = parse_endpoint_url(url);
        if (!endpoint) return wrong_setting("InvalidEndpoint", endpoint.error().message);
        return Target{
            .endpoint = *std::move(endpoint),
            .scope = {.region = where, .service = std::string(call.service.signing_name)}};
    }

    /// Not signed if `keys` is nullptr.
    template <class T>
    Outcome<T> try_once(const Call& call, const Target& target, const Message& message,
                        Read<T> read, const net::AwsKeys* keys) {
        HttpRequest request{
            .method = "POST",
            .url = target.endpoint.origin + target.endpoint.path,
            .headers = {{"Host", target.endpoint.host}, {"Content-Type", message.content_type}},
            .body = message.body,
            .connect_timeout = settings_.connect_timeout,
            .timeout = settings_.timeout};
        if (!message.target.empty()) request.headers.emplace_back("X-Amz-Target", message.target);
        if (keys != nullptr) {
            const Timestamp now = outside_.clock.now() + Milliseconds{skew_ms_.load()};
            const auto added =
                net::sign({"POST", target.endpoint.path, "", request.headers, request.body}, *keys,
                          target.scope, now);
            request.headers.insert(request.headers.end(), added.begin(), added.end());
        }
        request.headers.emplace_back("User-Agent", "batchd/" BATCHD_VERSION);
        const auto response = outside_.transport.send(request);
        if (!response) return std::unexpected(unreachable(call.service, response.error()));
        note_date(*response);
        return read(*response);
    }

    void note_date(const HttpResponse& response) {
        const auto date = parse_http_date(response.header("Date"));
        if (date) aws_ahead_ms_ = (*date - outside_.clock.now()).count();
    }

    /// AWS's clock is right. False if ours did not differ from it.
    bool correct_skew() {
        const Milliseconds difference{aws_ahead_ms_.load() - skew_ms_.load()};
        if (std::chrono::abs(difference) < kSkewThatMatters) return false;
        skew_ms_ = aws_ahead_ms_.load();
        log::warn("this machine's clock differs from AWS's by {} s",
                  std::chrono::duration_cast<Seconds>(difference).count());
        return true;
    }

    std::string find_region() const {
        if (!settings_.region.empty()) return settings_.region;
        for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
            const auto value = outside_.variable(name);
            if (value && !value->empty()) return *value;
        }
        const Section profile = load_profiles(outside_).merged(profile_name(settings_, outside_));
        std::string region = value_of(profile, "region");
        return region.empty() ? instance_region(outside_) : region;
    }

    Outcome<Credentials> load() {
        return load_credentials(settings_, outside_,
                                [this](const RoleRequest& request, const net::AwsKeys& keys) {
                                    return assume_role(request, keys);
                                });
    }

    Outcome<Credentials> assume_role(const RoleRequest& request, const net::AwsKeys& keys) {
        Call call{.service = kSts, .operation = operation_of(request)};
        call.region = region().value_or(kFallbackStsRegion);
        const Message message{.content_type = "application/x-www-form-urlencoded; charset=utf-8",
                              .target{},
                              .body = form(call, params_of(request, outside_.clock.now()))};
        const auto answer =
            perform<Xml>(call, message, read_xml,
                         request.web_identity_token.empty() ? Keys::Given : Keys::None, keys);
        if (answer) return read_role_answer(**answer, request);
        ApiError error = answer.error();
        hide(error.message, request.web_identity_token);
        error.message = fmt::format("cannot take on {}: {}", request.role_arn, error.message);
        return std::unexpected(std::move(error));
    }

    const Settings settings_;
    const Outside outside_;
    CredentialCache credentials_;
    RetryBudget budget_;
    std::atomic<std::int64_t> skew_ms_ = 0;       ///< added to our clock when signing
    std::atomic<std::int64_t> aws_ahead_ms_ = 0;  ///< by the newest answer
    std::mutex region_mutex_;
    std::string region_;     ///< guarded by region_mutex_; empty until it is found
    Timestamp next_search_;  ///< guarded by region_mutex_
};

Client::Client(Settings settings, Outside outside)
    : impl_(std::make_unique<Impl>(std::move(settings), std::move(outside))) {}
Client::~Client() = default;

Outcome<std::string> Client::region() { return impl_->region(); }
Outcome<> Client::ready() { return impl_->ready(); }
const Clock& Client::clock() const { return impl_->clock(); }

Outcome<nlohmann::json> Client::call_json(const Call& call, const nlohmann::json& body) {
    return impl_->perform<nlohmann::json>(
        call,
        {.content_type = "application/x-amz-json-1.1",
         .target = fmt::format("{}.{}", call.service.target, call.operation),
         .body = json::dump(body)},
        call.has_answer ? read_json : read_json_if_any);
}

Outcome<Xml> Client::call_query(const Call& call, const Params& params) {
    return impl_->perform<Xml>(call,
                               {.content_type = "application/x-www-form-urlencoded; charset=utf-8",
                                .target{},
                                .body = form(call, params)},
                               read_xml);
}

}  // namespace batchd::aws

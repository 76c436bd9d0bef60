#include "api/job_options.hpp"

#include "batchd/base/time_text.hpp"

namespace batchd::api {
namespace {

constexpr std::size_t kMaxKey = 255;

/// A number or flag that came as text, and a deadline as a time.
void convert(const std::string& name, Json& value) {
    if (!value.is_string()) return;
    const auto& text = value.get_ref<const std::string&>();
    if (const auto time = parse_iso8601(text); time && name == "deadline") {
        value = to_epoch_ms(*time);
        return;
    }
    const Json meant = Json::parse(text, nullptr, false);
    if (meant.is_number() || meant.is_boolean()) value = meant;
}

Result<> expect_key(std::string_view field, const std::string& key) {
    if (!key.empty() && key.size() <= kMaxKey) return {};
    return invalid_argument(std::string(field) + " must have 1 to " + std::to_string(kMaxKey) +
                            " characters, got " + std::to_string(key.size()));
}

}  // namespace

Result<model::JobOptions> take_options(Json& body) {
    Json options = Json::object();
    for (const json::Member& member : json::members_of<model::JobOptions>().all()) {
        const auto found = body.find(member.name);
        if (found == body.end()) continue;
        convert(member.name, *found);
        options[member.name] = std::move(*found);
        body.erase(found);
    }
    return json::decode<model::JobOptions>(options);
}

std::string members_of(const model::JobOptions& options) {
    const std::string text = json::to_text(options);
    return text.substr(1, text.size() - 2);
}

Result<std::optional<model::SubmissionKey>> key_of(const http::Request& request) {
    const std::int64_t what = fingerprint(request.body);
    if (const auto key = request.headers.find("Idempotency-Key")) {
        BATCHD_TRY(expect_key("header Idempotency-Key", std::string(*key)));
        return model::SubmissionKey{.key = std::string(*key), .is_explicit = true, .request = what};
    }
    const auto invocation = request.headers.find("amz-sdk-invocation-id");
    if (!invocation || invocation->empty() || invocation->size() > kMaxKey) return std::nullopt;
    return model::SubmissionKey{
        .key = std::string(*invocation), .is_explicit = false, .request = what};
}

Result<model::SubmissionKey> key_of(const std::string& client_token, std::int64_t request) {
    BATCHD_TRY(expect_key("clientToken", client_token));
    return model::SubmissionKey{.key = client_token, .is_explicit = true, .request = request};
}

Result<> lay_in_token(const std::optional<std::string>& client_token, std::int64_t request,
                      std::optional<model::SubmissionKey>& key) {
    if (!client_token) return {};
    auto own = key_of(*client_token, request);
    if (!own) return error_of(own);
    key = std::move(*own);
    return {};
}

std::int64_t fingerprint(std::string_view body) {
    std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
    for (const char c : body) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    }
    return static_cast<std::int64_t>(hash);
}

std::string caller_of(const http::Request& request) {
    if (const auto user = request.headers.find("X-Batchd-User")) return std::string(*user);
    constexpr std::string_view kCredential = "Credential=";
    const auto authorization = request.headers.find("Authorization").value_or("");
    const auto begin = authorization.find(kCredential);
    if (begin == std::string_view::npos) return {};
    const auto rest = authorization.substr(begin + kCredential.size());
    return std::string(rest.substr(0, rest.find('/')));
}

}  // namespace batchd::api

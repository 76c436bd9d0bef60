#include "aws/metadata.hpp"

#include "aws/endpoints.hpp"
#include "aws/profiles.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace batchd::aws {
namespace {

constexpr const char* kEcsHost = "http://169.254.170.2";
constexpr const char* kImds = "http://169.254.169.254";
constexpr const char* kRolePath = "/latest/meta-data/iam/security-credentials/";
constexpr Milliseconds kContainerTimeout{2'000};
constexpr Milliseconds kImdsTimeout{1'000};
constexpr int kContainerAttempts = 3;

/// Without TLS, keys go only to this machine and to the addresses that ECS and EKS have for it.
bool may_be_asked(const std::string& url) {
    if (url.starts_with("https://")) return true;
    const auto endpoint = parse_endpoint_url(url.substr(0, url.find('?')));
    if (!endpoint) return false;
    std::string host = endpoint->host;
    if (const auto port = host.rfind(':'); port != host.npos && !host.ends_with(']')) {
        host.resize(port);
    }
    constexpr auto kHosts = std::to_array<std::string_view>(
        {"localhost", "[::1]", "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"});
    return std::ranges::find(kHosts, host) != kHosts.end() || host.starts_with("127.");
}

Outcome<std::string> container_token(const Outside& outside) {
    std::string token;
    if (const auto path = outside.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {
        const auto text = read_file(*path);
        if (!text) return no_credentials("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE cannot be read");
        token = *text;
    } else {
        token = outside.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN").value_or("");
    }
    if (token.find_first_of("\r\n") != token.npos) {
        return no_credentials("the container's authorization token is no legal header value");
    }
    return token;
}

Outcome<Credentials> ask_container(const Outside& outside, const std::string& url,
                                   const std::string& token) {
    HttpRequest request{.method = "GET",
                        .url = url,
                        .headers = {{"Accept", "application/json"}},
                        .connect_timeout = kContainerTimeout,
                        .timeout = kContainerTimeout,
                        .through_proxy = false};
    if (!token.empty()) request.headers.emplace_back("Authorization", token);
    const auto response = outside.transport.send(request);
    if (!response) {
        return no_credentials("the container's credential service: " + response.error().message);
    }
    if (response->status != 200) {
        return no_credentials(
            fmt::format("the container's credential service answered {}", response->status));
    }
    return parse_credentials(response->body, "Token", "the container's credential service");
}

/// A GET, or the PUT that gives a token; empty if it did not work.
std::string ask_imds(const Outside& outside, const std::string& path, const std::string& token) {
    const std::string base = outside.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT").value_or(kImds);
    const std::string url = (base.ends_with('/') ? base.substr(0, base.size() - 1) : base) + path;
    HttpRequest request{.method = token.empty() ? "PUT" : "GET",
                        .url = url,
                        .connect_timeout = kImdsTimeout,
                        .timeout = kImdsTimeout,
                        .through_proxy = false};
    if (token.empty()) {
        request.headers.emplace_back("X-aws-ec2-metadata-token-ttl-seconds", "21600");
    } else {
        request.headers.emplace_back("X-aws-ec2-metadata-token", token);
    }
    const auto response = outside.transport.send(request);
    const bool is_usable = response && response->status == 200 &&
                           response->body.find_first_of("\r") == std::string::npos;
    return is_usable ? response->body : std::string();
}

std::string imds_token(const Outside& outside) {
    const auto disabled = outside.variable("AWS_EC2_METADATA_DISABLED");
    if (disabled == "true" || disabled == "True" || disabled == "TRUE") return "";
    std::string token = ask_imds(outside, "/latest/api/token", "");
    return token.contains('\n') ? std::string() : token;
}

}  // namespace

Found container_credentials(const Outside& outside) {
    const auto relative = outside.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const auto full = outside.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if (!relative && !full) return std::nullopt;
    const std::string url = relative ? kEcsHost + *relative : *full;
    if (!may_be_asked(url)) {
        return no_credentials(
            "AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, or name a loopback address or one "
            "of ECS's and EKS's");
    }
    Outcome<Credentials> found = no_credentials("");
    for (int attempt = 1;; ++attempt) {
        const auto token = container_token(outside);
        if (!token) return std::unexpected(token.error());
        found = ask_container(outside, url, *token);
        if (found) return *std::move(found);
        if (attempt == kContainerAttempts || !outside.sleep(Milliseconds{1'000})) break;
    }
    return std::unexpected(std::move(found).error());
}

Found instance_credentials(const Outside& outside) {
    const std::string token = imds_token(outside);
    if (token.empty()) return std::nullopt;
    const std::string roles = ask_imds(outside, kRolePath, token);
    const std::string role = roles.substr(0, roles.find('\n'));
    if (role.empty()) return std::nullopt;
    auto found = parse_credentials(ask_imds(outside, kRolePath + role, token), "Token",
                                   "the instance's role " + role);
    if (!found) return std::unexpected(std::move(found).error());
    return *std::move(found);
}

std::string instance_region(const Outside& outside) {
    const std::string token = imds_token(outside);
    return token.empty() ? token : ask_imds(outside, "/latest/meta-data/placement/region", token);
}

std::vector<std::string> split_command(std::string_view line) {
    std::vector<std::string> words;
    std::string word;
    bool is_word = false;
    char quote = '\0';
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (c == '\\' && quote != '\'' && i + 1 < line.size()) {
            word += line[++i];
            is_word = true;
        } else if (quote != '\0') {
            if (c == quote) {
                quote = '\0';
            } else {
                word += c;
            }
        } else if (c == '"' || c == '\'') {
            quote = c;
            is_word = true;
        } else if (c == ' ' || c == '\t') {
            if (is_word) words.push_back(std::exchange(word, {}));
            is_word = false;
        } else {
            word += c;
            is_word = true;
        }
    }
    if (is_word) words.push_back(std::move(word));
    return words;
}

Found process_credentials(const Outside& outside, const std::string& command_line) {
    const auto command = split_command(command_line);
    if (command.empty()) return no_credentials("credential_process is empty");
    const auto output = outside.run(command);
    if (!output) return no_credentials("credential_process " + output.error().message);
    auto found = parse_credentials(*output, "SessionToken", "credential_process");
    if (!found) return std::unexpected(std::move(found).error());
    return *std::move(found);
}

}  // namespace batchd::aws

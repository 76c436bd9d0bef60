#include "http/request_parser.hpp"

#include "http/text.hpp"

#include <boost/beast/http/error.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace batchd::http {
namespace {

namespace beast = boost::beast;

std::string to_string(beast::string_view text) { return {text.data(), text.size()}; }

auto count_fields(const Headers& headers, std::string_view name) {
    return std::ranges::count_if(
        headers, [name](const auto& field) { return equal_ignoring_case(field.first, name); });
}

}  // namespace

RequestParser::RequestParser(std::size_t max_header_bytes, std::size_t max_body_bytes)
    : max_header_bytes_(max_header_bytes), max_body_bytes_(max_body_bytes) {
    constexpr std::size_t kLargest = std::numeric_limits<std::uint32_t>::max();
    header_limit(static_cast<std::uint32_t>(std::min(max_header_bytes, kLargest)));
    body_limit(max_body_bytes);
}

std::expected<std::size_t, Refusal> RequestParser::feed(boost::asio::const_buffer bytes) {
    eager(is_header_done());
    ErrorCode ec;
    const std::size_t taken = put(bytes, ec);
    if (ec && ec != beast::http::error::need_more) return std::unexpected(to_refusal(ec));
    if (is_header_done() && !header_checked_) {
        header_checked_ = true;
        if (auto refusal = check_header()) return std::unexpected(std::move(*refusal));
    }
    return taken;
}

bool RequestParser::expects_continue() const {
    const auto expect = request_.headers.find("Expect");
    return version_ == 11 && expect && equal_ignoring_case(*expect, "100-continue");
}

void RequestParser::on_request_impl(beast::http::verb, View method, View target, int version,
                                    ErrorCode&) {
    request_.method = to_string(method);
    target_ = to_string(target);
    version_ = version;
    header_bytes_ = method.size() + target.size();
}

void RequestParser::on_field_impl(beast::http::field, View name, View value, ErrorCode& ec) {
    // Beast's own limit holds for what waits unparsed, not for the sum of fields that trickle in.
    header_bytes_ += name.size() + value.size() + 4;
    if (header_bytes_ > max_header_bytes_) {
        ec = beast::http::error::header_limit;
        return;
    }
    request_.headers.add(to_string(name), to_string(value));
}

void RequestParser::on_body_init_impl(const boost::optional<std::uint64_t>& length, ErrorCode&) {
    // The announced length is only a promise: reserve no more than a usual request needs.
    constexpr std::uint64_t kReserveAtMost = std::uint64_t{64} * 1024;
    if (length) request_.body.reserve(static_cast<std::size_t>(std::min(*length, kReserveAtMost)));
}

std::size_t RequestParser::on_body_impl(View body, ErrorCode&) {
    request_.body.append(body.data(), body.size());
    return body.size();
}

std::size_t RequestParser::on_chunk_body_impl(std::uint64_t, View body, ErrorCode& ec) {
    return on_body_impl(body, ec);
}

Refusal RequestParser::to_refusal(ErrorCode ec) const {
    if (ec == beast::http::error::header_limit) {
        return {431, fmt::format("request line and headers exceed {} bytes", max_header_bytes_)};
    }
    if (ec == beast::http::error::body_limit) {
        return {413, fmt::format("request body exceeds {} bytes", max_body_bytes_)};
    }
    return {400, fmt::format("malformed HTTP request: {}", ec.message())};
}

std::optional<Refusal> RequestParser::check_header() {
    const auto hosts = count_fields(request_.headers, "Host");
    if (hosts > 1 || (hosts == 0 && version_ == 11)) {
        return Refusal{
            400,
            fmt::format("an HTTP/1.1 request has exactly one Host header, this one {}", hosts)};
    }
    // Beast ignores a transfer coding that it does not know, and would take the body for a request.
    const auto coding = request_.headers.find("Transfer-Encoding");
    if (coding && !equal_ignoring_case(*coding, "chunked")) {
        return Refusal{
            400, fmt::format("Transfer-Encoding '{}' is not supported, only 'chunked'", *coding)};
    }
    return check_target();
}

std::optional<Refusal> RequestParser::check_target() {
    if (!target_.starts_with('/')) {
        return Refusal{400, fmt::format("request target '{}' does not start with '/'", target_)};
    }
    const std::size_t path_end = std::min(target_.find('?'), target_.size());
    const auto text = std::string_view(target_).substr(std::min(path_end + 1, target_.size()));
    auto query = parse_query(text);
    if (!query) {
        return Refusal{
            400, fmt::format("query '{}': a '%' is not followed by two hexadecimal digits", text)};
    }
    request_.query = std::move(*query);
    target_.resize(path_end);
    request_.path = std::move(target_);
    return std::nullopt;
}

}  // namespace batchd::http

#include "http/response_head.hpp"

#include <boost/beast/http/status.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>
#include <iterator>

namespace batchd::http {
namespace {

/// "Sun, 06 Nov 1994 08:49:37 GMT", formatted once a second.
std::string_view date() {
    thread_local std::time_t formatted_at = 0;
    thread_local std::string text;
    const std::time_t now = std::time(nullptr);
    if (now != formatted_at) {
        text = fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(now));
        formatted_at = now;
    }
    return text;
}

std::string_view reason(int status) {
    const auto text = boost::beast::http::obsolete_reason(
        boost::beast::http::int_to_status(static_cast<unsigned>(status)));
    return {text.data(), text.size()};
}

bool is_bodiless(int status) { return status == 204 || status == 304; }

void append_field(std::string& out, std::string_view name, std::string_view value) {
    out.append(name).append(": ");
    for (const char c : value) {
        const auto code = static_cast<unsigned char>(c);
        out.push_back(code < 0x20 || code == 0x7f ? ' ' : c);
    }
    out.append("\r\n");
}

}  // namespace

bool has_body(const Response& response, const Framing& framing) {
    return !framing.head_only && !is_bodiless(response.status);
}

void write_head(std::string& out, const Response& response, const Framing& framing) {
    out.clear();
    auto end = std::back_inserter(out);
    fmt::format_to(end, "HTTP/1.1 {} {}\r\nDate: {}\r\n", response.status, reason(response.status),
                   date());
    for (const auto& [name, value] : response.headers) append_field(out, name, value);
    if (!is_bodiless(response.status)) {
        if (!response.stream) {
            fmt::format_to(end, "Content-Length: {}\r\n", response.body.size());
        } else if (!framing.http10) {
            out.append("Transfer-Encoding: chunked\r\n");
        }
    }
    if (!framing.keep_alive) {
        out.append("Connection: close\r\n");
    } else if (framing.http10) {
        out.append("Connection: keep-alive\r\n");
    }
    out.append("\r\n");
}

}  // namespace batchd::http

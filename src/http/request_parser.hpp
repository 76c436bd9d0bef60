// Turns bytes into a Request: Beast's parser, with our limits and stricter rules where a proxy in
// front could see other request boundaries than we do (request smuggling).
#pragma once

#include "batchd/http/message.hpp"
#include "http/refusal.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>

#include <expected>
#include <string>

namespace batchd::http {

/// Parses one request. One connection's strand.
class RequestParser final : private boost::beast::http::basic_parser<true> {
  public:
    RequestParser(std::size_t max_header_bytes, std::size_t max_body_bytes);

    /// Parses what is there and returns how many bytes it took; the rest has to be presented again,
    /// with more behind it. Stops after the header, so that the caller can look at it before the
    /// body.
    std::expected<std::size_t, Refusal> feed(boost::asio::const_buffer bytes);

    using basic_parser::is_done;
    using basic_parser::is_header_done;
    using basic_parser::keep_alive;  // once the header is done
    bool is_http10() const { return version_ == 10; }
    bool expects_continue() const;

    Request& request() { return request_; }

  private:
    using View = boost::beast::string_view;
    using ErrorCode = boost::beast::error_code;

    void on_request_impl(boost::beast::http::verb, View method, View target, int version,
                         ErrorCode&) override;
    void on_field_impl(boost::beast::http::field, View name, View value, ErrorCode& ec) override;
    void on_header_impl(ErrorCode&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>& length, ErrorCode&) override;
    std::size_t on_body_impl(View body, ErrorCode&) override;
    void on_chunk_header_impl(std::uint64_t, View, ErrorCode&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t remaining, View body, ErrorCode&) override;
    void on_finish_impl(ErrorCode&) override {}
    void on_response_impl(int, View, int, ErrorCode&) override {}

    Refusal to_refusal(ErrorCode ec) const;
    std::optional<Refusal> check_header();
    std::optional<Refusal> check_target();

    std::size_t max_header_bytes_;
    std::size_t max_body_bytes_;
    std::size_t header_bytes_ = 0;
    bool header_checked_ = false;
    int version_ = 11;
    std::string target_;
    Request request_;
};

}  // namespace batchd::http

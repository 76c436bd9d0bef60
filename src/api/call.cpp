#include "api/call.hpp"

#include <fmt/format.h>

namespace batchd::api {

namespace asio = boost::asio;

Task<core::Reply> execute(const Services* services, core::Event event) {
    using Value = Result<core::Reply>;
    co_return co_await asio::async_initiate<decltype(asio::use_awaitable), void(Value)>(
        [services, event = std::move(event)](auto handler) mutable {
            services->engine.execute(
                std::move(event), [handler = std::move(handler)](Value reply) mutable {
                    auto executor = asio::get_associated_executor(handler);
                    asio::post(executor,
                               [handler = std::move(handler), reply = std::move(reply)]() mutable {
                                   handler(std::move(reply));
                               });
                });
        },
        asio::use_awaitable);
}

Task<Answer> carry_out(const Services* services, core::Event event) {
    auto reply = co_await execute(services, std::move(event));
    if (!reply) co_return error_of(reply);
    co_return Json::object();
}

asio::awaitable<engine::Engine::Replies> execute_together(const Services* services,
                                                          std::vector<core::Event> events) {
    using Value = engine::Engine::Replies;
    co_return co_await asio::async_initiate<decltype(asio::use_awaitable), void(Value)>(
        [services, events = std::move(events)](auto handler) mutable {
            services->engine.execute_together(
                std::move(events), [handler = std::move(handler)](Value replies) mutable {
                    auto executor = asio::get_associated_executor(handler);
                    asio::post(executor, [handler = std::move(handler),
                                          replies = std::move(replies)]() mutable {
                        handler(std::move(replies));
                    });
                });
        },
        asio::use_awaitable);
}

Result<> expect_payload(const Call& call, std::string_view operation, std::int64_t limit,
                        std::string_view key) {
    if (static_cast<std::int64_t>(call.body_bytes) <= limit) return {};
    return invalid_argument(
        fmt::format("the payload of {} has {} bytes; at most {} are allowed (limits.{})", operation,
                    call.body_bytes, limit, key));
}

void drop_empty(Json& body, std::initializer_list<const char*> members) {
    for (const char* member : members) {
        const auto found = body.find(member);
        if (found == body.end()) continue;
        const bool is_empty_text = found->is_string() && found->get_ref<std::string&>().empty();
        const bool is_empty = found->is_structured() && found->empty();
        if (is_empty_text || is_empty) body.erase(found);
    }
}

Result<> require(const std::string& field, const std::string& value) {
    if (value.empty()) return invalid_argument(field + " is required and must not be empty");
    return {};
}

Result<> expect_reason(const std::string& reason) {
    constexpr std::size_t kMost = 1024;
    const auto length = model::characters(reason);
    if (length <= kMost) return {};
    return invalid_argument(
        fmt::format("reason has {} characters; at most {} are allowed", length, kMost));
}

Result<> at_most_100(std::string_view member, const std::vector<std::string>& list) {
    if (list.size() <= 100) return {};
    return invalid_argument(
        fmt::format("{} has {} entries; at most 100 are allowed", member, list.size()));
}

Result<std::size_t> page_size(std::optional<std::int32_t> asked, std::int32_t limit,
                              std::string_view member) {
    if (!asked) return static_cast<std::size_t>(limit);
    if (*asked < 1 || *asked > limit) {
        return invalid_argument(
            fmt::format("{} {} is not between 1 and {}", member, *asked, limit));
    }
    return static_cast<std::size_t>(*asked);
}

Json tags_of(const std::string& text) {
    auto tags = json::parse(text);
    return tags ? std::move(*tags) : Json::object();
}

std::string make_token(std::string_view kind, std::string_view key) {
    std::string token;
    for (const char c : fmt::format("{}:{}", kind, key)) {
        token += fmt::format("{:02x}", static_cast<unsigned char>(c));
    }
    return token;
}

Result<std::optional<std::string>> read_token(std::string_view kind,
                                              const std::optional<std::string>& token) {
    if (!token || token->empty()) return std::optional<std::string>{};
    const auto refused = [&] {
        return invalid_argument("nextToken '" + *token + "' is not one that this operation gave");
    };
    std::string text;
    for (std::size_t i = 0; i + 1 < token->size(); i += 2) {
        constexpr std::string_view kHex = "0123456789abcdef";
        const auto high = kHex.find((*token)[i]);
        const auto low = kHex.find((*token)[i + 1]);
        if (high == kHex.npos || low == kHex.npos) return refused();
        text.push_back(static_cast<char>(high * 16 + low));
    }
    const std::string prefix = std::string(kind) + ":";
    if (token->size() % 2 != 0 || !text.starts_with(prefix)) return refused();
    return text.substr(prefix.size());
}

}  // namespace batchd::api

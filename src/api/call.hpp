// What every operation is given, and the steps that operations share.
#pragma once

#include "batchd/api/api.hpp"
#include "batchd/model/json.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace batchd::api {

using json::Json;

template <class T>
using Task = boost::asio::awaitable<Result<T>>;

/// One request to an operation. By value in coroutines; the services outlive it.
struct Call {
    const Services* services = nullptr;
    Json body;
    std::size_t body_bytes = 0;                    ///< as it was sent
    std::optional<model::SubmissionKey> key = {};  ///< against repetition; see job_options.hpp
    std::string caller = {};                       ///< likewise; empty: not said

    const Services& on() const { return *services; }
    const model::Scope& scope() const { return services->scope; }
};

/// What an operation answers: JSON text. Written where the operation composes it, which for large
/// answers is a reader thread.
struct Answer {
    std::string text;
    bool is_replay = false;                  ///< of the first request with that key
    std::vector<std::string> warnings = {};  ///< what was asked for and has no effect

    // NOLINTNEXTLINE(google-explicit-constructor): operations return their documents as they are.
    Answer(const Json& document) : text(json::dump(document)) {}
    explicit Answer(std::string json_text) : text(std::move(json_text)) {}
};

/// Passes the error of a result on.
template <class T>
std::unexpected<Error> error_of(Result<T>& result) {
    return std::unexpected(std::move(result).error());
}

/// Hands an event to the engine; completes, on the caller's executor, when the answer is durable.
Task<core::Reply> execute(const Services* services, core::Event event);
/// Likewise, and answers with an object that has no members.
Task<Answer> carry_out(const Services* services, core::Event event);
/// execute() for several in one transaction; `events` is not empty.
boost::asio::awaitable<engine::Engine::Replies> execute_together(const Services* services,
                                                                 std::vector<core::Event> events);

/// Asks the engine's live state; `question` runs on the engine's thread and must be short.
/// Completes on the caller's executor.
template <class Value>
boost::asio::awaitable<Value> look(const Services* services,
                                   std::move_only_function<Value(const core::State&)> question) {
    co_return co_await boost::asio::async_initiate<decltype(boost::asio::use_awaitable),
                                                   void(Value)>(
        [services, question = std::move(question)](auto handler) mutable {
            services->engine.inspect([question = std::move(question), handler = std::move(handler)](
                                         const core::State& state) mutable {
                auto executor = boost::asio::get_associated_executor(handler);
                boost::asio::post(
                    executor, [handler = std::move(handler), value = question(state)]() mutable {
                        handler(std::move(value));
                    });
            });
        },
        boost::asio::use_awaitable);
}

/// Runs `work()` on a thread of the pool and comes back with its result.
template <class Work>
boost::asio::awaitable<std::invoke_result_t<Work>> on_thread(boost::asio::thread_pool& pool,
                                                             Work work) {
    using Value = std::invoke_result_t<Work>;
    co_return co_await boost::asio::async_initiate<decltype(boost::asio::use_awaitable),
                                                   void(Value)>(
        [&pool, work = std::move(work)](auto handler) mutable {
            boost::asio::post(pool,
                              [work = std::move(work), handler = std::move(handler)]() mutable {
                                  Value value = work();
                                  auto executor = boost::asio::get_associated_executor(handler);
                                  boost::asio::post(executor, [handler = std::move(handler),
                                                               value = std::move(value)]() mutable {
                                      handler(std::move(value));
                                  });
                              });
        },
        boost::asio::use_awaitable);
}

/// Runs `query(store::Reader&)` on a reader thread and comes back with its result.
template <class Query>
boost::asio::awaitable<std::invoke_result_t<Query, store::Reader&>> read(const Services* services,
                                                                         Query query) {
    return on_thread(services->reader_threads, [services, query = std::move(query)]() mutable {
        return services->readers.with(query);
    });
}

/// InvalidArgument if the body of an `operation` is longer than the limit of that name allows.
Result<> expect_payload(const Call& call, std::string_view operation, std::int64_t limit,
                        std::string_view key);

/// Clients send optional members empty where they mean none: removes those of the named ones that
/// are an empty text, list or object.
void drop_empty(Json& body, std::initializer_list<const char*> members);

/// InvalidArgument "<field> is required" for an empty text.
Result<> require(const std::string& field, const std::string& value);

/// InvalidArgument for a reason of more than 1024 characters.
Result<> expect_reason(const std::string& reason);

/// AWS: lists of names that Describe operations take have at most 100 entries.
Result<> at_most_100(std::string_view member, const std::vector<std::string>& list);

/// How many items a page may have: 1 to `limit`, absent means `limit`. `member` is the request's
/// name for it.
Result<std::size_t> page_size(std::optional<std::int32_t> asked, std::int32_t limit,
                              std::string_view member = "maxResults");

/// Stored tags, a JSON object as text.
Json tags_of(const std::string& text);

/// nextToken: opaque to clients, a sort key inside. `kind` tells tokens of different lists apart.
std::string make_token(std::string_view kind, std::string_view key);
/// nullopt for no token (absent or empty); InvalidArgument for one that is not ours.
Result<std::optional<std::string>> read_token(std::string_view kind,
                                              const std::optional<std::string>& token);

}  // namespace batchd::api

#include "api/native/search_query.hpp"

#include "batchd/base/duration.hpp"
#include "batchd/base/time_text.hpp"

#include <boost/algorithm/string/case_conv.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

namespace batchd::api::native {
namespace {

constexpr std::string_view kTag = "tag.";
constexpr std::size_t kMaxPage = 1000;

template <class T>
std::optional<T> parse_number(std::string_view text, int base = 10) {
    T value{};
    const auto* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, value, base);
    if (error != std::errc{} || rest != end) return std::nullopt;
    return value;
}

bool is_digits(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// parse_iso8601 cuts the fraction of the second off.
std::optional<Timestamp> parse_iso(std::string_view text) {
    constexpr std::size_t kDate = std::string_view("2026-01-01").size();
    if (text.size() == kDate) return parse_iso8601(std::string(text) + "T00:00:00Z");
    const auto time = parse_iso8601(text);
    const auto dot = text.find('.');
    if (!time || dot == std::string_view::npos) return time;
    auto digits = std::string(text.substr(dot + 1, 3));
    digits.resize(std::min(digits.find_first_not_of("0123456789"), digits.size()));
    digits.resize(3, '0');
    return *time + Milliseconds{parse_number<int>(digits).value_or(0)};
}

Result<std::vector<model::JobStatus>> parse_statuses(std::string_view text) {
    std::vector<model::JobStatus> statuses;
    while (true) {
        const auto comma = std::min(text.find(','), text.size());
        const auto word = boost::algorithm::to_upper_copy(std::string(text.substr(0, comma)));
        const auto status = model::from_string(word, static_cast<model::JobStatus*>(nullptr));
        if (!status) return invalid_argument(fmt::format("status '{}' is not a job status", word));
        statuses.push_back(*status);
        if (comma == text.size()) return statuses;
        text.remove_prefix(comma + 1);
    }
}

/// "foo", or "foo*" for all that begin with foo. Nothing for "*" alone, which all do.
Result<std::optional<store::JobFilter::Name>> parse_name(std::string_view parameter,
                                                         std::string_view text) {
    const auto star = text.find('*');
    if (text.empty() || (star != std::string_view::npos && star + 1 != text.size())) {
        return invalid_argument(fmt::format(
            "{} '{}' must be a name, or the beginning of one and '*' at its end", parameter, text));
    }
    if (text == "*") return std::nullopt;
    return store::JobFilter::Name{.text = std::string(text.substr(0, star)),
                                  .is_prefix = star != std::string_view::npos};
}

/// FNV-1a, which is the same after a restart.
std::uint64_t hash_of(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char c : text) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    }
    return hash ^ hash >> 32U;
}

/// Tells searches apart; the same whatever the order of the parameters.
std::uint32_t search_hash(const http::Request& request) {
    std::set<std::string> parameters;
    for (const auto& [key, value] : request.query) {
        if (key != "cursor" && key != "limit") {
            parameters.insert(fmt::format("{}:{}={}\n", key.size(), key, value));
        }
    }
    std::string text;
    for (const auto& parameter : parameters) text += parameter;
    return static_cast<std::uint32_t>(hash_of(text));
}

std::string cursor_of(std::int64_t seq, std::uint32_t search) {
    const auto body = fmt::format("{:x}-{:08x}", seq, search);
    return fmt::format("{}-{:08x}", body, static_cast<std::uint32_t>(hash_of("cursor " + body)));
}

Result<std::int64_t> parse_cursor(const http::Request& request, std::string_view text) {
    const auto first = text.find('-');
    const auto seq = parse_number<std::int64_t>(text.substr(0, first), 16);
    const auto search = first == std::string_view::npos
                            ? std::nullopt
                            : parse_number<std::uint32_t>(text.substr(first + 1, 8), 16);
    if (!seq || !search || *seq < 0 || cursor_of(*seq, *search) != text) {
        return invalid_argument(fmt::format("cursor '{}' is not one that a search gave", text));
    }
    if (*search != search_hash(request)) {
        return invalid_argument(
            fmt::format("cursor '{}' belongs to a search with other parameters", text));
    }
    return *seq;
}

class Reading {
  public:
    Reading(const http::Request& request, const model::Scope& scope, Timestamp now)
        : request_(request), scope_(scope), now_(now) {}

    Result<store::SearchQuery> run() {
        std::set<std::string_view> seen;
        for (const auto& [key, value] : request_.query) {
            if (!seen.insert(key).second && key != "tag") {
                return invalid_argument(fmt::format("parameter '{}' is there twice", key));
            }
            BATCHD_TRY(take(key, value));
        }
        return std::move(query_);
    }

  private:
    Result<> take(std::string_view key, const std::string& value) {
        if (key.starts_with(kTag) && key.size() > kTag.size()) {
            query_.tags.emplace_back(key.substr(kTag.size()), value);
            return {};
        }
        if (key == "tag") return take_tag(value);
        if (key == "queue") {
            query_.queue = model::name_of(scope_, "job-queue", value);
            return {};
        }
        if (key == "status") return set(query_.statuses, parse_statuses(value));
        if (key == "name") return set(query_.name, parse_name(key, value));
        if (key == "image") return set(query_.image, parse_name(key, value));
        if (key == "definition") return take_definition(value);
        if (key == "exitCode") return take_exit_code(value);
        if (key == "since") return set(query_.since, parse_time(key, value, now_));
        if (key == "until") return set(query_.until, parse_time(key, value, now_));
        if (key == "endedSince") return set(query_.ended_since, parse_time(key, value, now_));
        if (key == "sort") return take_sort(value);
        if (key == "limit") return take_limit(value);
        if (key == "cursor") return set(query_.after, parse_cursor(request_, value));
        return invalid_argument(fmt::format("'{}' is no parameter of a search", key));
    }

    template <class T, class Value>
    static Result<> set(T& member, Result<Value> value) {
        if (!value) return std::unexpected(std::move(value).error());
        member = *std::move(value);
        return {};
    }

    /// "KEY=VALUE", as command lines have it.
    Result<> take_tag(const std::string& value) {
        const auto equals = value.find('=');
        if (equals == std::string::npos || equals == 0) {
            return invalid_argument(fmt::format("tag '{}' is not KEY=VALUE", value));
        }
        query_.tags.emplace_back(value.substr(0, equals), value.substr(equals + 1));
        return {};
    }

    /// Without a revision all of that name.
    Result<> take_definition(const std::string& value) {
        BATCHD_TRY(set(query_.definition,
                       parse_name("definition", model::name_of(scope_, "job-definition", value))));
        if (query_.definition && !query_.definition->is_prefix &&
            !query_.definition->text.contains(':')) {
            query_.definition->text += ':';
            query_.definition->is_prefix = true;
        }
        return {};
    }

    Result<> take_exit_code(const std::string& value) {
        query_.exit_code = parse_number<std::int32_t>(value);
        if (query_.exit_code) return {};
        return invalid_argument(fmt::format("exitCode '{}' is not an integer", value));
    }

    Result<> take_sort(const std::string& value) {
        if (value != "createdAt" && value != "-createdAt") {
            return invalid_argument(
                fmt::format("sort '{}' is not createdAt (the oldest first) or -createdAt", value));
        }
        query_.oldest_first = value == "createdAt";
        return {};
    }

    Result<> take_limit(const std::string& value) {
        const auto limit = parse_number<std::size_t>(value);
        if (!limit || *limit < 1 || *limit > kMaxPage) {
            return invalid_argument(
                fmt::format("limit '{}' is not a number from 1 to {}", value, kMaxPage));
        }
        query_.limit = *limit;
        return {};
    }

    const http::Request& request_;
    const model::Scope& scope_;
    Timestamp now_;
    store::SearchQuery query_;
};

}  // namespace

Result<Timestamp> parse_time(std::string_view parameter, std::string_view text, Timestamp now) {
    constexpr std::int64_t kLastMs = 253'402'300'799'999;  // the year 9999 ends
    std::optional<Timestamp> time;
    if (const auto ago = parse_duration(text)) {
        time = std::max(now - *ago, Timestamp{});
    } else if (is_digits(text)) {
        const auto ms = parse_number<std::int64_t>(text);
        if (ms && *ms <= kLastMs) time = from_epoch_ms(*ms);
    } else {
        time = parse_iso(text);
    }
    if (time) return *time;
    return invalid_argument(fmt::format("{} '{}' is not a time", parameter, text));
}

Result<store::SearchQuery> read_search(const http::Request& request, const model::Scope& scope,
                                       Timestamp now) {
    return Reading(request, scope, now).run();
}

std::string make_cursor(const http::Request& request, std::int64_t seq) {
    return cursor_of(seq, search_hash(request));
}

}  // namespace batchd::api::native

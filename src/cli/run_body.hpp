// What `batchd run` was told, and the body of POST /api/v1/run.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

namespace batchd::cli {

struct RunOptions {
    std::string image{};
    std::string queue{};
    std::string name{};
    std::optional<std::int64_t> vcpus{};
    std::optional<std::int64_t> memory{};
    std::optional<std::int64_t> gpus{};
    std::optional<std::int64_t> attempts{};
    std::optional<std::int64_t> timeout{};
    std::optional<std::int64_t> array_size{};
    std::vector<std::string> environment{};  ///< NAME=VALUE, or NAME of a variable of ours
    std::vector<std::string> tags{};         ///< NAME=VALUE
    std::vector<std::string> depends_on{};
    std::vector<std::string> command{};  ///< empty: the image's
};

/// Only what was given: the daemon knows the defaults. The error is a text for the user.
std::expected<nlohmann::json, std::string> run_body(const RunOptions& options);

}  // namespace batchd::cli

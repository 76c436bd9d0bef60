// The options that all subcommands have, and how a subcommand is added.
#pragma once

#include "cli/client.hpp"
#include "cli/output.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace batchd::cli {

struct CommonOptions {
    std::string url = "http://127.0.0.1:8080";
    Format format = Format::Text;
    std::optional<double> patience_seconds{};

    Client::Settings settings() const;
};

void add_common(CLI::App& command, CommonOptions& options);

/// Where the subcommand that was parsed puts what the process does.
using Chosen = std::move_only_function<int()>;

// Each adds its subcommands to `app`.
void add_run(CLI::App& app, std::vector<std::string> job_command, Chosen& chosen);
void add_wait(CLI::App& app, Chosen& chosen);
void add_logs(CLI::App& app, Chosen& chosen);
void add_jobs(CLI::App& app, Chosen& chosen);
void add_actions(CLI::App& app, Chosen& chosen);
void add_help(CLI::App& app, Chosen& chosen);
void add_completion(CLI::App& app, Chosen& chosen);

}  // namespace batchd::cli

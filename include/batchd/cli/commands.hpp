// The client: `batchd run`, `batchd wait` and the other subcommands that talk to a daemon by HTTP.
// They use nothing of the daemon's own, so that they start at once. Main thread only.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace batchd::cli {

/// Adds the client's subcommands to `app`, which must outlive `chosen`. The one that is parsed sets
/// `chosen`; that returns the exit code of the process.
/// `job_command` is what follows `--` on the command line.
void add_commands(CLI::App& app, std::vector<std::string> job_command,
                  std::move_only_function<int()>& chosen);

/// Of the arguments of `batchd run` those from the first `--` on belong to the job: how many stand
/// before it. All of them for other subcommands.
int own_arguments(int argc, const char* const* argv);

}  // namespace batchd::cli

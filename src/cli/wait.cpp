// batchd wait: until jobs run or have ended, for the exit code of a script.
#include "cli/options.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>

namespace batchd::cli {
namespace {

using Json = nlohmann::json;
using SteadyClock = std::chrono::steady_clock;

/// Of one request; the daemon answers earlier when it is done.
constexpr std::chrono::seconds kLongestPoll{50};

struct Options {
    CommonOptions common{};
    std::vector<std::string> jobs{};
    std::string until = "terminal";
    std::optional<double> timeout{};  ///< seconds
    bool any = false;
};

/// The jobs when they are as wanted, or cannot be any more; `isDone` is false when time ran out.
Outcome<Json> wait(const Options& options, Client& client) {
    using std::chrono::duration;
    const auto limit = duration<double>(options.timeout.value_or(0));
    const auto deadline =
        SteadyClock::now() + std::chrono::duration_cast<SteadyClock::duration>(limit);
    while (true) {
        auto poll = kLongestPoll;
        const auto left = deadline - SteadyClock::now();
        if (options.timeout) {
            const auto seconds = std::chrono::ceil<std::chrono::seconds>(left);
            poll = std::clamp(seconds, std::chrono::seconds{0}, kLongestPoll);
        }
        auto answer = client.send_for_json(post("/api/v1/jobs:wait", {{"jobs", options.jobs},
                                                                      {"until", options.until},
                                                                      {"any", options.any},
                                                                      {"timeout", poll.count()}}));
        if (!answer || answer->value("isDone", false)) return answer;
        if (options.timeout && deadline <= SteadyClock::now()) return answer;
    }
}

int exit_code(const Options& options, const Json& answer) {
    if (!answer.value("isDone", false)) return kWaitedTooLong;
    std::vector<Json> ended;
    const Json& jobs = answer["jobs"];
    std::ranges::copy_if(jobs, std::back_inserter(ended),
                         [](const Json& job) { return job.value("isTerminal", false); });
    if (ended.empty()) return kSucceeded;  // they run
    const int code = exit_code_of(ended);
    const bool tells_one = jobs.size() == 1 || (options.any && ended.size() == 1);
    return tells_one || code == kSucceeded ? code : static_cast<int>(kSomeFailed);
}

int run_wait(const Options& options) {
    Client client(options.common.settings());
    const auto answer = wait(options, client);
    if (!answer) return report(answer.error());
    if (options.common.format == Format::Json) {
        print_json(*answer);
    } else {
        for (const Json& job : (*answer)["jobs"]) {
            print(fmt::format("{}  {}\n", job.value("jobId", ""), summary_of(job)));
        }
    }
    return exit_code(options, *answer);
}

}  // namespace

void add_wait(CLI::App& app, Chosen& chosen) {
    CLI::App* command =
        app.add_subcommand("wait", "Wait for jobs; the exit code tells how they ended");
    auto options = std::make_shared<Options>();
    command->add_option("ID", options->jobs, "The jobs")->required();
    command->add_flag("--any", options->any, "One of the jobs is enough");
    command
        ->add_option("--until", options->until,
                     "running, succeeded (gives up when one fails) or terminal (the default)")
        ->check(CLI::IsMember({"running", "succeeded", "terminal"}))
        ->type_name("STATE");
    command->add_option("--timeout", options->timeout, "Exit with 124 after that time")
        ->type_name("SECONDS")
        ->check(CLI::NonNegativeNumber);
    add_common(*command, options->common);
    command->callback([options, &chosen] { chosen = [options] { return run_wait(*options); }; });
}

}  // namespace batchd::cli

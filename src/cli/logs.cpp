// batchd logs: the output of a job, once or live.
#include "cli/log_follower.hpp"
#include "cli/log_printer.hpp"
#include "cli/options.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <charconv>

namespace batchd::cli {
namespace {

struct Options {
    CommonOptions common{};
    std::string job{};
    std::optional<std::int64_t> attempt{};
    std::optional<std::int64_t> tail{};
    std::string container{};
    bool follow = false;
};

/// The one that the daemon shows when none is named.
Outcome<std::int64_t> newest_attempt(const Options& options, Client& client) {
    std::string path = job_path(options.job, "/logs?tail=0");
    if (!options.container.empty()) path += "&container=" + percent_encode(options.container);
    const auto answer = client.send(Request{.path = std::move(path)});
    if (!answer) return std::unexpected(answer.error());
    const auto text = answer->header("X-Batchd-Log-Attempt");
    std::int64_t attempt = 1;
    std::from_chars(text.data(), text.data() + text.size(), attempt);
    return attempt;
}

int run_logs(const Options& options) {
    Client client(options.common.settings());
    LogPrinter printer(options.common.format);
    auto attempt =
        options.attempt ? Outcome<std::int64_t>(*options.attempt) : newest_attempt(options, client);
    if (!attempt) return report(attempt.error());
    const LogWanted wanted{.job = options.job,
                           .attempt = *attempt,
                           .tail = options.tail,
                           .container = options.container,
                           .follow = options.follow};
    const LogSink sink = [&](std::int64_t number, std::string_view text) {
        printer.take(number, text);
    };
    // A named attempt is followed to its own end, the newest one to that of the job.
    if (options.follow && !options.attempt) {
        const auto job = JobFollower(client, wanted, sink).run();
        return job ? kSucceeded : report(job.error());
    }
    const auto done = LogFollower(client, wanted, sink).run();
    return done ? kSucceeded : report(done.error());
}

}  // namespace

void add_logs(CLI::App& app, Chosen& chosen) {
    CLI::App* command = app.add_subcommand("logs", "Show the output of a job");
    auto options = std::make_shared<Options>();
    command->add_option("ID", options->job, "The job")->required();
    command->add_flag("-f,--follow", options->follow, "Go on until the job has ended");
    command
        ->add_option("--attempt", options->attempt,
                     "Of this attempt only; without it of the newest one, and those after it")
        ->check(CLI::PositiveNumber);
    command->add_option("--tail", options->tail, "Begin with the last lines")
        ->type_name("LINES")
        ->check(CLI::NonNegativeNumber);
    command->add_option("--container", options->container,
                        "Of a job of several; without it the first essential one");
    add_common(*command, options->common);
    command->callback([options, &chosen] { chosen = [options] { return run_logs(*options); }; });
}

}  // namespace batchd::cli

// batchd run: submits a container, shows its output, takes over its exit code.
#include "batchd/base/time.hpp"
#include "batchd/base/uuid.hpp"
#include "cli/interrupts.hpp"
#include "cli/log_follower.hpp"
#include "cli/log_printer.hpp"
#include "cli/options.hpp"
#include "cli/run_body.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <csignal>
#include <cstring>
#include <utility>

namespace batchd::cli {
namespace {

using Json = nlohmann::json;

constexpr int kPollSeconds = 50;

struct Options {
    CommonOptions common{};
    RunOptions job{};
    std::string key{};
    bool detach = false;
    bool detach_on_signal = false;
};

class Run {
  public:
    explicit Run(const Options& options)
        : options_(options), client_(options.common.settings()), printer_(options.common.format) {
        client_.set_interrupt(interrupts_.descriptor());
    }

    int execute();

  private:
    Outcome<> submit();
    int watch();
    Outcome<Json> wait_for_array();
    std::optional<int> handle_signal();
    int finish(const Json& job);
    bool is_text() const { return options_.common.format == Format::Text; }

    const Options& options_;
    Interrupts interrupts_{};
    Client client_;
    LogPrinter printer_;
    std::string id_{};
    int pending_ = 0;  ///< a signal that came while the job was submitted
    int signal_ = 0;   ///< for which the job is being ended
};

int Run::execute() {
    // Who reads our output may go; the job's exit code still counts.
    std::signal(SIGPIPE, SIG_IGN);
    const auto submitted = submit();
    if (!submitted && submitted.error().is_interrupted) {
        note(fmt::format("{} while the daemon did not answer", ::strsignal(pending_)));
        return kSignalBase + pending_;
    }
    if (!submitted) return report(submitted.error());
    if (options_.detach) return kSucceeded;
    return watch();
}

/// The key makes it safe to repeat: the daemon runs the job once. After a signal it is sent once
/// more, so that there is an id to end the job by.
Outcome<> Run::submit() {
    const auto body = run_body(options_.job);
    if (!body) return std::unexpected(Failure{.exit_code = kWrongUse, .message = body.error()});
    Request request = post("/api/v1/run", *body);
    request.headers.emplace_back("Idempotency-Key", options_.key.empty()
                                                        ? to_string(make_uuid(SystemClock{}.now()))
                                                        : options_.key);
    auto answer = client_.send_for_json(request);
    if (!answer && answer.error().is_interrupted) {
        pending_ = interrupts_.take();
        client_.set_patience(std::chrono::milliseconds{0});
        answer = client_.send_for_json(request);
        client_.set_patience(options_.common.settings().patience.value_or(Client::kPatience));
        if (!answer) return std::unexpected(Failure{.is_interrupted = true});
    }
    if (!answer) return std::unexpected(answer.error());
    id_ = answer->value("jobId", "");
    if (!is_text()) {
        Json line = *answer;
        if (!options_.detach) line["event"] = "submitted";
        print_json(line);
    } else if (options_.detach) {
        print(id_ + "\n");
    } else {
        note("job " + id_);
    }
    return {};
}

int Run::watch() {
    JobFollower follower(
        client_, {.job = id_},
        [this](std::int64_t attempt, std::string_view text) { printer_.take(attempt, text); });
    const bool has_log = !options_.job.array_size;
    while (true) {
        if (pending_ != 0) {
            if (const auto code = handle_signal()) return *code;
        }
        const auto job = has_log ? follower.run() : wait_for_array();
        if (job) return finish(*job);
        if (!job.error().is_interrupted) return report(job.error());
        pending_ = interrupts_.take();
    }
}

/// An array has no output of its own.
Outcome<Json> Run::wait_for_array() {
    while (true) {
        auto job = client_.get(job_path(id_, fmt::format("/wait?timeout={}", kPollSeconds)));
        if (!job || job->value("isTerminal", false)) return job;
    }
}

/// Ends the job at the first signal, and us at the second: gives the exit code then.
std::optional<int> Run::handle_signal() {
    const int signal = std::exchange(pending_, 0);
    if (options_.detach_on_signal || signal_ != 0) {
        note(fmt::format("{}: leaving job {} to itself", ::strsignal(signal), id_));
        return kSignalBase + signal;
    }
    signal_ = signal;
    note(fmt::format("{}: ending job {}", ::strsignal(signal), id_));
    const Json reason{
        {"reason", fmt::format("batchd run was ended by a signal: {}", ::strsignal(signal))}};
    const auto ended = client_.send(post(job_path(id_, "/terminate"), reason));
    if (ended || ended.error().exit_code == kConflict) return std::nullopt;  // it has ended
    if (ended.error().is_interrupted) {
        pending_ = interrupts_.take();
        return handle_signal();
    }
    return report(ended.error());
}

int Run::finish(const Json& job) {
    printer_.finish();
    int code = exit_code_of(job);
    if (signal_ != 0 && code == kEnded) code = kSignalBase + signal_;
    if (!is_text()) {
        print_json({{"event", "ended"}, {"exitCode", code}, {"job", job}});
    } else if (code != kSucceeded) {
        note(fmt::format("job {} {}", id_, summary_of(job)));
    }
    return code;
}

void add_job_options(CLI::App& command, RunOptions& job) {
    command.add_option("-i,--image", job.image, "The container image")->required();
    command.add_option("-q,--queue", job.queue, "The job queue; without it 'default'");
    command.add_option("-n,--name", job.name, "The job's name; without it the image's");
    command.add_option("--vcpus", job.vcpus, "vCPUs; without it 1")->check(CLI::PositiveNumber);
    command.add_option("--memory", job.memory, "MiB; without it 512")->check(CLI::PositiveNumber);
    command.add_option("--gpus", job.gpus, "GPUs; without it 0")->check(CLI::NonNegativeNumber);
    command
        .add_option("-e,--env", job.environment,
                    "A variable for the job; NAME alone takes over one of ours")
        ->type_name("NAME[=VALUE]")
        ->allow_extra_args(false);
    command.add_option("--tag", job.tags, "A tag of the job")
        ->type_name("NAME=VALUE")
        ->allow_extra_args(false);
    command.add_option("--attempts", job.attempts, "How often it may be tried; without it 1")
        ->check(CLI::PositiveNumber);
    command.add_option("--timeout", job.timeout, "For how long an attempt may run")
        ->type_name("SECONDS")
        ->check(CLI::PositiveNumber);
    command.add_option("--depends-on", job.depends_on, "A job that must succeed before")
        ->type_name("ID")
        ->allow_extra_args(false);
    command.add_option("--array-size", job.array_size, "Children, if it is an array")
        ->check(CLI::PositiveNumber);
}

}  // namespace

void add_run(CLI::App& app, std::vector<std::string> job_command, Chosen& chosen) {
    CLI::App* command = app.add_subcommand(
        "run",
        "Run a container: show its output live and exit with its code. Its command follows --");
    auto options = std::make_shared<Options>();
    add_job_options(*command, options->job);
    command->add_option("--key", options->key,
                        "Runs the job once, however often it is submitted with this key");
    command->add_flag("-d,--detach", options->detach, "Print the job's id and do not wait for it");
    command->add_flag("--detach-on-signal", options->detach_on_signal,
                      "SIGINT, SIGTERM and SIGHUP leave the job to itself; else they end it");
    add_common(*command, options->common);
    command->callback([options, job_command = std::move(job_command), &chosen] {
        options->job.command = job_command;
        chosen = [options] { return Run(*options).execute(); };
    });
}

}  // namespace batchd::cli

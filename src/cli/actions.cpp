// The subcommands that change a job or a queue: cancel, terminate, hold, release, rerun, pause,
// resume.
#include "cli/options.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace batchd::cli {
namespace {

using Json = nlohmann::json;

struct Action {
    const char* verb;
    const char* description;
    bool is_for_queue = false;
    Client::Repeat repeat = Client::Repeat::Always;
};

constexpr Action kActions[] = {
    {.verb = "cancel", .description = "Cancel jobs that have not started"},
    {.verb = "terminate", .description = "End jobs, whether they have started or not"},
    {.verb = "hold", .description = "Keep waiting jobs from starting"},
    {.verb = "release", .description = "Let held jobs start"},
    {.verb = "rerun",
     .description = "Run ended jobs again; of an array the children that failed",
     .repeat = Client::Repeat::IfNotReceived},
    {.verb = "pause", .description = "Start no more jobs of queues", .is_for_queue = true},
    {.verb = "resume", .description = "Start jobs of paused queues again", .is_for_queue = true},
};

struct Options {
    CommonOptions common{};
    std::vector<std::string> targets{};
    std::string reason{};
};

std::string path_of(const Action& action, const std::string& target) {
    const std::string verb = std::string("/") + action.verb;
    return action.is_for_queue ? "/api/v1/queues/" + percent_encode(target) + verb
                               : job_path(target, verb);
}

void show(const Json& answer, const std::string& target, Format format) {
    if (format == Format::Json) {
        print_json(answer);
        return;
    }
    const std::string id = answer.value("jobId", target);  // of a re-run the new job's
    const std::string status = answer.value("status", "");
    print(status.empty() ? id + "\n" : fmt::format("{}  {}\n", id, status));
}

/// One that fails does not keep the others from being done.
int run_action(const Action& action, const Options& options) {
    Client client(options.common.settings());
    Json body = Json::object();
    if (!options.reason.empty()) body["reason"] = options.reason;
    int code = kSucceeded;
    for (const std::string& target : options.targets) {
        const auto answer =
            client.send_for_json(post(path_of(action, target), body), action.repeat);
        if (answer) {
            show(*answer, target, options.common.format);
        } else {
            code = report(answer.error());
        }
    }
    return code == kSucceeded || options.targets.size() == 1 ? code : static_cast<int>(kSomeFailed);
}

}  // namespace

void add_actions(CLI::App& app, Chosen& chosen) {
    for (const Action& action : kActions) {
        CLI::App* command = app.add_subcommand(action.verb, action.description);
        auto options = std::make_shared<Options>();
        command
            ->add_option(action.is_for_queue ? "QUEUE" : "ID", options->targets,
                         action.is_for_queue ? "The job queues" : "The jobs")
            ->required();
        command->add_option("--reason", options->reason, "Kept with the job or queue");
        add_common(*command, options->common);
        command->callback([&action, options, &chosen] {
            chosen = [&action, options] { return run_action(action, *options); };
        });
    }
}

}  // namespace batchd::cli

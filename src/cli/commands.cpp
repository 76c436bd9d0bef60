#include "batchd/cli/commands.hpp"

#include "cli/options.hpp"

#include <CLI/CLI.hpp>

#include <cstring>

namespace batchd::cli {

Client::Settings CommonOptions::settings() const {
    Client::Settings settings{.url = url};
    if (patience_seconds) {
        settings.patience =
            std::chrono::milliseconds{static_cast<std::int64_t>(*patience_seconds * 1000)};
    }
    return settings;
}

void add_common(CLI::App& command, CommonOptions& options) {
    const std::map<std::string, Format> formats{{"text", Format::Text}, {"json", Format::Json}};
    command.add_option("--url", options.url, "The daemon's address")
        ->envname("BATCHD_URL")
        ->capture_default_str()
        ->check(CLI::Validator(
            [](const std::string& url) -> std::string {
                if (url.starts_with("http://") || url.starts_with("https://")) return {};
                return "'" + url + "' must begin with http:// or https://";
            },
            "URL"));
    command.add_option("-o,--output", options.format, "text or json")
        ->transform(CLI::Transformer(formats))
        ->type_name("FORMAT");
    command
        .add_option("--retry-for", options.patience_seconds,
                    "For how long a daemon that does not answer is tried again; without it 5 s, "
                    "and 5 min once it has answered")
        ->type_name("SECONDS")
        ->check(CLI::NonNegativeNumber);
}

void add_commands(CLI::App& app, std::vector<std::string> job_command, Chosen& chosen) {
    add_run(app, std::move(job_command), chosen);
    add_wait(app, chosen);
    add_logs(app, chosen);
    add_jobs(app, chosen);
    add_actions(app, chosen);
    add_completion(app, chosen);
    add_help(app, chosen);
}

int own_arguments(int argc, const char* const* argv) {
    if (argc < 2 || std::strcmp(argv[1], "run") != 0) return argc;
    for (int i = 2; i < argc; ++i) {
        if (std::strcmp(argv[i], "--") == 0) return i;
    }
    return argc;
}

}  // namespace batchd::cli

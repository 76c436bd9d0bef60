#include "batchd/cli/commands.hpp"
#include "batchd/daemon/daemon.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <string_view>
#include <unistd.h>

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX gives no header for it

namespace batchd::daemon {
namespace {

constexpr int kWrongUse = 2;

std::map<std::string, std::string> environment() {
    std::map<std::string, std::string> variables;
    for (char** entry = environ; *entry; ++entry) {
        const std::string_view text = *entry;
        if (const auto equals = text.find('='); equals != std::string_view::npos) {
            variables.emplace(text.substr(0, equals), text.substr(equals + 1));
        }
    }
    return variables;
}

struct ServeFlags {
    std::string config;
    std::string listen;
    std::string data_dir;
    std::string docker_host;
};

config::Sources sources_of(const ServeFlags& flags) {
    config::Sources sources;
    if (!flags.config.empty()) sources.file = flags.config;
    sources.environment = environment();
    const auto add = [&](const char* flag, const char* key, const std::string& text) {
        if (!text.empty()) sources.flags.push_back({.origin = flag, .key = key, .text = text});
    };
    add("--listen", "http.listen", flags.listen);
    add("--data-dir", "daemon.data_dir", flags.data_dir);
    add("--docker-host", "docker.host", flags.docker_host);
    return sources;
}

int report(const Error& error, int status) {
    fmt::print(stderr, "batchd: {}\n", error.message);
    return status;
}

int run_serve(const ServeFlags& flags, const MakeRuntime& make_runtime) {
    const auto config = config::load(sources_of(flags));
    if (!config) return report(config.error(), kWrongUse);
    const auto served = serve(*config, make_runtime);
    return served ? 0 : report(served.error(), 1);
}

int run_check(const std::string& file) {
    const auto config = config::load({.file = file, .environment = environment(), .flags = {}});
    if (!config) return report(config.error(), kWrongUse);
    fmt::print("{}: the configuration is valid\n", file);
    return 0;
}

int run_show(const ServeFlags& flags) {
    const auto config = config::load(sources_of(flags));
    if (!config) return report(config.error(), kWrongUse);
    fmt::print("{}", config::to_toml(*config));
    return 0;
}

void add_flags(CLI::App& command, ServeFlags& flags) {
    command.add_option("--config", flags.config, "Configuration file (TOML)");
    command.add_option("--listen", flags.listen, "ADDRESS:PORT; port 0 picks a free one");
    command.add_option("--data-dir", flags.data_dir, "Folder for the database and the logs");
    command.add_option("--docker-host", flags.docker_host,
                       "Docker Engine, unix:///path or tcp://host:port");
}

}  // namespace

int run(int argc, char** argv, const MakeRuntime& make_runtime) {
    CLI::App app{"batchd: AWS Batch that you run yourself"};
    app.require_subcommand(1);
    app.set_version_flag("--version", "batchd " BATCHD_VERSION);
    std::move_only_function<int()> chosen;
    ServeFlags flags;
    CLI::App* serve_command = app.add_subcommand("serve", "Run the daemon");
    add_flags(*serve_command, flags);
    serve_command->callback([&] { chosen = [&] { return run_serve(flags, make_runtime); }; });
    CLI::App* config_command = app.add_subcommand("config", "Check or show the configuration");
    config_command->require_subcommand(1);
    CLI::App* check = config_command->add_subcommand("check", "Check a configuration file");
    std::string file;
    check->add_option("FILE", file, "Configuration file (TOML)")->required();
    check->callback([&] { chosen = [&] { return run_check(file); }; });
    CLI::App* show = config_command->add_subcommand("show", "Show the configuration in effect");
    add_flags(*show, flags);
    show->callback([&] { chosen = [&] { return run_show(flags); }; });
    const int own = cli::own_arguments(argc, argv);
    std::vector<std::string> job_command(argv + std::min(own + 1, argc), argv + argc);
    cli::add_commands(app, std::move(job_command), chosen);
    try {
        app.parse(own, argv);
    } catch (const CLI::ParseError& e) {
        return app.exit(e) == 0 ? 0 : kWrongUse;
    }
    return chosen();
}

}  // namespace batchd::daemon

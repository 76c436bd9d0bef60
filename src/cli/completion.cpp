// batchd completion: a script for the shell, made from the options themselves. batchd help.
#include "cli/options.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace batchd::cli {
namespace {

/// Names of the options and subcommands of one command.
std::string words_of(const CLI::App& command) {
    std::string words;
    const auto add = [&](const std::string& word) { words += (words.empty() ? "" : " ") + word; };
    for (const CLI::App* subcommand : command.get_subcommands({})) add(subcommand->get_name());
    for (const CLI::Option* option : command.get_options()) {
        for (const std::string& name : option->get_lnames()) add("--" + name);
        for (const std::string& name : option->get_snames()) add("-" + name);
    }
    return words;
}

/// A case of the shell for the command and those below it; `path` is "batchd config show".
void add_cases(std::string& script, const CLI::App& command, const std::string& path) {
    script += fmt::format("        '{}') offers='{}' ;;\n", path, words_of(command));
    for (const CLI::App* subcommand : command.get_subcommands({})) {
        add_cases(script, *subcommand, path + " " + subcommand->get_name());
    }
}

/// What follows `--` is the job's command: files, as the shell completes them. In zsh `path` and
/// `words` would be more than variables.
constexpr std::string_view kHead = R"(# completion for batchd
_batchd() {
    local current=${COMP_WORDS[COMP_CWORD]} chosen=batchd offers='' word i
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [ "$word" = -- ]; then
            COMPREPLY=($(compgen -f -- "$current"))
            return
        fi
        case "$chosen $word" in
)";
constexpr std::string_view kMiddle = R"( chosen="$chosen $word" ;;
        esac
    done
    case "${COMP_WORDS[COMP_CWORD - 1]}" in
        -o | --output) COMPREPLY=($(compgen -W 'text json' -- "$current")); return ;;
        --until) [ "$chosen" = 'batchd wait' ] &&
            COMPREPLY=($(compgen -W 'running succeeded terminal' -- "$current")) && return ;;
        --config) COMPREPLY=($(compgen -f -- "$current")); return ;;
    esac
    case "$chosen" in
)";
constexpr std::string_view kTail = R"(    esac
    COMPREPLY=($(compgen -W "$offers" -- "$current"))
}
complete -F _batchd batchd
)";

void add_paths(std::string& pattern, const CLI::App& command, const std::string& path) {
    for (const CLI::App* subcommand : command.get_subcommands({})) {
        const std::string below = path + " " + subcommand->get_name();
        pattern += (pattern.empty() ? "            '" : " | '") + below + "'";
        add_paths(pattern, *subcommand, below);
    }
}

std::string script_for(const CLI::App& app, const std::string& shell) {
    std::string pattern;
    add_paths(pattern, app, "batchd");
    std::string cases;
    add_cases(cases, app, "batchd");
    const std::string_view first =
        shell == "zsh" ? "autoload -U +X bashcompinit && bashcompinit\n" : "";
    return fmt::format("{}{}{}){}{}{}", first, kHead, pattern, kMiddle, cases, kTail);
}

int show_help(const CLI::App& app, const std::vector<std::string>& names) {
    const CLI::App* command = &app;
    for (const std::string& name : names) {
        const auto below = command->get_subcommands({});
        const auto found = std::ranges::find(below, name, &CLI::App::get_name);
        if (found != below.end()) {
            command = *found;
            continue;
        }
        note("there is no command '" + name + "'; batchd help lists them");
        return kWrongUse;
    }
    std::string path = "batchd";
    for (const std::string& name : names) path += " " + name;
    // Not App::help, which goes on to the subcommand that was parsed: this one.
    print(command->get_formatter()->make_help(command, path, CLI::AppFormatMode::Normal));
    return kSucceeded;
}

}  // namespace

void add_completion(CLI::App& app, Chosen& chosen) {
    CLI::App* command = app.add_subcommand("completion", "Print a completion script for a shell");
    auto shell = std::make_shared<std::string>();
    command->add_option("SHELL", *shell, "bash or zsh")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh"}));
    command->callback([shell, &app, &chosen] {
        chosen = [shell, &app] {
            print(script_for(app, *shell));
            return kSucceeded;
        };
    });
}

void add_help(CLI::App& app, Chosen& chosen) {
    CLI::App* command = app.add_subcommand("help", "Show the options of a command");
    auto names = std::make_shared<std::vector<std::string>>();
    command->add_option("COMMAND", *names, "The command");
    command->callback(
        [names, &app, &chosen] { chosen = [names, &app] { return show_help(app, *names); }; });
}

}  // namespace batchd::cli

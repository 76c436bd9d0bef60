// batchd jobs and batchd explain: what there is, and why it waits.
#include "batchd/base/json.hpp"
#include "cli/options.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <array>

namespace batchd::cli {
namespace {

using json::Json;

/// An option and the query parameter of GET /api/v1/jobs that it sets.
struct Filter {
    const char* option;
    const char* parameter;
    const char* type;
    const char* description;
};

constexpr auto kFilters = std::to_array<Filter>({
    {"-q,--queue", "queue", "QUEUE", "Of this job queue"},
    {"-s,--status", "status", "STATUS", "In this status; several with commas between them"},
    {"-n,--name", "name", "NAME", "With this name; NAME* for those that begin so"},
    {"--tag", "tag", "NAME=VALUE", "With this tag; may be repeated"},
    {"--image", "image", "IMAGE", "Of this image; IMAGE* for those that begin so"},
    {"--definition", "definition", "NAME", "Of this job definition"},
    {"--exit-code", "exitCode", "CODE", "Whose newest attempt ended with this code"},
    {"--since", "since", "TIME", "Submitted since then: 2h, 7d, 2026-11-21, ISO 8601"},
    {"--until", "until", "TIME", "Submitted before then"},
    {"--ended-since", "endedSince", "TIME", "Ended since then"},
    {"--sort", "sort", "ORDER", "createdAt: the oldest first"},
    {"--limit", "limit", "COUNT", "At most so many"},
    {"--cursor", "cursor", "CURSOR", "Go on after a page that gave this cursor"},
});

struct Options {
    CommonOptions common{};
    std::array<std::vector<std::string>, kFilters.size()> filters{};
    std::string job{};
};

/// The daemon's parameter of a tag is tag.NAME.
std::string parameter_of(const Filter& filter, std::string_view value) {
    const bool is_tag = std::string_view(filter.parameter) == "tag";
    const auto equals = value.find('=');
    if (!is_tag || equals == value.npos) {
        return fmt::format("{}={}", filter.parameter, percent_encode(value));
    }
    return fmt::format("tag.{}={}", percent_encode(value.substr(0, equals)),
                       percent_encode(value.substr(equals + 1)));
}

std::string query_of(const Options& options) {
    std::string query;
    for (std::size_t i = 0; i < kFilters.size(); ++i) {
        for (const std::string& value : options.filters[i]) {
            query += (query.empty() ? '?' : '&') + parameter_of(kFilters[i], value);
        }
    }
    return query;
}

/// As a table where the daemon has one.
int show(const std::string& path, const CommonOptions& common) {
    const bool is_text = common.format == Format::Text;
    Client client(common.settings());
    const auto answer =
        client.send(Request{.path = path,
                            .headers = {{"Accept", is_text ? "text/plain, application/json;q=0.5"
                                                           : "application/json"}}});
    if (!answer) return report(answer.error());
    const auto document = json::parse(answer->body);
    const bool is_json = answer->header("Content-Type").starts_with("application/json");
    print(is_text && is_json && document ? to_text(*document) : answer->body);
    return kSucceeded;
}

}  // namespace

void add_jobs(CLI::App& app, Chosen& chosen) {
    CLI::App* jobs = app.add_subcommand("jobs", "List jobs, live and ended ones");
    auto options = std::make_shared<Options>();
    for (std::size_t i = 0; i < kFilters.size(); ++i) {
        jobs->add_option(kFilters[i].option, options->filters[i], kFilters[i].description)
            ->type_name(kFilters[i].type)
            ->allow_extra_args(false);
    }
    add_common(*jobs, options->common);
    jobs->callback([options, &chosen] {
        chosen = [options] { return show("/api/v1/jobs" + query_of(*options), options->common); };
    });

    CLI::App* explain = app.add_subcommand("explain", "Tell why a job waits");
    auto of_explain = std::make_shared<Options>();
    explain->add_option("ID", of_explain->job, "The job")->required();
    add_common(*explain, of_explain->common);
    explain->callback([options = of_explain, &chosen] {
        chosen = [options] { return show(job_path(options->job, "/explain"), options->common); };
    });
}

}  // namespace batchd::cli

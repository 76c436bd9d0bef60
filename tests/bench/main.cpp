// batchd_bench --batchd BINARY --scratch FOLDER --json FILE [SECTION]…
// Run by scripts/bench.
#include "bare_server.hpp"
#include "null_runtime.hpp"
#include "sections.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <functional>

namespace batchd::bench {
namespace {

struct Section {
    std::string name;
    std::function<Result<>(const Setup&, Report&)> measure;
};

const std::vector<Section>& sections() {
    static const std::vector<Section> all{
        {"engine", measure_engine},         {"submit", measure_submit},
        {"reads", measure_reads},           {"dashboards", measure_dashboards},
        {"search", measure_search},         {"events", measure_events},
        {"latency", measure_start_latency}, {"containers", measure_containers},
        {"scaling", measure_scaling},       {"throughput", measure_throughput},
        {"million", measure_million},       {"growth", measure_growth},
        {"hosts", measure_hosts},
    };
    return all;
}

/// 0: all targets met; 1: one was missed; 2: something could not be measured.
int measure(const Setup& setup, const std::vector<std::string>& chosen, const std::string& json) {
    Report report;
    bool complete = true;
    for (const auto& section : sections()) {
        if (!chosen.empty() && std::ranges::find(chosen, section.name) == chosen.end()) continue;
        if (auto measured = section.measure(setup, report); !measured) {
            fmt::print(stderr, "{}: {}\n", section.name, measured.error().message);
            complete = false;
        }
    }
    fmt::print("\n{}", report.table());
    if (auto written = report.write_json(json); !written) {
        fmt::print(stderr, "{}\n", written.error().message);
        complete = false;
    }
    if (!complete) return 2;
    return report.all_met() ? 0 : 1;
}

int run(int argc, char** argv) {
    CLI::App app("Measures batchd.");
    Setup setup{.batchd = {}, .self = "/proc/self/exe", .scratch = {}};
    std::string json;
    std::vector<std::string> chosen;
    std::vector<std::string> names;
    for (const auto& section : sections()) names.push_back(section.name);
    app.add_option("--batchd", setup.batchd)->required()->expected(1)->check(CLI::ExistingFile);
    app.add_option("--scratch", setup.scratch)->required()->check(CLI::ExistingDirectory);
    app.add_option("--json", json)->required();
    app.add_option("section", chosen)->check(CLI::IsMember(names));
    CLI11_PARSE(app, argc, argv);
    return measure(setup, chosen, json);
}

}  // namespace
}  // namespace batchd::bench

int main(int argc, char** argv) {
    using namespace batchd::bench;
    const std::string_view what = argc > 1 ? argv[1] : "";
    if (what == "bare-server") return serve_bare();
    if (what == kNullDaemon) return serve_null(argc - 1, argv + 1);
    return run(argc, argv);
}

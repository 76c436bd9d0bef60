#include "api/explain_document.hpp"

#include <fmt/format.h>

namespace batchd::api {
namespace {

std::string text_in(const Json& object, const char* member) {
    const auto found = object.find(member);
    return found == object.end() ? std::string() : found->get<std::string>();
}

void add_position(const Json& position, std::string& out) {
    const bool is_exact = position["exact"].get<bool>();
    out += fmt::format("position: {}{} before it of {} that wait", is_exact ? "" : "at least ",
                       position["before"].get<std::int64_t>(),
                       position["waiting"].get<std::int64_t>());
    if (position.contains("head")) out += ", at the head job " + text_in(position, "head");
    const auto others = position["inQueuesOfHigherPriority"].get<std::int64_t>();
    if (others > 0) out += fmt::format("; {} in queues of higher priority", others);
    out += '\n';
}

void add_obstacles(const Json& obstacles, const std::string& indent, std::string& out) {
    for (const auto& obstacle : obstacles) out += indent + "- " + text_in(obstacle, "text") + '\n';
}

void add_environment(const Json& environment, std::string& out) {
    out += "environment " + text_in(environment, "name") + ":";
    out += fmt::format(" {} {}", text_in(environment, "state"), text_in(environment, "status"));
    if (environment.contains("maxVcpus")) {
        out += fmt::format(", uses {} of {} vCPUs", environment["usedVcpus"].get<double>(),
                           environment["maxVcpus"].get<double>());
    }
    out += '\n';
    add_obstacles(environment["obstacles"], "  ", out);
    for (const auto& host : environment["hosts"]) {
        const bool is_free = host["obstacles"].empty();
        out += "  host " + text_in(host, "name") + ": " + text_in(host, "status");
        out += is_free ? ", has room\n" : "\n";
        add_obstacles(host["obstacles"], "    ", out);
    }
    if (environment.contains("scaling")) {
        const auto& scaling = environment["scaling"];
        out += fmt::format("  scaling: {} instances boot, {} are being launched",
                           scaling["instancesBooting"].get<std::int64_t>(),
                           scaling["instancesLaunching"].get<std::int64_t>());
        for (const char* member : {"unserved", "trouble"}) {
            if (scaling.contains(member)) out += "; " + text_in(scaling, member);
        }
        out += '\n';
    }
}

void add_dependencies(const Json& dependencies, std::string& out) {
    for (const auto& dependency : dependencies) {
        out += fmt::format("waits for: job {} ({})", text_in(dependency, "jobId"),
                           text_in(dependency, "status"));
        const auto reason = text_in(dependency, "statusReason");
        out += (reason.empty() ? "" : ": " + reason) + "\n";
    }
}

void add_run(const Json& run, std::string& out) {
    out += fmt::format("attempt {} on host {} ({})", run["attempt"].get<int>(),
                       text_in(run, "host"), text_in(run, "hostStatus"));
    if (run.contains("startingSeconds")) {
        out += fmt::format(", STARTING for {} s: {}", run["startingSeconds"].get<std::int64_t>(),
                           text_in(run, "doing"));
    }
    out += '\n';
}

}  // namespace

std::string explain_text(const Json& document) {
    std::string out = fmt::format("job {} ({}) in queue {}: {}\n", text_in(document, "jobId"),
                                  text_in(document, "jobName"), text_in(document, "jobQueue"),
                                  text_in(document, "status"));
    if (document.contains("statusReason")) out += text_in(document, "statusReason") + '\n';
    if (document.contains("ended")) out += text_in(document, "ended") + '\n';
    if (document.contains("run")) add_run(document["run"], out);
    if (document.contains("dependencies")) add_dependencies(document["dependencies"], out);
    if (document.contains("position")) add_position(document["position"], out);
    if (!document.contains("computeEnvironments")) return out;
    add_obstacles(document["obstacles"], "", out);
    for (const auto& environment : document["computeEnvironments"]) {
        add_environment(environment, out);
    }
    const auto& ways = document["wouldStartIf"];
    if (ways.empty()) {
        out += "would start if: nothing that is known; see the obstacles above\n";
        return out;
    }
    const bool is_pending = document["status"] != "RUNNABLE";
    for (const auto& way : ways) {
        out += is_pending                          ? "would be RUNNABLE if: "
               : way["changesJobOnly"].get<bool>() ? "would start now if it asked for: "
                                                   : "would start if: ";
        out += text_in(way, "text") + '\n';
    }
    return out;
}

}  // namespace batchd::api

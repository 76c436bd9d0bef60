#include "daemon/configured_hosts.hpp"

#include "batchd/base/log.hpp"
#include "batchd/base/uuid.hpp"

#include <algorithm>
#include <set>

namespace batchd::daemon {
namespace {

void execute(engine::Engine& engine, core::Event event, std::string what) {
    engine.execute(std::move(event), [what = std::move(what)](const Result<core::Reply>& reply) {
        if (!reply) log::error("{}: {}", what, reply.error().message);
    });
}

/// The environments of hosts, where there are none.
void make_environments(engine::Engine& engine, const std::vector<config::Host>& hosts,
                       Timestamp now) {
    const auto view = engine.view();
    std::set<std::string> known;
    for (const auto& host : hosts) {
        if (view->find_environment(host.environment) || !known.insert(host.environment).second) {
            continue;
        }
        model::ComputeEnvironment document;
        document.compute_environment_name = host.environment;
        document.type = "UNMANAGED";
        document.state = "ENABLED";
        execute(engine,
                core::CreateEnvironment{.document = std::move(document),
                                        .uuid = batchd::to_string(make_uuid(now)),
                                        .tags = "{}"},
                "compute environment " + host.environment + " of the configuration");
    }
}

void drop_vanished(engine::Engine& engine, const std::vector<config::Host>& hosts) {
    for (const auto& host : engine.view()->hosts) {
        if (!host.row || host.row->origin != model::HostOrigin::Configured) continue;
        const bool is_listed = std::ranges::any_of(
            hosts, [&](const config::Host& entry) { return entry.document.name == host.name; });
        if (is_listed) continue;
        const std::string what = "host " + host.name + ", which the configuration has no more";
        log::info("{}: drains and goes", what);
        if (host.row->document.state != "DRAINING") {
            execute(
                engine,
                core::DrainHost{.environment = host.environment, .host = host.name, .deadline = {}},
                what);
        }
        execute(engine,
                core::DeleteHost{.environment = host.environment,
                                 .host = host.name,
                                 .origin = model::HostOrigin::Configured},
                what);
    }
}

}  // namespace

void apply_hosts(engine::Engine& engine, const std::vector<config::Host>& hosts, Timestamp now) {
    drop_vanished(engine, hosts);
    make_environments(engine, hosts, now);
    for (const auto& host : hosts) {
        execute(engine,
                core::PutHost{.environment = host.environment,
                              .document = host.document,
                              .origin = model::HostOrigin::Configured},
                "host " + host.document.name + " of the configuration");
    }
}

}  // namespace batchd::daemon

// Docker hosts in memory: containers outlive the engine, progress at random, and tell it late,
// twice or, if it is gone, not at all.
#pragma once

#include "batchd/core/events.hpp"
#include "batchd/ports/container_runtime.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace batchd::sim {

class FakeDocker final : public ports::ContainerRuntime {
  public:
    struct Container {
        std::string host;
        model::Resources resources;
        std::vector<std::string> gpus;
        bool is_running = true;
        int exit_code = 0;
        bool stop_requested = false;
    };

    /// `others` are hosts that are there when they are connected.
    FakeDocker(std::mt19937_64& random, std::map<std::string, model::Resources> local,
               std::map<std::string, model::Resources> others = {})
        : capacity(std::move(local)), random_(random) {
        for (const auto& [name, resources] : capacity) local_.insert(name);
        capacity.merge(others);
        for (const auto& [name, resources] : capacity) up.insert(name);
        connected = local_;
    }

    // The engine's side.
    void start(ports::StartAttempt attempt) override {
        if (process_is_dying) return;
        expect_connected(attempt);
        starting_[attempt.id] = std::move(attempt);
    }
    void stop(model::AttemptId id, Seconds) override {
        if (process_is_dying) return;
        if (starting_.erase(id) > 0) {
            tell_end(id, std::nullopt, "Task failed to start");
        } else if (const auto found = containers.find(id); found != containers.end()) {
            found->second.stop_requested = true;
        }
    }
    void forget(model::AttemptId id) override {
        if (process_is_dying) return;
        drop(id);
    }
    void connect(model::Host host) override {
        if (process_is_dying) return;
        if (!connected.insert(host.name).second) return;
        std::erase_if(containers, [&](const auto& c) {  // orphans of an earlier time
            return c.second.host == host.name && !tracked_.contains(c.first);
        });
        tell_host(host.name);
    }
    void disconnect(std::string name) override {
        if (process_is_dying || connected.erase(name) == 0) return;
        std::vector<model::AttemptId> gone;
        for (const auto& [id, container] : containers) {
            if (container.host == name) gone.push_back(id);
        }
        for (const auto& [id, attempt] : starting_) {
            if (attempt.host == name) gone.push_back(id);
        }
        for (const auto& id : gone) {
            if (up.contains(name)) {
                drop(id);
            } else {  // it runs on, unseen
                tracked_.erase(id);
                starting_.erase(id);
            }
        }
    }
    void adopt(std::vector<model::Host> hosts, std::vector<Adopt> attempts) override {
        adopt_hosts(std::move(hosts));
        starting_.clear();
        tracked_.clear();
        std::set<model::AttemptId> expected;
        for (auto& adopt : attempts) {
            expected.insert(adopt.attempt.id);
            adopt_one(std::move(adopt));
        }
        std::erase_if(containers, [&](const auto& c) { return !expected.contains(c.first); });
    }

    // The world's side.
    /// The daemon's process died: it knows nothing any more, its unread news are gone.
    void process_died() {
        ended_.clear();
        starting_.clear();
        tracked_.clear();
        news.clear();
        connected = local_;
        process_is_dying = false;
    }
    /// Something happens on some host.
    void progress() {
        if (!starting_.empty() && chance(0.5)) progress_start();
        if (!containers.empty() && chance(0.5)) progress_container();
    }
    void toggle_host(const std::string& name) {
        if (up.erase(name) == 0) up.insert(name);
        tell_host(name);
    }
    void tell_host(const std::string& name) {
        if (!connected.contains(name)) return;
        if (up.contains(name)) {
            news.emplace_back(core::HostUp{
                .host = name, .capacity = capacity.at(name), .gpus = gpus_to_tell(name)});
        } else {
            news.emplace_back(core::HostDown{.host = name, .reason = "down"});
        }
    }
    model::Resources used(const std::string& host) const {
        model::Resources sum;
        for (const auto& [id, container] : containers) {
            if (container.host == host && container.is_running) sum += container.resources;
        }
        return sum;
    }

    std::map<std::string, model::Resources> capacity;
    std::map<std::string, std::vector<std::string>> gpus;  ///< by host
    bool gpus_are_steady = false;  ///< else hosts come up with another order, or one missing
    std::set<std::string> up;
    std::set<std::string> connected;
    int starts_on_unknown_hosts = 0;
    std::map<model::AttemptId, Container> containers;
    std::map<model::AttemptId, int> runs;  ///< how often each attempt really ran
    std::vector<core::Event> news;
    std::function<void(const ports::StartAttempt&)> on_run;
    bool process_is_dying = false;  ///< what the engine asks for is lost
    double failure_rate = 0.2;

  private:
    void drop(const model::AttemptId& id) {
        starting_.erase(id);
        containers.erase(id);
        tracked_.erase(id);
        ended_.erase(id);
    }

    void expect_connected(const ports::StartAttempt& attempt) {
        if (!connected.contains(attempt.host)) ++starts_on_unknown_hosts;
    }

    void adopt_hosts(std::vector<model::Host> hosts) {
        std::set<std::string> wanted = local_;
        for (const auto& host : hosts) wanted.insert(host.name);
        const auto known = connected;
        for (const auto& name : known) {
            if (!wanted.contains(name)) disconnect(name);
        }
        for (const auto& host : hosts) {
            if (connected.insert(host.name).second) tell_host(host.name);
        }
    }

    bool chance(double p) { return std::uniform_real_distribution<>(0, 1)(random_) < p; }
    template <class Map>
    auto pick(Map& map) {
        return std::next(map.begin(), static_cast<std::ptrdiff_t>(random_() % map.size()));
    }

    std::vector<std::string> gpus_to_tell(const std::string& host) {
        auto list = gpus[host];
        if (gpus_are_steady || list.empty()) return list;
        std::ranges::shuffle(list, random_);
        if (chance(0.3)) list.pop_back();
        return list;
    }

    void adopt_one(Adopt adopt) {
        const model::AttemptId id = adopt.attempt.id;
        expect_connected(adopt.attempt);
        if (const auto told = ended_.find(id); told != ended_.end()) {
            news.emplace_back(told->second);  // as the runtime, which knows that it ended
            return;
        }
        const auto found = containers.find(id);
        if (found == containers.end()) {
            if (adopt.was_running) {
                tell_end(id, std::nullopt, "Host EC2 (instance lost) terminated.");
            } else if (adopt.stop_with_grace) {
                tell_end(id, std::nullopt, "Task failed to start");
            } else {
                starting_[id] = std::move(adopt.attempt);
            }
            return;
        }
        tracked_.insert(id);
        if (adopt.stop_with_grace) found->second.stop_requested = true;
        tell_start(id);
        if (!found->second.is_running) {
            tell_end(id, found->second.exit_code, "Essential container in task exited");
        }
    }

    void progress_start() {
        const auto next = pick(starting_);
        const auto [id, attempt] = *next;
        if (!up.contains(attempt.host)) return;
        starting_.erase(next);
        if (chance(failure_rate / 4)) {
            tell_end(id, std::nullopt, "Task failed to start");
            return;
        }
        ++runs[id];
        on_run(attempt);
        containers[id] = {
            .host = attempt.host, .resources = attempt.resources, .gpus = attempt.gpus};
        tracked_.insert(id);
        tell_start(id);
    }

    void progress_container() {
        const auto next = pick(containers);
        auto& [id, container] = *next;
        if (!container.is_running || !up.contains(container.host)) return;
        container.is_running = false;
        container.exit_code = container.stop_requested ? 137 : chance(failure_rate) ? 1 : 0;
        if (tracked_.contains(id)) {
            tell_end(id, container.exit_code, "Essential container in task exited");
        }
    }

    void tell_start(const model::AttemptId& id) {
        tell(core::AttemptStarted{.id = id,
                                  .container_id = "c",
                                  .started_at = now,
                                  .containers{},
                                  .address = "10.0.0." + std::to_string(-id.job.part)});
    }
    void tell_end(const model::AttemptId& id, std::optional<int> code, const char* reason) {
        model::AttemptOutcome outcome;
        outcome.exit_code = code;
        outcome.status_reason = reason;
        outcome.stopped_at = now;
        const core::AttemptEnded ended{.id = id, .outcome = outcome};
        ended_[id] = ended;
        tell(ended);
    }
    void tell(const core::Event& event) {
        news.push_back(event);
        if (chance(0.1)) news.push_back(event);  // news may come twice
    }

  public:
    Timestamp now{};

  private:
    std::mt19937_64& random_;
    std::set<std::string> local_;
    std::map<model::AttemptId, ports::StartAttempt> starting_;
    std::set<model::AttemptId> tracked_;
    std::map<model::AttemptId, core::AttemptEnded> ended_;  ///< told, and not forgotten
};

}  // namespace batchd::sim

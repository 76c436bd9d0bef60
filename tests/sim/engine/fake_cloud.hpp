// A provider of capacity in memory: it outlives the engine, remembers tokens, launches fewer
// instances than were asked for or none, loses answers, and takes instances away.
#pragma once

#include "batchd/core/events.hpp"
#include "batchd/model/instance_catalogue.hpp"
#include "batchd/ports/capacity_provider.hpp"
#include "fake_docker.hpp"

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace batchd::sim {

class FakeCloud final : public ports::CapacityProvider {
  public:
    struct Instance {
        std::string type;
        bool is_up = false;
    };

    FakeCloud(std::mt19937_64& random, FakeDocker& docker) : random_(random), docker_(docker) {}

    // The engine's side.
    void launch(ports::LaunchRequest request, const model::ComputeEnvironment&) override {
        if (process_is_dying && chance(0.5)) return;  // the request did not even leave
        auto result = carry_out(request);
        if (!process_is_dying) news.emplace_back(std::move(result));
    }
    void terminate(std::vector<std::string> ids) override {
        if (process_is_dying) return;
        for (const auto& id : ids) end(id, "terminated by batchd");
    }
    void adopt(std::vector<OpenLaunch> launches, std::vector<model::InstanceRow> rows) override {
        std::set<std::string> known;
        for (const auto& row : rows) {
            known.insert(row.id);
            if (!instances.contains(row.id)) {
                news.emplace_back(core::InstanceGone{.id = row.id, .reason = "it is not there"});
            } else if (row.status == model::InstanceStatus::Terminating) {
                end(row.id, "terminated by batchd");
            } else if (row.status == model::InstanceStatus::Booting && instances[row.id].is_up) {
                tell_ready(row.id);
            }
        }
        for (const auto& open : launches) {
            auto result = carry_out(open.request);
            for (const auto& instance : result.instances) known.insert(instance.id);
            news.emplace_back(std::move(result));
        }
        const auto all = instances;
        for (const auto& [id, instance] : all) {
            if (!known.contains(id)) forget(id);  // an orphan
        }
    }

    // The world's side.
    void process_died() {
        news.clear();
        process_is_dying = false;
    }
    void progress() {
        const auto all = instances;
        for (const auto& [id, instance] : all) {
            if (!instance.is_up && chance(0.5) && chance(1 - failure_rate)) {
                come_up(id);
            } else if (chance(failure_rate / 10)) {
                end(id, "Server.SpotInstanceTermination");
            } else if (instance.is_up && chance(failure_rate / 10)) {
                news.emplace_back(core::InstanceLeaving{.id = id, .at = now + Seconds{120}});
            }
        }
    }
    std::int64_t vcpus() const {
        std::int64_t sum = 0;
        for (const auto& [id, instance] : instances) sum += catalogue.find(instance.type)->vcpus;
        return sum;
    }

    model::InstanceCatalogue catalogue = model::InstanceCatalogue::embedded();
    std::map<std::string, Instance> instances;  ///< those that cost money
    std::vector<core::Event> news;
    bool process_is_dying = false;  ///< answers are lost
    double failure_rate = 0.2;
    Timestamp now{};

  private:
    bool chance(double p) { return std::uniform_real_distribution<>(0, 1)(random_) < p; }

    /// The same for the same token.
    core::InstancesLaunched carry_out(const ports::LaunchRequest& request) {
        const auto [known, is_new] = answers_.try_emplace(request.token);
        if (!is_new) {
            auto answer = known->second;
            answer.decision = request.decision;
            return answer;
        }
        core::InstancesLaunched answer{
            .decision = request.decision, .instances = {}, .failure = {}};
        for (std::int64_t i = 0; i < request.count && !chance(failure_rate); ++i) {
            answer.instances.push_back({.id = "i-" + std::to_string(++last_id_),
                                        .type = request.type,
                                        .zone = request.zone});
            instances[answer.instances.back().id].type = request.type;
        }
        if (std::ssize(answer.instances) < request.count) answer.failure = some_failure();
        known->second = answer;
        return answer;
    }

    core::InstancesLaunched::Failure some_failure() {
        core::InstancesLaunched::Failure failure{
            .offer = std::nullopt, .is_configuration = false, .message = "RequestLimitExceeded"};
        if (chance(0.5)) {
            failure.offer = core::OfferError::Capacity;
            failure.message = "InsufficientInstanceCapacity";
        } else if (chance(0.2)) {
            failure.is_configuration = true;
            failure.message = "InvalidSubnetID.NotFound";
        }
        return failure;
    }

    void come_up(const std::string& id) {
        instances[id].is_up = true;
        docker_.capacity[id] = model::usable_resources(*catalogue.find(instances[id].type));
        docker_.up.insert(id);
        tell_ready(id);
    }
    void tell_ready(const std::string& id) {
        model::Host host;
        host.name = id;
        host.url = "tcp://127.0.0.1:2376";
        news.emplace_back(core::InstanceReady{.id = id, .host = std::move(host)});
    }
    void forget(const std::string& id) {
        instances.erase(id);
        docker_.up.erase(id);
        std::erase_if(docker_.containers, [&](const auto& c) { return c.second.host == id; });
    }
    void end(const std::string& id, std::string reason) {
        forget(id);
        news.emplace_back(core::InstanceGone{.id = id, .reason = std::move(reason)});
    }

    std::mt19937_64& random_;
    FakeDocker& docker_;
    std::map<std::string, core::InstancesLaunched> answers_;  ///< by token
    std::int64_t last_id_ = 0;
};

}  // namespace batchd::sim

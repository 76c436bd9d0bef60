// Gives each attempt to the runtime that carries it out. Any thread that both take.
#pragma once

#include "batchd/ports/container_runtime.hpp"

#include <utility>

namespace batchd::runtime {

class Router final : public ports::ContainerRuntime {
  public:
    /// Both must outlive it.
    Router(ports::ContainerRuntime& docker, ports::ContainerRuntime& fargate)
        : docker_(docker), fargate_(fargate) {}

    void start(ports::StartAttempt attempt) override {
        (attempt.fargate ? fargate_ : docker_).start(std::move(attempt));
    }
    void stop(model::AttemptId id, Seconds grace) override {
        docker_.stop(id, grace);  // one of them does not know it
        fargate_.stop(id, grace);
    }
    void forget(model::AttemptId id) override {
        docker_.forget(id);
        fargate_.forget(id);
    }
    void connect(model::Host host) override { docker_.connect(std::move(host)); }
    void disconnect(std::string name) override { docker_.disconnect(std::move(name)); }
    void adopt(std::vector<model::Host> hosts, std::vector<Adopt> attempts) override {
        std::vector<Adopt> on_docker;
        std::vector<Adopt> on_fargate;
        for (auto& entry : attempts) {
            (entry.attempt.fargate ? on_fargate : on_docker).push_back(std::move(entry));
        }
        docker_.adopt(std::move(hosts), std::move(on_docker));
        fargate_.adopt({}, std::move(on_fargate));
    }

  private:
    ports::ContainerRuntime& docker_;
    ports::ContainerRuntime& fargate_;
};

}  // namespace batchd::runtime

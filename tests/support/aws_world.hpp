// The world around an AWS client, in a test's hands: environment, files, clock, pauses.
#pragma once

#include "batchd/aws/settings.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>

namespace batchd::testing {

/// The machine's time and what a test adds to it.
class ShiftedClock final : public Clock {
  public:
    Timestamp now() const override {
        return std::chrono::time_point_cast<Milliseconds>(std::chrono::system_clock::now()) +
               shift_.load();
    }
    void shift(Milliseconds by) { shift_ = shift_.load() + by; }

  private:
    std::atomic<Milliseconds> shift_{Milliseconds{0}};
};

class AwsWorld {
  public:
    AwsWorld() {
        std::string pattern = ::testing::TempDir() + "batchd-aws-XXXXXX";
        folder = ::mkdtemp(pattern.data());
        variables["AWS_CONFIG_FILE"] = folder / "config";
        variables["AWS_SHARED_CREDENTIALS_FILE"] = folder / "credentials";
        variables["AWS_EC2_METADATA_DISABLED"] = "true";
    }
    ~AwsWorld() { std::filesystem::remove_all(folder); }
    AwsWorld(const AwsWorld&) = delete;
    AwsWorld& operator=(const AwsWorld&) = delete;

    std::string write(const std::string& name, const std::string& text) const {
        std::ofstream(folder / name) << text;
        return folder / name;
    }
    void set_keys(const std::string& id, const std::string& secret) {
        variables["AWS_ACCESS_KEY_ID"] = id;
        variables["AWS_SECRET_ACCESS_KEY"] = secret;
    }

    /// Refers to this object. Pauses are noted, and take no time.
    aws::Outside outside(aws::Transport& transport) {
        return {.transport = transport,
                .clock = clock,
                .variable = [this](const std::string& name) -> std::optional<std::string> {
                    const auto found = variables.find(name);
                    if (found == variables.end()) return std::nullopt;
                    return found->second;
                },
                .random = [this] { return random; },
                .sleep =
                    [this](Milliseconds time) {
                        const std::scoped_lock lock(mutex);
                        sleeps.push_back(time);
                        return true;
                    },
                .run =
                    [this](const std::vector<std::string>& command) {
                        commands.push_back(command);
                        return command_output;
                    }};
    }

    std::filesystem::path folder;
    std::map<std::string, std::string> variables;
    ShiftedClock clock;
    double random = 0.5;
    std::mutex mutex;
    std::vector<Milliseconds> sleeps;
    std::vector<std::vector<std::string>> commands;
    Result<std::string> command_output = "{}";
};

/// Answers as a test says, and notes what was asked.
class ScriptedTransport final : public aws::Transport {
  public:
    using Script = std::function<Result<aws::HttpResponse>(const aws::HttpRequest&)>;
    explicit ScriptedTransport(Script script = {}) : script_(std::move(script)) {}

    Result<aws::HttpResponse> send(const aws::HttpRequest& request) override {
        requests.push_back(request);
        if (!script_) return fail(ErrorKind::Unavailable, "nobody is there");
        return script_(request);
    }
    std::vector<aws::HttpRequest> requests;

  private:
    Script script_;
};

}  // namespace batchd::testing

// The daemon as the subcommands see it: requests that are repeated until it answers, and errors
// that carry the exit code. One thread.
#pragma once

#include "cli/exit_code.hpp"
#include "cli/http_client.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <expected>
#include <functional>
#include <optional>
#include <random>
#include <string>

namespace batchd::cli {

struct Failure {
    int exit_code = kWrongUse;
    std::string message{};
    std::string hint{};
    int status = 0;               ///< of HTTP; 0: no answer
    bool is_interrupted = false;  ///< a signal waits to be taken
};

template <class T = void>
using Outcome = std::expected<T, Failure>;

class Client {
  public:
    struct Settings {
        std::string url = "http://127.0.0.1:8080";
        /// How long a daemon that does not answer is asked again; without one it is
        /// kFirstPatience, and kPatience once it has answered.
        std::optional<std::chrono::milliseconds> patience{};
        bool tells_waits = true;  ///< on stderr
    };
    static constexpr std::chrono::seconds kFirstPatience{5};
    static constexpr std::chrono::minutes kPatience{5};

    enum class Repeat {
        Always,         ///< the request may be carried out twice
        IfNotReceived,  ///< only while the daemon has got nothing of it
    };

    explicit Client(Settings settings);

    /// From now on requests and waits end when the descriptor becomes readable; -1: none.
    void set_interrupt(int descriptor) { interrupt_ = descriptor; }
    void set_patience(std::chrono::milliseconds patience) { settings_.patience = patience; }

    /// Asks until the daemon answers; `make` is called for each try. An answer with an error status
    /// is a Failure. 429 and 503 are tried again.
    Outcome<Response> send(const std::function<Request()>& make, Repeat repeat = Repeat::Always);
    Outcome<Response> send(Request request, Repeat repeat = Repeat::Always);
    /// The answer's document.
    Outcome<nlohmann::json> send_for_json(Request request, Repeat repeat = Repeat::Always);
    Outcome<nlohmann::json> get(const std::string& path);

    const std::string& url() const { return http_.url(); }

  private:
    struct Failures;
    std::expected<Response, NoAnswer> try_once(Request request, bool& made_progress);
    /// False if the patience is at its end; Failure if interrupted.
    Outcome<bool> pause(Failures& failures, const std::string& why);

    Settings settings_;
    HttpClient http_;
    int interrupt_ = -1;
    bool has_answered_ = false;
    std::minstd_rand random_;
};

/// "/api/v1/jobs/<id>" and what follows.
std::string job_path(const std::string& id, const std::string& rest = {});

/// A JSON body.
Request post(std::string path, const nlohmann::json& body);

}  // namespace batchd::cli

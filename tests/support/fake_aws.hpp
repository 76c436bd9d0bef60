// A stand-in for AWS on a port of this machine, which a test can tell to fail in every way: it
// throttles, answers HTML, cuts bodies, loses answers. Every signature is checked.
#pragma once

#include "batchd/net/sigv4.hpp"

#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace batchd::testing {

class FakeAws {
  public:
    /// What came, after its signature was found right (or there was none).
    struct Request {
        std::string method;
        std::string path;
        std::string query;
        net::HeaderList headers;
        std::string body;
        std::string operation;      ///< of X-Amz-Target or Action: "GetParameter"
        std::string access_key_id;  ///< empty for a request that is not signed
        net::SigningScope scope;

        /// Empty if there is none; `name` in lower case.
        std::string header(const std::string& name) const;
        /// The value of a member of a form, decoded; empty if there is none.
        std::string form(const std::string& name) const;
    };
    struct Answer {
        int status = 200;
        std::string body{};
        net::HeaderList headers{};
        bool lost = false;     ///< the connection is closed without an answer
        bool cut = false;      ///< only half of the body comes
        bool is_slow = false;  ///< no answer until the client gives up
    };
    using Script = std::function<Answer(const Request&)>;

    explicit FakeAws(Script script);
    ~FakeAws();
    FakeAws(const FakeAws&) = delete;
    FakeAws& operator=(const FakeAws&) = delete;

    std::string url() const;
    std::vector<Request> requests() const;  ///< in the order of their arrival
    int connections() const;

    /// Keys that are known; any thread.
    void add_key(const net::AwsKeys& keys);
    /// What the clock of this AWS differs from the machine's.
    void set_clock(Seconds ahead);

    static Answer json(const std::string& body, int status = 200);
    static Answer json_error(const std::string& code, const std::string& message, int status = 400);
    static Answer xml(const std::string& body, int status = 200);
    static Answer ec2_error(const std::string& code, const std::string& message, int status = 400);
    static Answer html(int status);

  private:
    void accept_loop();
    void serve(int connection);
    Answer answer(Request& request);
    bool reply(int connection, const Answer& answer);

    Script script_;
    int listener_ = -1;
    int port_ = 0;
    mutable std::mutex mutex_;
    std::vector<Request> requests_;  ///< this and what follows: guarded by mutex_
    std::vector<net::AwsKeys> keys_;
    std::vector<int> open_;
    int connections_ = 0;
    Seconds ahead_{0};
    std::thread thread_;
};

}  // namespace batchd::testing

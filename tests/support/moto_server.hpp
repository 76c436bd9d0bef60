// moto_server, which stands in for AWS: the installed one, or the one that scripts/setup made.
#pragma once

#include <string>
#include <sys/types.h>

namespace batchd::testing {

class MotoServer {
  public:
    /// One for the whole process. Ends the process with a message if there is none.
    static MotoServer& shared();
    ~MotoServer();
    MotoServer(const MotoServer&) = delete;
    MotoServer& operator=(const MotoServer&) = delete;

    const std::string& url() const { return url_; }

  private:
    MotoServer();
    void start(const std::string& program);

    pid_t pid_ = -1;
    std::string log_;
    std::string url_;
};

}  // namespace batchd::testing

#include "support/moto_server.hpp"

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace batchd::testing {
namespace {

using namespace std::chrono_literals;

void exec_moto(const std::string& program, const std::string& log) {
    const int file = ::open(log.c_str(), O_WRONLY | O_APPEND);
    ::dup2(file, STDOUT_FILENO);
    ::dup2(file, STDERR_FILENO);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::setenv("PYTHONUNBUFFERED", "1", 1);
    ::execlp(program.c_str(), program.c_str(), "--host", "127.0.0.1", "--port", "0", nullptr);
    ::_exit(127);
}

/// The text between "Running on " and the end of the line; empty as long as it is not there.
std::string announced(const std::string& log) {
    std::ifstream in(log);
    const std::string text(std::istreambuf_iterator<char>(in), {});
    const std::string words = "Running on ";
    const auto at = text.find(words);
    const auto end = text.find('\n', at);
    if (at == std::string::npos || end == std::string::npos) return {};
    return text.substr(at + words.size(), end - at - words.size());
}

}  // namespace

MotoServer& MotoServer::shared() {
    static MotoServer server;
    return server;
}

MotoServer::MotoServer() {
    std::string pattern = "/tmp/batchd-moto.XXXXXX";
    ::close(::mkstemp(pattern.data()));
    log_ = pattern;
    for (const std::string program :
         {"moto_server", BATCHD_SOURCE_DIR "/build/moto/bin/moto_server"}) {
        start(program);
        if (!url_.empty()) return;
    }
    std::fprintf(stderr, "moto_server does not start (scripts/setup installs it): see %s\n",
                 log_.c_str());
    std::exit(1);
}

void MotoServer::start(const std::string& program) {
    pid_ = ::fork();
    if (pid_ == 0) exec_moto(program, log_);
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (url_.empty()) {
        url_ = announced(log_);
        if (std::chrono::steady_clock::now() > deadline) return;
        if (::waitpid(pid_, nullptr, WNOHANG) != 0) {
            pid_ = -1;
            return;
        }
        std::this_thread::sleep_for(20ms);
    }
    // "http://127.0.0.1:5000"; a press of CTRL+C is spoken of in the next line.
    url_ = url_.substr(0, url_.find_first_of(" \r"));
}

MotoServer::~MotoServer() {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    std::error_code ignored;
    std::filesystem::remove(log_, ignored);
}

}  // namespace batchd::testing

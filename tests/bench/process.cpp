#include "process.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <memory>
#include <sstream>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace batchd::bench {
namespace {

[[noreturn]] void become(const Command& command, int stdout_pipe) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // nothing of ours stays if the bench is interrupted
    const int log = ::open(command.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    ::dup2(log, STDERR_FILENO);
    ::dup2(stdout_pipe, STDOUT_FILENO);
    for (const auto& [name, value] : command.environment) {
        ::setenv(name.c_str(), value.c_str(), 1);
    }
    std::vector<char*> arguments;
    arguments.reserve(command.arguments.size() + 1);
    for (const auto& argument : command.arguments) {
        arguments.push_back(const_cast<char*>(argument.c_str()));  // execv changes nothing
    }
    arguments.push_back(nullptr);
    ::execv(arguments.front(), arguments.data());
    ::_exit(127);
}

/// The port at the end of "… listening on http://127.0.0.1:40123"; 0 if there is no such line.
std::uint16_t read_port(int pipe) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> stream(::fdopen(pipe, "r"), std::fclose);
    char line[512];
    while (stream && std::fgets(line, sizeof line, stream.get())) {
        const char* colon = std::strrchr(line, ':');
        if (colon && std::strstr(line, "listening on http://")) {
            return static_cast<std::uint16_t>(std::atoi(colon + 1));
        }
    }
    return 0;
}

}  // namespace

std::chrono::milliseconds cpu_time(pid_t pid) {
    std::ifstream stat(fmt::format("/proc/{}/stat", pid));
    std::string text;
    std::getline(stat, text);
    std::istringstream fields(text.substr(text.rfind(')') + 2));
    std::string skipped;
    for (int i = 0; i < 11; ++i) fields >> skipped;
    long long user = 0;
    long long system = 0;
    fields >> user >> system;
    return std::chrono::milliseconds{(user + system) * 1000 / ::sysconf(_SC_CLK_TCK)};
}

std::int64_t bytes_written(pid_t pid) {
    std::ifstream io(fmt::format("/proc/{}/io", pid));
    std::string name;
    std::int64_t value = 0;
    while (io >> name >> value) {
        if (name == "write_bytes:") return value;
    }
    return 0;
}

double resident_mib(pid_t pid) {
    std::ifstream statm(fmt::format("/proc/{}/statm", pid));
    std::int64_t all_pages = 0;
    std::int64_t resident_pages = 0;
    statm >> all_pages >> resident_pages;
    return static_cast<double>(resident_pages * ::sysconf(_SC_PAGESIZE)) / (1024.0 * 1024.0);
}

std::size_t raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

Result<Process> Process::start(const Command& command) {
    int pipes[2];
    if (::pipe2(pipes, O_CLOEXEC) != 0) return fail(ErrorKind::Internal, std::strerror(errno));
    const pid_t pid = ::fork();
    if (pid < 0) return fail(ErrorKind::Internal, std::strerror(errno));
    if (pid == 0) become(command, pipes[1]);
    ::close(pipes[1]);
    Process process(pid, read_port(pipes[0]));
    if (process.port_ != 0) return process;
    return fail(ErrorKind::Unavailable,
                command.arguments.front() + " does not start: see " + command.log_file);
}

Process::~Process() { end(SIGTERM); }

void Process::kill() { end(SIGKILL); }

void Process::end(int signal) {
    if (pid_ < 0) return;
    ::kill(pid_, signal);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
}

}  // namespace batchd::bench

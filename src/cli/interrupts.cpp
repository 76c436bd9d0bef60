#include "cli/interrupts.hpp"

#include "batchd/base/result.hpp"

#include <csignal>
#include <sys/signalfd.h>
#include <unistd.h>

namespace batchd::cli {
namespace {

sigset_t watched() {
    sigset_t set;
    ::sigemptyset(&set);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        struct sigaction action{};
        ::sigaction(signal, nullptr, &action);
        if (action.sa_handler != SIG_IGN) ::sigaddset(&set, signal);
    }
    return set;
}

}  // namespace

Interrupts::Interrupts() {
    const sigset_t set = watched();
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    descriptor_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    BATCHD_CHECK(descriptor_ >= 0, "a process that begins has descriptors left");
}

Interrupts::~Interrupts() {
    ::close(descriptor_);
    const sigset_t set = watched();
    ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
}

int Interrupts::take() {
    signalfd_siginfo info{};
    const auto size = ::read(descriptor_, &info, sizeof info);
    return size == sizeof info ? static_cast<int>(info.ssi_signo) : 0;
}

}  // namespace batchd::cli

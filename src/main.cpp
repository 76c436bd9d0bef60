#include "batchd/daemon/daemon.hpp"

#include <cstdio>
#include <exception>
#include <malloc.h>

int main(int argc, char** argv) {
    // Each of glibc's arenas keeps what a large request needed once: with one per thread, a hundred
    // megabytes. Fewer than four cost SubmitJob a tenth of its speed.
    mallopt(M_ARENA_MAX, 4);
    try {
        return batchd::daemon::run(argc, argv);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "batchd: unexpected failure: %s\n", e.what());
        return 1;
    }
}

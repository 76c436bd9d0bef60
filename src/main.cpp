#include "batchd/daemon/daemon.hpp"

#include <cstdio>
#include <exception>

int main(int argc, char** argv) {
    try {
        return batchd::daemon::run(argc, argv);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "batchd: unexpected failure: %s\n", e.what());
        return 1;
    }
}

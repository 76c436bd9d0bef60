// Tells threads that wait in poll() to give up.
#pragma once

#include "batchd/base/descriptor.hpp"
#include "batchd/base/result.hpp"

#include <sys/eventfd.h>

namespace batchd {

/// Any thread. Once set, it stays so.
class StopEvent {
  public:
    StopEvent() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
        BATCHD_CHECK(event_.get() >= 0, "the daemon begins with descriptors to spare");
    }

    void set() { (void)::eventfd_write(event_.get(), 1); }
    int descriptor() const { return event_.get(); }  ///< readable once set

  private:
    Descriptor event_;
};

}  // namespace batchd

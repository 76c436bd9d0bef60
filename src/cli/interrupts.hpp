// SIGINT, SIGTERM and SIGHUP as something to poll for.
#pragma once

namespace batchd::cli {

/// While it lives these signals do not end the process, except those that it was started to ignore
/// (nohup, a shell's background job): they stay ignored. Before other threads start; one at a time.
class Interrupts {
  public:
    Interrupts();
    ~Interrupts();
    Interrupts(const Interrupts&) = delete;
    Interrupts& operator=(const Interrupts&) = delete;

    /// Readable while a signal waits to be taken.
    int descriptor() const { return descriptor_; }
    /// The number of one that came; 0 for none.
    int take();

  private:
    int descriptor_;
};

}  // namespace batchd::cli

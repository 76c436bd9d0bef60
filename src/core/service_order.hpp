// The order in which the waiting jobs of one queue are served: the share with the lowest usage
// first, inside a share by WaitKey.
#pragma once

#include "batchd/core/state.hpp"

#include <optional>
#include <queue>
#include <vector>

namespace batchd::core {

/// The entry of a bucket whose turn it is.
struct Candidate {
    WaitKey key;
    ShareIndex share;
    ShapeIndex shape;
    JobIndex job;
    friend bool operator>(const Candidate& a, const Candidate& b) { return a.key > b.key; }
};

/// Begins with the first entry of each bucket; the others come by put(). The state must outlive it.
class ServiceOrder {
  public:
    ServiceOrder(const State& state, const Queue& queue, Timestamp now);

    /// Takes out the one that is served next; what is not put back is served no more.
    std::optional<Candidate> next();
    void put(const Candidate& candidate);
    /// A job of the share is served: the share's turn comes later.
    void charge(ShareIndex share, MilliVcpu amount);

  private:
    struct Stream {
        double weight = 1;
        double usage = 0;
        std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> heads;
    };
    bool comes_before(const Stream& a, const Stream& b) const;

    std::vector<Stream> streams_;  ///< by ShareIndex
};

}  // namespace batchd::core

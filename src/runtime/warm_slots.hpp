// The warm slots of one host: which are there, and which of them are idle.
#pragma once

#include "batchd/model/ids.hpp"
#include "batchd/ports/container_runtime.hpp"
#include "runtime/signal.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <vector>

namespace batchd::runtime {

class WarmSlot;

/// Who can share a slot: attempts of one array with the same limits, which an attempt after one
/// that ran out of memory does not have.
struct SlotKey {
    model::JobId array;
    std::int64_t milli_vcpu = 0;
    std::int64_t memory_mib = 0;

    static SlotKey of(const ports::StartAttempt& attempt);
    friend auto operator<=>(const SlotKey&, const SlotKey&) = default;
};

/// Calls on the strand.
class WarmSlots {
  public:
    explicit WarmSlots(boost::asio::any_io_executor strand) : changed_(std::move(strand)) {}

    /// Until remove(); it is not idle.
    void add(std::shared_ptr<WarmSlot> slot);
    /// Whose container is gone.
    void remove(const std::shared_ptr<WarmSlot>& slot);

    /// An idle one, the last that was in use, so that those too many go; or nullptr.
    std::shared_ptr<WarmSlot> take(const SlotKey& key);
    void put(std::shared_ptr<WarmSlot> slot);          ///< it is idle
    void drop(const std::shared_ptr<WarmSlot>& slot);  ///< it is not idle any more

    /// The way to the Engine is none for slots: for a while none are to be made.
    void refuse();
    bool are_refused() const { return boost::asio::steady_timer::clock_type::now() < not_before_; }

    void discard_all();
    /// Until there is none, but no longer than `deadline`.
    boost::asio::awaitable<void> emptied(boost::asio::steady_timer::time_point deadline);
    /// Forgets them: the host is closed.
    void close();

  private:
    std::set<std::shared_ptr<WarmSlot>> all_;
    std::map<SlotKey, std::vector<std::shared_ptr<WarmSlot>>> idle_;
    Signal changed_;
    boost::asio::steady_timer::time_point not_before_{};
};

}  // namespace batchd::runtime

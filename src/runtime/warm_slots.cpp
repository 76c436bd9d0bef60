#include "runtime/warm_slots.hpp"

#include "runtime/warm_slot.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace batchd::runtime {

namespace {

constexpr Seconds kNextTry{60};

}  // namespace

SlotKey SlotKey::of(const ports::StartAttempt& attempt) {
    return {.array = attempt.id.job.whole(),
            .milli_vcpu = attempt.resources.vcpu.value,
            .memory_mib = attempt.resources.memory.value};
}

void WarmSlots::add(std::shared_ptr<WarmSlot> slot) { all_.insert(std::move(slot)); }

void WarmSlots::remove(const std::shared_ptr<WarmSlot>& slot) {
    all_.erase(slot);
    changed_.notify_all();
}

std::shared_ptr<WarmSlot> WarmSlots::take(const SlotKey& key) {
    const auto found = idle_.find(key);
    if (found == idle_.end()) return nullptr;
    auto slot = std::move(found->second.back());
    found->second.pop_back();
    if (found->second.empty()) idle_.erase(found);
    return slot;
}

void WarmSlots::put(std::shared_ptr<WarmSlot> slot) {
    auto& list = idle_[slot->key()];
    list.push_back(std::move(slot));
}

void WarmSlots::drop(const std::shared_ptr<WarmSlot>& slot) {
    const auto found = idle_.find(slot->key());
    if (found == idle_.end()) return;
    std::erase(found->second, slot);
    if (found->second.empty()) idle_.erase(found);
}

void WarmSlots::refuse() { not_before_ = boost::asio::steady_timer::clock_type::now() + kNextTry; }

void WarmSlots::discard_all() {
    const auto all = all_;
    for (const auto& slot : all) slot->discard();
}

boost::asio::awaitable<void> WarmSlots::emptied(boost::asio::steady_timer::time_point deadline) {
    while (!all_.empty()) {
        const auto left = deadline - boost::asio::steady_timer::clock_type::now();
        if (left <= left.zero()) co_return;
        co_await changed_.wait_for(std::chrono::ceil<Milliseconds>(left));
    }
}

void WarmSlots::close() {
    idle_.clear();
    for (const auto& slot : std::exchange(all_, {})) slot->host_closed();
    changed_.notify_all();
}

}  // namespace batchd::runtime

#include "core/service_order.hpp"

#include "core/decisions.hpp"

namespace batchd::core {

ServiceOrder::ServiceOrder(const State& state, const Queue& queue, Timestamp now)
    : streams_(queue.shares.size()) {
    for (std::uint32_t i = 0; i < queue.shares.size(); ++i) {
        const Share& share = queue.shares[i];
        if (share.waiting.empty()) continue;
        streams_[i].weight = share.weight;
        streams_[i].usage = usage_of(state, queue, share, now);
        for (const auto& [shape, bucket] : share.waiting) {
            const auto& [key, job] = *bucket.entries.begin();
            put({.key = key, .share = ShareIndex{i}, .shape = shape, .job = job});
        }
    }
}

std::optional<Candidate> ServiceOrder::next() {
    Stream* first = nullptr;
    for (Stream& stream : streams_) {
        if (!stream.heads.empty() && (!first || comes_before(stream, *first))) first = &stream;
    }
    if (!first) return std::nullopt;
    const Candidate candidate = first->heads.top();
    first->heads.pop();
    return candidate;
}

void ServiceOrder::put(const Candidate& candidate) {
    streams_[candidate.share.value].heads.push(candidate);
}

void ServiceOrder::charge(ShareIndex share, MilliVcpu amount) {
    Stream& stream = streams_[share.value];
    stream.usage += stream.weight * static_cast<double>(amount.value) / 1000;
}

bool ServiceOrder::comes_before(const Stream& a, const Stream& b) const {
    if (a.usage != b.usage) return a.usage < b.usage;
    return a.heads.top().key < b.heads.top().key;
}

}  // namespace batchd::core

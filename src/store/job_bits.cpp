#include "store/job_bits.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace batchd::store {

bool JobBits::empty() const {
    return std::ranges::all_of(words_, [](std::uint64_t word) { return word == 0; });
}

std::size_t JobBits::count() const {
    return std::accumulate(words_.begin(), words_.end(), std::size_t{0},
                           [](std::size_t sum, std::uint64_t word) {
                               return sum + static_cast<std::size_t>(std::popcount(word));
                           });
}

JobBits& JobBits::operator&=(const JobBits& other) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
    return *this;
}

JobBits& JobBits::operator|=(const JobBits& other) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
    return *this;
}

void JobBits::clip(std::size_t first, std::size_t last) {
    JobBits kept;
    each(true, [&](std::size_t place) {
        if (place >= first && place <= last) kept.add(place);
        return place < last;
    });
    *this = kept;
}

std::string JobBits::encode() const {
    std::string bytes;
    if (count() * sizeof(std::uint16_t) < sizeof words_) {
        each(true, [&](std::size_t place) {
            const auto number = static_cast<std::uint16_t>(place);
            bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
            return true;
        });
    } else {
        bytes.assign(reinterpret_cast<const char*>(words_.data()), sizeof words_);
    }
    return bytes;
}

bool JobBits::decode(std::string_view bytes, JobBits& bits) {
    bits = {};
    if (bytes.size() == sizeof bits.words_) {
        std::memcpy(bits.words_.data(), bytes.data(), bytes.size());
        return true;
    }
    if (bytes.size() > sizeof bits.words_ || bytes.size() % sizeof(std::uint16_t) != 0) {
        return false;
    }
    for (std::size_t i = 0; i < bytes.size(); i += sizeof(std::uint16_t)) {
        std::uint16_t place = 0;
        std::memcpy(&place, bytes.data() + i, sizeof place);
        if (place >= kJobs) return false;
        bits.add(place);
    }
    return true;
}

}  // namespace batchd::store

// A set of jobs out of one block of the search index: the jobs whose seq begins alike.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace batchd::store {

class JobBits {
  public:
    static constexpr std::int64_t kJobs = 4096;  // of a block
    static std::int64_t block_of(std::int64_t seq) { return seq / kJobs; }
    static std::size_t place_of(std::int64_t seq) { return static_cast<std::size_t>(seq % kJobs); }

    void add(std::size_t place) { words_[place / 64] |= bit(place); }
    void remove(std::size_t place) { words_[place / 64] &= ~bit(place); }
    bool contains(std::size_t place) const { return (words_[place / 64] & bit(place)) != 0; }
    bool empty() const;
    std::size_t count() const;

    JobBits& operator&=(const JobBits& other);
    JobBits& operator|=(const JobBits& other);
    /// Keeps the places from `first` to `last`.
    void clip(std::size_t first, std::size_t last);

    /// Calls `on_place(std::size_t)`, from the first place up or from the last one down, until it
    /// returns false.
    template <class OnPlace>
    bool each(bool is_ascending, OnPlace on_place) const {
        for (std::size_t i = 0; i < words_.size(); ++i) {
            const std::size_t at = is_ascending ? i : words_.size() - 1 - i;
            for (std::uint64_t word = words_[at]; word != 0;) {
                const int shift =
                    is_ascending ? std::countr_zero(word) : 63 - std::countl_zero(word);
                word &= ~(std::uint64_t{1} << shift);
                if (!on_place(at * 64 + static_cast<std::size_t>(shift))) return false;
            }
        }
        return true;
    }

    /// As stored: a few places as 16-bit numbers, many as a bit for each place.
    std::string encode() const;
    /// False if `bytes` are none that encode() gives.
    static bool decode(std::string_view bytes, JobBits& bits);

    friend bool operator==(const JobBits&, const JobBits&) = default;

  private:
    static std::uint64_t bit(std::size_t place) { return std::uint64_t{1} << (place % 64); }

    std::array<std::uint64_t, kJobs / 64> words_{};
};

}  // namespace batchd::store

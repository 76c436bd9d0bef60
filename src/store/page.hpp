// How queries with cursors know whether more follows: they ask for one row more than the page has.
#pragma once

#include "batchd/store/reader.hpp"

#include <algorithm>
#include <limits>

namespace batchd::store {

/// The LIMIT of the query.
inline std::int64_t one_more(std::size_t limit) {
    constexpr std::size_t kMost = std::numeric_limits<std::int64_t>::max() - 1;
    return static_cast<std::int64_t>(std::min(limit, kMost)) + 1;
}

/// `items` without the row too many; `key_of(item)` is the cursor after an item.
template <class Item, class KeyOf>
auto make_page(std::vector<Item> items, std::size_t limit, KeyOf key_of) {
    Page<Item, decltype(key_of(items.front()))> page{.items = std::move(items), .next = {}};
    if (page.items.size() > limit) {
        page.items.resize(limit);
        if (limit > 0) page.next = key_of(page.items.back());
    }
    return page;
}

}  // namespace batchd::store

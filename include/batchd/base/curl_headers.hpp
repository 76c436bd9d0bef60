// HTTP headers to and from libcurl. For sources of folders that link it: base itself does not.
#pragma once

#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace batchd::curl {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct FreeList {
    void operator()(curl_slist* list) const { ::curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, FreeList>;

/// For CURLOPT_HTTPHEADER. The list must outlive the transfer.
inline List header_list(const Headers& headers) {
    List list;
    const auto add = [&](const std::string& line) {
        if (auto* longer = ::curl_slist_append(list.get(), line.c_str())) {
            (void)list.release();
            list.reset(longer);
        }
    };
    for (const auto& [name, value] : headers) add(name + ": " + value);
    add("Expect:");  // no round trip before the body
    return list;
}

/// Adds what CURLOPT_HEADERFUNCTION got, if it is a header: the first line of an answer is none.
inline void add_header(std::string_view line, Headers& headers) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return;
    std::string_view value = line.substr(colon + 1);
    const auto is_space = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
    while (!value.empty() && is_space(value.front())) value.remove_prefix(1);
    while (!value.empty() && is_space(value.back())) value.remove_suffix(1);
    headers.emplace_back(line.substr(0, colon), value);
}

/// Empty if there is none of that name, whose case does not count.
inline std::string_view find_header(const Headers& headers, std::string_view name) {
    const auto same = [](char a, char b) {
        return std::tolower(static_cast<unsigned char>(a)) ==
               std::tolower(static_cast<unsigned char>(b));
    };
    for (const auto& [key, value] : headers) {
        if (std::ranges::equal(key, name, same)) return value;
    }
    return {};
}

}  // namespace batchd::curl

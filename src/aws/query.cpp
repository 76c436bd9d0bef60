#include "aws/query.hpp"

#include "aws/json_reading.hpp"

#include <fmt/format.h>

namespace batchd::aws {

Query& Query::text(std::string name, const std::string& value) {
    if (!value.empty()) params_.emplace_back(std::move(name), value);
    return *this;
}

Query& Query::number(std::string name, std::int64_t value) {
    params_.emplace_back(std::move(name), std::to_string(value));
    return *this;
}

Query& Query::flag(std::string name, bool value) {
    params_.emplace_back(std::move(name), value ? "true" : "false");
    return *this;
}

Query& Query::list(const std::string& name, const std::vector<std::string>& values) {
    for (std::size_t i = 0; i < values.size(); ++i) {
        params_.emplace_back(fmt::format("{}.{}", name, i + 1), values[i]);
    }
    return *this;
}

Query& Query::filters(const std::vector<Filter>& filters) {
    for (std::size_t i = 0; i < filters.size(); ++i) {
        text(fmt::format("Filter.{}.Name", i + 1), filters[i].name);
        list(fmt::format("Filter.{}.Value", i + 1), filters[i].values);
    }
    return *this;
}

Query& Query::tags(const std::string& prefix, const std::vector<std::string>& resources,
                   const Tags& tags) {
    if (tags.empty()) return *this;
    for (std::size_t i = 0; i < resources.size(); ++i) {
        const std::string entry = fmt::format("{}.{}", prefix, i + 1);
        text(entry + ".ResourceType", resources[i]);
        std::size_t n = 0;
        for (const auto& [key, value] : tags) {
            ++n;
            params_.emplace_back(fmt::format("{}.Tag.{}.Key", entry, n), key);
            params_.emplace_back(fmt::format("{}.Tag.{}.Value", entry, n), value);
        }
    }
    return *this;
}

std::string decimal(double value) { return fmt::format("{:.6g}", value); }

Tags read_tags(const pugi::xml_node& tag_set) {
    Tags tags;
    for (const auto item : items(tag_set)) {
        tags[item.child_value("key")] = item.child_value("value");
    }
    return tags;
}

Outcome<Xml> ask_ec2(Client& client, const std::string& operation, const Query& query) {
    return client.call_query({.service = kEc2, .operation = operation}, query.params());
}

Outcome<> each_page(Client& client, const std::string& operation, const Query& query,
                    const std::function<void(const pugi::xml_node&)>& on_page) {
    std::string token;
    for (;;) {
        Query page = query;
        const auto answer = ask_ec2(client, operation, page.text("NextToken", token));
        if (!answer) return std::unexpected(answer.error());
        const auto root = (*answer)->document_element();
        on_page(root);
        std::string next = root.child_value("nextToken");
        if (next.empty()) return {};
        if (next == token) return malformed(operation, "a new NextToken");
        token = std::move(next);
    }
}

}  // namespace batchd::aws

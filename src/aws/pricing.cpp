#include "batchd/aws/pricing.hpp"

#include "aws/json_reading.hpp"

#include <charconv>

namespace batchd::aws {
namespace {

json::Json filter(const char* field, const std::string& value) {
    return {{"Type", "TERM_MATCH"}, {"Field", field}, {"Value", value}};
}

json::Json filters(const std::string& region, const std::string& instance_type) {
    auto list = json::Json::array({filter("regionCode", region), filter("operatingSystem", "Linux"),
                                   filter("tenancy", "Shared"), filter("preInstalledSw", "NA"),
                                   filter("capacitystatus", "Used")});
    if (!instance_type.empty()) list.push_back(filter("instanceType", instance_type));
    return list;
}

double number(const std::string& text) {
    double value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

/// One product; a price of 0 if it has none by the hour.
OnDemandPrice read_product(const json::Json& product) {
    OnDemandPrice price{.instance_type =
                            text(member(member(product, "product"), "attributes"), "instanceType")};
    for (const auto& term : member(member(product, "terms"), "OnDemand")) {
        for (const auto& dimension : member(term, "priceDimensions")) {
            if (text(dimension, "unit") != "Hrs") continue;
            price.dollars_per_hour = number(text(member(dimension, "pricePerUnit"), "USD"));
        }
    }
    return price;
}

}  // namespace

Outcome<std::vector<OnDemandPrice>> get_on_demand_prices(Client& client, const std::string& region,
                                                         const std::string& instance_type) {
    std::vector<OnDemandPrice> prices;
    std::string token;
    for (;;) {
        json::Json body{{"ServiceCode", "AmazonEC2"},
                        {"Filters", filters(region, instance_type)},
                        {"MaxResults", 100}};
        if (!token.empty()) body["NextToken"] = token;
        const auto answer =
            client.call_json({.service = kPricing, .operation = "GetProducts"}, body);
        if (!answer) return std::unexpected(answer.error());
        for (const auto& entry : member(*answer, "PriceList")) {
            // AWS sends JSON in a string.
            const auto product =
                entry.is_string() ? json::parse(entry.get_ref<const std::string&>()) : entry;
            if (!product) continue;
            auto price = read_product(*product);
            if (price.dollars_per_hour > 0) prices.push_back(std::move(price));
        }
        std::string next = text(*answer, "NextToken");
        if (next.empty()) return prices;
        if (next == token) return malformed("GetProducts", "a new NextToken");
        token = std::move(next);
    }
}

}  // namespace batchd::aws

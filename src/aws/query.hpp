// Parameters of the Query protocol, and its answers. Pure.
#pragma once

#include "batchd/aws/ec2.hpp"

#include <functional>
#include <pugixml.hpp>
#include <string>
#include <vector>

namespace batchd::aws {

/// Collects parameters; what is empty is left out.
class Query {
  public:
    Query& text(std::string name, const std::string& value);
    Query& number(std::string name, std::int64_t value);
    Query& flag(std::string name, bool value);
    /// NAME.1, NAME.2, ...
    Query& list(const std::string& name, const std::vector<std::string>& values);
    Query& filters(const std::vector<Filter>& filters);
    /// PREFIX.n.ResourceType and its tags, for each of `resources`.
    Query& tags(const std::string& prefix, const std::vector<std::string>& resources,
                const Tags& tags);

    const Params& params() const { return params_; }

  private:
    Params params_;
};

/// "1.5" for 1.5, and "2" for 2.
std::string decimal(double value);

/// The `item`s of a list.
inline auto items(const pugi::xml_node& list) { return list.children("item"); }
Tags read_tags(const pugi::xml_node& tag_set);

/// Calls and hands over each page's document element, until there is no NextToken. A token that
/// comes back unchanged ends in an error.
Outcome<> each_page(Client& client, const std::string& operation, const Query& query,
                    const std::function<void(const pugi::xml_node&)>& on_page);

/// One call of EC2; the answer is the document.
Outcome<Xml> ask_ec2(Client& client, const std::string& operation, const Query& query);

}  // namespace batchd::aws

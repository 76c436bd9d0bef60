// Calls AWS: finds region, endpoint and keys, signs, retries, and tells errors apart. The calls
// themselves are functions in the headers of the services, such as batchd/aws/ec2.hpp.
//
// Any thread, several at a time. A call blocks its thread, for a minute and more when AWS is in
// trouble; never on the engine's thread.
#pragma once

#include "batchd/aws/error.hpp"
#include "batchd/aws/service.hpp"
#include "batchd/aws/settings.hpp"

#include <nlohmann/json_fwd.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace pugi {
class xml_document;
}

namespace batchd::aws {

/// Members of a call by the Query protocol, such as {"Filter.1.Name", "vpc-id"}.
using Params = std::vector<std::pair<std::string, std::string>>;
using Xml = std::shared_ptr<const pugi::xml_document>;

struct Call {
    Service service;
    std::string operation;   ///< "RunInstances"
    std::string region{};    ///< empty: the client's
    bool has_answer = true;  ///< false: an empty body is what AWS answers
};

class Client {
  public:
    /// What `outside` refers to must outlive the client. Nothing is looked at before the first
    /// call.
    Client(Settings settings, Outside outside);
    ~Client();

    /// The region of calls that name none. An error of class Configuration if none is set.
    Outcome<std::string> region();

    /// Whether there are a region and keys; the error says what is missing. Asks AWS only if it has
    /// to, to get keys.
    Outcome<> ready();

    /// By the JSON 1.1 protocol; returns an object. Each try sends the same body.
    Outcome<nlohmann::json> call_json(const Call& call, const nlohmann::json& body);

    /// By the Query protocol; Action and Version are added. Each try sends the same body, and so
    /// the same ClientToken.
    Outcome<Xml> call_query(const Call& call, const Params& params);

    const Clock& clock() const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace batchd::aws

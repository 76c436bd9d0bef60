// What an HTTP answer of AWS says. Pure.
#pragma once

#include "batchd/aws/error.hpp"
#include "batchd/aws/transport.hpp"

#include <nlohmann/json_fwd.hpp>

#include <memory>

namespace pugi {
class xml_document;
}

namespace batchd::aws {

/// The object that a call by the JSON protocol returned, or AWS's error. What is no answer of AWS
/// (HTML of a proxy, half a body) is an error of class Unreachable.
Outcome<nlohmann::json> read_json(const HttpResponse& response);

/// The same; an empty body stands for an empty object.
Outcome<nlohmann::json> read_json_if_any(const HttpResponse& response);

/// The same for the Query protocol.
Outcome<std::shared_ptr<const pugi::xml_document>> read_xml(const HttpResponse& response);

}  // namespace batchd::aws

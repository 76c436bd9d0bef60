#include "batchd/aws/ssm.hpp"

#include "aws/json_reading.hpp"

namespace batchd::aws {

Outcome<std::string> get_parameter(Client& client, const std::string& name,
                                   const std::string& region) {
    const auto answer =
        client.call_json({.service = kSsm, .operation = "GetParameter", .region = region},
                         {{"Name", name}, {"WithDecryption", true}});
    if (!answer) return std::unexpected(answer.error());
    const auto& value = member(member(*answer, "Parameter"), "Value");
    if (value.is_null()) return malformed("GetParameter", "a value");
    // Some stand-ins for AWS keep JSON as JSON.
    return value.is_string() ? value.get<std::string>() : json::dump(value);
}

}  // namespace batchd::aws

#include "batchd/aws/secrets_manager.hpp"

#include "aws/base64.hpp"
#include "aws/json_reading.hpp"

namespace batchd::aws {

Outcome<std::string> get_secret_value(Client& client, const GetSecretValue& request) {
    json::Json body{{"SecretId", request.secret_id}};
    if (!request.version_stage.empty()) body["VersionStage"] = request.version_stage;
    if (!request.version_id.empty()) body["VersionId"] = request.version_id;
    const auto answer = client.call_json(
        {.service = kSecretsManager, .operation = "GetSecretValue", .region = request.region},
        body);
    if (!answer) return std::unexpected(answer.error());
    if (const auto& value = member(*answer, "SecretString"); value.is_string()) {
        return value.get<std::string>();
    }
    const auto bytes = from_base64(text(*answer, "SecretBinary"));
    if (!bytes || !member(*answer, "SecretBinary").is_string()) {
        return malformed("GetSecretValue", "a value");
    }
    return *bytes;
}

}  // namespace batchd::aws

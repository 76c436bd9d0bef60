#include "batchd/aws/secret_reader.hpp"

#include "batchd/aws/secrets_manager.hpp"
#include "batchd/aws/ssm.hpp"

namespace batchd::aws {
namespace {

using Store = ports::AwsSecretId::Store;

Error error_of(Store store, const ApiError& error) {
    if (error.code == "Cancelled") return {ErrorKind::Cancelled, "the daemon stops", {}};
    const bool is_missing = error.code == "ResourceNotFoundException" ||
                            error.code == "ParameterNotFound" ||
                            error.code == "ParameterVersionNotFound";
    return {is_missing ? ErrorKind::NotFound : ErrorKind::Unavailable,
            (store == Store::SecretsManager ? "Secrets Manager: " : "SSM: ") + error.text(),
            {}};
}

}  // namespace

Result<std::string> SecretReader::value(const ports::AwsSecretId& secret) {
    if (const auto ready = client_.ready(); !ready) {
        return fail(ErrorKind::NotFound, "AWS is not asked: " + ready.error().message);
    }
    const auto value = secret.store == Store::SecretsManager
                           ? get_secret_value(client_, {.secret_id = secret.id,
                                                        .version_stage = secret.version_stage,
                                                        .version_id = secret.version_id,
                                                        .region = secret.region})
                           : get_parameter(client_, secret.id, secret.region);
    if (!value) return std::unexpected(error_of(secret.store, value.error()));
    return *value;
}

}  // namespace batchd::aws

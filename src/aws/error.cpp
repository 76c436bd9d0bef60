#include "batchd/aws/error.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace batchd::aws {
namespace {

using enum ErrorClass;

/// The one place that says what a code means.
constexpr auto kClasses = std::to_array<std::pair<std::string_view, ErrorClass>>({
    {"InsufficientInstanceCapacity", Capacity},
    {"InsufficientHostCapacity", Capacity},
    {"InsufficientReservedInstanceCapacity", Capacity},
    {"InsufficientCapacity", Capacity},
    {"ReservationCapacityExceeded", Capacity},
    {"UnfulfillableCapacity", Capacity},
    {"SpotMaxPriceTooLow", Capacity},
    {"InsufficientFreeAddressesInSubnet", Capacity},
    {"Unsupported", Capacity},  // the type is not offered in the zone

    {"MaxSpotInstanceCountExceeded", Quota},
    {"MaxSpotFleetRequestCountExceeded", Quota},
    {"VcpuLimitExceeded", Quota},
    {"InstanceLimitExceeded", Quota},
    {"InsufficientVolumeCapacity", Quota},
    {"VolumeLimitExceeded", Quota},
    {"LimitExceededException", Quota},

    {"RequestLimitExceeded", Throttling},
    {"RequestResourceCountExceeded", Quota},
    {"Throttling", Throttling},
    {"ThrottlingException", Throttling},
    {"ThrottledException", Throttling},
    {"TooManyRequestsException", Throttling},
    {"RequestThrottled", Throttling},
    {"RequestThrottledException", Throttling},
    {"SlowDown", Throttling},
    {"PriorRequestNotComplete", Throttling},
    {"EC2ThrottledException", Throttling},
    {"Unavailable", Throttling},
    {"ServiceUnavailable", Throttling},
    {"ServiceUnavailableException", Throttling},
    {"InternalError", Throttling},
    {"InternalFailure", Throttling},
    {"InternalServerError", Throttling},
    {"InternalServiceError", Throttling},
    {"InternalServiceErrorException", Throttling},
    {"ServerException", Throttling},
    {"RequestTimeout", Throttling},
    {"RequestTimeoutException", Throttling},

    {"AccessDenied", Configuration},
    {"AccessDeniedException", Configuration},
    {"UnauthorizedOperation", Configuration},
    {"OptInRequired", Configuration},
    {"SubscriptionRequiredException", Configuration},
    {"PendingVerification", Configuration},
    {"IdempotentParameterMismatch", Configuration},
    {"InvalidParameterValue", Configuration},
    {"InvalidParameterCombination", Configuration},
    {"InvalidParameterException", Configuration},
    {"InvalidParameter", Configuration},
    {"InvalidRequestException", Configuration},
    {"InvalidInstanceType", Configuration},
    {"MissingParameter", Configuration},
    {"UnknownParameter", Configuration},
    {"ClientException", Configuration},
    {"ClusterNotFoundException", Configuration},
    {"PlatformUnknownException", Configuration},
    {"BlockedException", Configuration},
    {"ParameterNotFound", Configuration},
    {"ValidationError", Configuration},
    {"ValidationException", Configuration},
    {"NoSuchEntity", Configuration},
    {"DecryptionFailure", Configuration},
    {"InvalidKeyId", Configuration},

    {"AuthFailure", Credentials},
    {"ExpiredToken", Credentials},
    {"ExpiredTokenException", Credentials},
    {"RequestExpired", Credentials},
    {"IncompleteSignature", Credentials},
    {"IncompleteSignatureException", Credentials},
    {"InvalidClientTokenId", Credentials},
    {"InvalidIdentityToken", Credentials},
    {"InvalidSignatureException", Credentials},
    {"MissingAuthenticationToken", Credentials},
    {"MissingAuthenticationTokenException", Credentials},
    {"RequestTimeTooSkewed", Credentials},
    {"SignatureDoesNotMatch", Credentials},
    {"UnrecognizedClientException", Credentials},
});

/// EC2 names what is wrong in front of a dot: InvalidSubnetID.NotFound,
/// InvalidPlacementGroup.Unknown.
bool names_a_wrong_parameter(std::string_view code) { return code.starts_with("Invalid"); }

}  // namespace

std::string_view to_string(ErrorClass error_class) {
    switch (error_class) {
        case Capacity:
            return "capacity";
        case Quota:
            return "quota";
        case Throttling:
            return "throttling";
        case Configuration:
            return "configuration";
        case Credentials:
            return "credentials";
        case Unreachable:
            return "unreachable";
        case Other:
            return "other";
    }
    return "other";
}

std::string ApiError::text() const { return message.empty() ? code : code + ": " + message; }

ErrorClass classify(std::string_view code, int status) {
    const auto found =
        std::ranges::find(kClasses, code, &std::pair<std::string_view, ErrorClass>::first);
    if (found != kClasses.end()) return found->second;
    if (names_a_wrong_parameter(code)) return Configuration;
    if (status == 429 || status >= 500) return Throttling;
    return Other;
}

Error to_error(const ApiError& error) {
    const auto kind = [&] {
        switch (error.error_class) {
            case Capacity:
            case Quota:
                return ErrorKind::Capacity;
            case Throttling:
                return ErrorKind::Throttled;
            case Configuration:
                return ErrorKind::InvalidArgument;
            case Credentials:
            case Unreachable:
                return ErrorKind::Unavailable;
            case Other:
                break;
        }
        const bool is_missing = error.code.contains("NotFound");
        return is_missing ? ErrorKind::NotFound : ErrorKind::Unavailable;
    };
    return {.kind = kind(), .message = error.text(), .context{}};
}

}  // namespace batchd::aws

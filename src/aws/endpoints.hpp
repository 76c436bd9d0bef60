// Where a service is.
#pragma once

#include "aws/profiles.hpp"
#include "batchd/aws/service.hpp"

#include <string>

namespace batchd::aws {

struct Endpoint {
    std::string origin;  ///< https://host:port
    std::string host;    ///< with the port, unless it is the scheme's own: the header Host
    std::string path;    ///< begins and ends with '/'
};

/// InvalidArgument names the text if it is no http or https URL.
Result<Endpoint> parse_endpoint_url(const std::string& url);

/// In botocore's order: the setting of the service, that of all, AWS_ENDPOINT_URL_<SERVICE>,
/// AWS_ENDPOINT_URL, the profile's services, the profile's endpoint_url; else AWS's own.
std::string endpoint_url(const Service& service, const std::string& region,
                         const Settings& settings, const Outside& outside,
                         const Profiles& profiles);

}  // namespace batchd::aws

// What an instance is told to do when it boots: to start its Docker Engine as a host of batchd.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/compute/certificate_authority.hpp"

#include <string>
#include <string_view>

namespace batchd::compute {

inline constexpr int kEnginePort = 2376;  ///< Docker's for TLS

struct UserData {
    std::string ca;            ///< PEM: of those who may use the Engine
    ServerCertificate server;  ///< the Engine's
    std::string label;         ///< by which the daemon finds its containers, "batchd.instance=x"
    bool is_spot = false;      ///< watches for the notice that a Spot instance gets
};

/// A shell script. It asks the instance's metadata service for the address to listen on, at
/// AWS_EC2_METADATA_SERVICE_ENDPOINT if that is set, as AWS's SDKs do.
std::string user_data(const UserData& data);

/// One text of both, for cloud-init: the operator's own, which must be a MIME multi-part document
/// as AWS Batch demands, is carried out first. InvalidArgument if it is none, or if the result
/// exceeds EC2's 16 KiB.
Result<std::string> merge_user_data(const std::string& script, const std::string& own);

}  // namespace batchd::compute

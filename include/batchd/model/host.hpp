// A Docker host of one compute environment: registered by an operator, listed in the configuration,
// or an instance that was launched.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/model/container.hpp"

#include <boost/describe/class.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace batchd::model {

struct Host {
    std::string name;  ///< no other host of this daemon has it
    std::string url;   ///< of its Docker Engine: unix:///path or tcp://host:port
    /// A folder of the daemon's machine with ca.pem, cert.pem and key.pem, as docker has it: mutual
    /// TLS. Absent: none.
    std::optional<std::string> certificate_directory;
    /// For which the Engine's certificate is, where that is not the url's host.
    std::optional<std::string> tls_server_name;
    /// What jobs may use of it, where that is not what its Engine reports.
    std::optional<std::int32_t> vcpus;
    std::optional<std::int64_t> memory_mi_b;
    std::optional<std::vector<std::string>> gpus;  ///< ids: UUIDs or indexes
    StringMap labels;                              ///< kept and shown
    /// ACTIVE, or DRAINING: takes no new attempts. Absent: as it is, of a new host ACTIVE.
    std::optional<std::string> state;

    friend bool operator==(const Host&, const Host&) = default;
};
BOOST_DESCRIBE_STRUCT(Host, (),
                      (name, url, certificate_directory, tls_server_name, vcpus, memory_mi_b, gpus,
                       labels, state))

/// Checks a host; makes its state upper case. InvalidArgument names field, value and rule. TCP
/// without certificates is for loopback, unless `allow_plain_tcp`: whoever reaches such a port owns
/// the machine behind it.
Result<> validate(Host& host, bool allow_plain_tcp);

}  // namespace batchd::model

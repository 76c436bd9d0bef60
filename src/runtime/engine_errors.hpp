// What the runtime has to tell apart among the Engine's errors.
#pragma once

#include "batchd/base/result.hpp"

#include <string_view>

namespace batchd::runtime {

/// The connection failed, not the request: the same again when the host is back.
inline bool is_transport(const Error& error) { return error.kind == ErrorKind::Unavailable; }

inline bool is_missing_image(const Error& error) {
    return error.kind == ErrorKind::NotFound &&
           (error.message.contains("No such image") || error.message.contains("no such image"));
}

/// An OCI runtime that cannot work with the host's cgroups, whatever the container: crun where v1
/// and v2 are mixed.
inline bool is_runtime_refusal(const Error& error) {
    return error.message.contains("cgroups in hybrid mode not supported");
}

/// A file of the host's that a container is to have.
inline bool is_missing_file(const Error& error, std::string_view path) {
    return error.message.contains("bind source path does not exist") &&
           error.message.contains(path);
}

}  // namespace batchd::runtime

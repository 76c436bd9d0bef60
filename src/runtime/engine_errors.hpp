// What the runtime has to tell apart among the Engine's errors.
#pragma once

#include "batchd/base/result.hpp"

namespace batchd::runtime {

/// The connection failed, not the request: the same again when the host is back.
inline bool is_transport(const Error& error) { return error.kind == ErrorKind::Unavailable; }

inline bool is_missing_image(const Error& error) {
    return error.kind == ErrorKind::NotFound &&
           (error.message.contains("No such image") || error.message.contains("no such image"));
}

}  // namespace batchd::runtime

// The status line and headers of an answer.
#pragma once

#include "batchd/http/message.hpp"

#include <string>

namespace batchd::http {

/// What the answer's form depends on besides the answer itself.
struct Framing {
    bool http10 = false;
    bool keep_alive = false;
    bool head_only = false;  ///< the answer to HEAD: the headers of the body, without the body
};

/// Whether a body may follow the head: not for HEAD, 204 and 304.
bool has_body(const Response& response, const Framing& framing);

/// Replaces `out` by the head, up to and with the empty line. Adds Date and Connection, and the
/// Content-Length or Transfer-Encoding. Control characters in values become spaces, so that no text
/// of a client can start a header of its own.
void write_head(std::string& out, const Response& response, const Framing& framing);

}  // namespace batchd::http

// Why a request gets no handler: the status and the text that the ErrorResponder turns into an
// answer.
#pragma once

#include <string>

namespace batchd::http {

struct Refusal {
    int status = 0;  ///< 0: the client is gone, nobody is left to be told
    std::string message;
};

}  // namespace batchd::http

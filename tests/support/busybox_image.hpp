// An image made of nothing but busybox.
#pragma once

#include "batchd/base/result.hpp"

#include <string>

namespace batchd::testing {

/// The root file system as a tar archive, for POST /images/create?fromSrc=-. NotFound if there is
/// no static busybox on this machine.
Result<std::string> busybox_image();

}  // namespace batchd::testing

#pragma once

#include "batchd/base/result.hpp"
#include "batchd/model/container.hpp"

namespace batchd::model {

/// Replaces each `Ref::name` in the command's elements, alone or inside of longer text, by the
/// parameter's value. Values are not searched again. InvalidArgument with AWS's text for a name
/// without a value, and if the command grows beyond what a process can be started with.
Result<> substitute_parameters(std::vector<std::string>& command, const StringMap& parameters);

}  // namespace batchd::model

#pragma once

#include "batchd/base/result.hpp"
#include "batchd/model/container.hpp"

#include <set>
#include <string>
#include <vector>

namespace batchd::model {

/// A job's parameters, and where the names of those that its commands refer to are gathered.
struct Parameters {
    const StringMap& values;
    std::set<std::string>& used;
};

/// Replaces each `Ref::name` in the command's elements, alone or inside of longer text, by the
/// parameter's value. Values are not searched again. InvalidArgument with AWS's text for a name
/// without a value, and if the command grows beyond what a process can be started with.
Result<> substitute_parameters(std::vector<std::string>& command, const Parameters& parameters);

}  // namespace batchd::model

// Documents as JSON text. Apart, because the JSON library is expensive to include.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/model/changes.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace batchd::store {

/// Amounts beyond this could not be added up.
inline constexpr std::int64_t kMostUnits = std::int64_t{1} << 52;

/// Instantiated in codec.cpp for the types that are stored as documents.
template <class T>
std::string to_json(const T& value);

/// Internal if the text is damaged.
template <class T>
Result<T> from_json(std::string_view text);

/// As [count, milli vCPU, MiB, GPUs] each. Internal also if there are none, or too many.
template <>
std::string to_json(const std::vector<model::NodeGroup>& nodes);
template <>
Result<std::vector<model::NodeGroup>> from_json(std::string_view text);
/// Internal also for quantities that cannot be.
template <>
Result<std::vector<model::ConsumableNeed>> from_json(std::string_view text);

/// `document` is not empty.
std::string to_json(const model::ResourceDocument& document);
Result<model::ResourceDocument> resource_from_json(model::ResourceKind kind, std::string_view text);

}  // namespace batchd::store

// Which texts the string keys take. Each rule is a predicate and the words for it.
#pragma once

#include <string_view>

namespace batchd::config {

struct TextRule {
    bool (*accepts)(std::string_view);
    std::string_view words;  ///< follows "must be"
};

extern const TextRule kListenRule;
extern const TextRule kHostNameRule;
extern const TextRule kNotEmptyRule;
extern const TextRule kRegionRule;
extern const TextRule kRegionOrEmptyRule;
extern const TextRule kAnyTextRule;
extern const TextRule kUrlOrEmptyRule;
extern const TextRule kServiceUrlRule;
extern const TextRule kAccountRule;
extern const TextRule kLogLevelRule;
extern const TextRule kLogFormatRule;
extern const TextRule kDockerHostRule;
extern const TextRule kFolderOrEmptyRule;
extern const TextRule kFileOrEmptyRule;
extern const TextRule kVariablePrefixRule;
extern const TextRule kNetworkModeRule;
extern const TextRule kRuntimeRule;
extern const TextRule kGpuRule;
extern const TextRule kAbsolutePathRule;
extern const TextRule kOrderRule;
extern const TextRule kProviderRule;
extern const TextRule kClusterOrEmptyRule;
extern const TextRule kProfileRule;
extern const TextRule kAgeRule;
extern const TextRule kQueueRetentionRule;

}  // namespace batchd::config

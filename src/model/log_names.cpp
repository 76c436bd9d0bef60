#include "batchd/model/job.hpp"

namespace batchd::model {
namespace {

/// "name" of "arn:aws:batch:…:job-definition/name:3", at most 200 characters, as AWS Batch cuts it.
std::string definition_part(const std::string& arn) {
    const auto slash = arn.rfind('/');
    const auto colon = arn.rfind(':');
    const auto begin = slash == std::string::npos ? 0 : slash + 1;
    return arn.substr(begin, colon == std::string::npos || colon < begin ? 200 : colon - begin)
        .substr(0, 200);
}

}  // namespace

LogNames log_names(const std::string& definition, const TaskContainerProperties& container,
                   const AttemptId& id) {
    LogNames names{.group = "/aws/batch/job", .stream = definition_part(definition)};
    if (const auto& log = container.log_configuration) {
        if (auto group = log->options.find("awslogs-group"); group != log->options.end()) {
            names.group = group->second;
        }
        if (auto prefix = log->options.find("awslogs-stream-prefix");
            prefix != log->options.end()) {
            names.stream = prefix->second;
        }
    }
    names.stream += "/" + container.name.value_or(kOnlyContainer) + "/" + task_id(id);
    return names;
}

}  // namespace batchd::model

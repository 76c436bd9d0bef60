#include "store/codec.hpp"

#include "batchd/base/json.hpp"
#include "batchd/model/compute_environment.hpp"
#include "batchd/model/job.hpp"
#include "batchd/model/job_definition.hpp"
#include "batchd/model/job_queue.hpp"

namespace batchd::store {

template <class T>
std::string to_json(const T& value) {
    return json::to_text(value);
}

template <class T>
Result<T> from_json(std::string_view text) {
    auto value = json::parse_as<T>(text);
    if (value) return value;
    return fail(ErrorKind::Internal, "a stored document is damaged: " + value.error().message,
                std::string(text));
}

template std::string to_json(const model::ComputeEnvironment&);
template std::string to_json(const model::JobQueue&);
template std::string to_json(const model::JobDefinition&);
template std::string to_json(const std::vector<model::EvaluateOnExit>&);
template std::string to_json(const std::vector<std::string>&);
template Result<model::ComputeEnvironment> from_json(std::string_view);
template Result<model::JobQueue> from_json(std::string_view);
template Result<model::JobDefinition> from_json(std::string_view);
template Result<model::JobSpec> from_json(std::string_view);
template Result<std::vector<model::EvaluateOnExit>> from_json(std::string_view);

}  // namespace batchd::store

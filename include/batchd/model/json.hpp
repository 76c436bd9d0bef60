// The documents of jobs and definitions as JSON. They are large, and parts of each other: what
// decodes and encodes them is compiled once. Expensive to include, as batchd/base/json.hpp is. Any
// thread.
#pragma once

#include "batchd/base/json.hpp"
#include "batchd/model/job.hpp"
#include "batchd/model/job_definition.hpp"

namespace batchd::json {

extern template const Members& members_of<model::ContainerProperties>();
extern template const Members& members_of<model::ContainerOverrides>();
extern template const Members& members_of<model::EcsProperties>();
extern template const Members& members_of<model::EksProperties>();
extern template const Members& members_of<model::NodeProperties>();
extern template const Members& members_of<model::JobDefinition>();
extern template const Members& members_of<model::SubmitJobRequest>();
extern template const Members& members_of<model::JobSpec>();

}  // namespace batchd::json

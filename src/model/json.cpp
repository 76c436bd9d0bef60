#include "batchd/model/json.hpp"

namespace batchd::json {

template const Members& members_of<model::ContainerProperties>();
template const Members& members_of<model::ContainerOverrides>();
template const Members& members_of<model::EcsProperties>();
template const Members& members_of<model::EksProperties>();
template const Members& members_of<model::NodeProperties>();
template const Members& members_of<model::JobDefinition>();
template const Members& members_of<model::SubmitJobRequest>();
template const Members& members_of<model::JobSpec>();

}  // namespace batchd::json

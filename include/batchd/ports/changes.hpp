// The rows of model/changes.hpp under the names that adapters use.
#pragma once

#include "batchd/model/changes.hpp"

namespace batchd::ports {

using model::AttemptPut;
using model::Changes;
using model::ChildPut;
using model::DefinitionRow;
using model::EndedCount;
using model::EnvironmentRow;
using model::JobInsert;
using model::JobRow;
using model::JobUpdate;
using model::QueueRow;
using model::ResourceKey;
using model::ResourceKind;
using model::ResourceRow;
using model::ServiceJobRow;
using model::ShareRow;
using model::Snapshot;
using model::TagPatch;
using model::UndeliveredRow;
using model::WebhookRow;

}  // namespace batchd::ports

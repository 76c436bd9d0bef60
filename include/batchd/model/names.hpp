// Names and ARNs of Batch's resources.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/model/ids.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace batchd::model {

/// Region and account that stand in every ARN of this daemon.
struct Scope {
    std::string region;
    std::string account;
};

/// A resource in an ARN such as arn:aws:batch:us-east-1:123456789012:job-queue/default.
struct Arn {
    std::string type;  ///< job-queue, compute-environment, job-definition, job, ...
    std::string name;  ///< what follows the first '/'
};

std::string batch_arn(const Scope& scope, std::string_view type, std::string_view name);
std::string job_arn(const Scope& scope, const JobId& id);
std::string task_arn(const Scope& scope, std::string_view cluster, std::string_view task_id);
/// Hosts have names, ECS's container instances 32 hexadecimal digits: a hash of the name.
std::string container_instance_arn(const Scope& scope, std::string_view cluster,
                                   std::string_view host);

/// The ECS cluster that a compute environment shows, as AWS names it: AWSBatch-<name>-<uuid>.
std::string ecs_cluster(std::string_view environment, std::string_view uuid);

/// A Batch ARN of this account and region; nullopt for anything else.
std::optional<Arn> parse_arn(const Scope& scope, std::string_view text);

/// Every "name or ARN" input: the plain name, from the name itself or from an ARN of `type` in this
/// account and region. A foreign ARN yields its text, which no resource has as its name.
std::string name_of(const Scope& scope, std::string_view type, std::string_view name_or_arn);

/// `name`, `name:revision`, or an ARN of either.
struct DefinitionReference {
    std::string name;
    std::optional<std::int32_t> revision;
};
/// InvalidArgument with AWS's text if the reference has neither form, NotFound for an ARN of
/// another account, region or type.
Result<DefinitionReference> parse_definition_reference(const Scope& scope, std::string_view text);

/// [A-Za-z0-9_-]{1,128}, the rule for names of queues, environments and definitions.
bool is_resource_name(std::string_view name);
/// As a resource name, and the first character alphanumeric.
bool is_job_name(std::string_view name);
/// [A-Za-z0-9_-]{1,255}
bool is_share_identifier(std::string_view text);

/// Characters of UTF-8 text, as AWS counts lengths.
std::size_t characters(std::string_view text);

inline constexpr std::size_t kMaxTags = 50;  ///< of one resource

/// AWS's rules for tags: 50 a resource, keys 1 to 128 and values up to 256 characters of a limited
/// set, no key that begins with "aws:".
Result<> validate_tags(const std::map<std::string, std::string>& tags);

}  // namespace batchd::model

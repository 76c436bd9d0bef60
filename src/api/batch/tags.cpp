// ListTagsForResource, TagResource and UntagResource.
#include "api/batch/operations.hpp"

namespace batchd::api::batch {
namespace {

struct TagResourceRequest {
    std::optional<model::StringMap> tags;
};
BOOST_DESCRIBE_STRUCT(TagResourceRequest, (), (tags))

Result<model::ResourceKey> key_of(const Call& call, const std::string& text) {
    const auto unknown = [&] {
        return fail(ErrorKind::NotFound, "resourceArn '" + text +
                                             "' does not exist: no resource of this account and "
                                             "region has it");
    };
    const auto arn = model::parse_arn(call.scope(), text);
    if (!arn) return unknown();
    model::ResourceKey key;
    key.name = arn->name;
    if (auto share = quota_share_key_of(call.scope(), text)) {
        key.kind = model::ResourceKind::QuotaShare;
        key.name = *std::move(share);
    } else if (arn->type == "job-queue") {
        key.kind = model::ResourceKind::JobQueue;
    } else if (arn->type == "compute-environment") {
        key.kind = model::ResourceKind::ComputeEnvironment;
    } else if (arn->type == "scheduling-policy") {
        key.kind = model::ResourceKind::SchedulingPolicy;
    } else if (arn->type == "consumable-resource") {
        key.kind = model::ResourceKind::ConsumableResource;
    } else if (arn->type == "service-environment") {
        key.kind = model::ResourceKind::ServiceEnvironment;
    } else if (arn->type == "job") {
        const auto id = model::parse_job_id(arn->name);
        if (!id) return unknown();
        if (id->part != 0) {
            return invalid_argument("resourceArn '" + text +
                                    "' is a part of a job: only whole jobs have tags");
        }
        key.kind = model::ResourceKind::Job;
        key.job = *id;
    } else if (arn->type == "service-job") {
        const auto id = model::parse_job_id(arn->name);
        if (!id) return unknown();
        key.kind = model::ResourceKind::ServiceJob;
        key.job = *id;
    } else if (arn->type == "job-definition") {
        const auto reference = model::parse_definition_reference(call.scope(), text);
        if (!reference) return unknown();
        if (!reference->revision) {
            return invalid_argument("resourceArn '" + text +
                                    "' has no revision: tags belong to a revision of a job "
                                    "definition");
        }
        key.kind = model::ResourceKind::JobDefinition;
        key.name = reference->name;
        key.revision = *reference->revision;
    } else {
        return unknown();
    }
    return key;
}

/// The resource's key and its present tags. NotFound if there is no such resource.
Task<std::pair<model::ResourceKey, model::StringMap>> find(Call call, std::string arn) {
    auto key = key_of(call, arn);
    if (!key) co_return error_of(key);
    auto tags = co_await read(call.services,
                              [key = *key](store::Reader& reader) { return reader.tags(key); });
    if (!tags) co_return error_of(tags);
    if (!*tags) co_return fail(ErrorKind::NotFound, "resourceArn '" + arn + "' does not exist");
    auto map = json::parse_as<model::StringMap>(**tags);
    if (!map) co_return error_of(map);
    co_return std::pair(std::move(*key), std::move(*map));
}

Task<Answer> patch(Call call, model::ResourceKey key, Json changes) {
    co_return co_await carry_out(
        call.services, core::PatchTags{{.key = std::move(key), .patch = json::dump(changes)}});
}

}  // namespace

Task<Answer> list_tags_for_resource(Call call, std::string arn) {
    auto found = co_await find(call, std::move(arn));
    if (!found) co_return error_of(found);
    co_return Json{{"tags", json::encode(found->second)}};
}

Task<Answer> tag_resource(Call call, std::string arn) {
    auto request = json::decode<TagResourceRequest>(call.body);
    if (!request) co_return error_of(request);
    if (!request->tags) co_return invalid_argument("tags is required");
    auto found = co_await find(call, std::move(arn));
    if (!found) co_return error_of(found);
    model::StringMap all = *request->tags;
    all.insert(found->second.begin(), found->second.end());
    if (auto valid = model::validate_tags(all); !valid) co_return error_of(valid);
    co_return co_await patch(call, std::move(found->first), json::encode(*request->tags));
}

Task<Answer> untag_resource(Call call, std::string arn, std::vector<std::string> keys) {
    if (keys.empty()) co_return invalid_argument("tagKeys is required");
    auto found = co_await find(call, std::move(arn));
    if (!found) co_return error_of(found);
    Json removed = Json::object();
    for (const auto& key : keys) removed[key] = nullptr;
    co_return co_await patch(call, std::move(found->first), std::move(removed));
}

}  // namespace batchd::api::batch

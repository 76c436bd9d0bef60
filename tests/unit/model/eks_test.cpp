#include "batchd/base/json.hpp"
#include "batchd/model/job_definition.hpp"
#include "unit/model/rule_table.hpp"

namespace batchd::model {
namespace {

using testing::kAccepted;
using P = EksPodProperties;

/// With all members that AWS's model has.
const std::string kAll = R"({
    "podProperties": {
        "serviceAccountName": "account", "hostNetwork": true, "dnsPolicy": "ClusterFirst",
        "imagePullSecrets": [{"name": "secret"}],
        "containers": [{
            "name": "main", "image": "busybox", "imagePullPolicy": "IfNotPresent",
            "command": ["sleep"], "args": ["1"], "env": [{"name": "A", "value": "1"}, {"name": "B"}],
            "resources": {"limits": {"cpu": "1", "memory": "512Mi"},
                          "requests": {"nvidia.com/gpu": "1"}},
            "volumeMounts": [{"name": "v", "mountPath": "/v", "subPath": "s", "readOnly": true}],
            "securityContext": {"runAsUser": 1000, "runAsGroup": 3000000000, "privileged": false,
                                "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
                                "runAsNonRoot": true}}],
        "initContainers": [{"image": "busybox"}],
        "volumes": [{"name": "v", "hostPath": {"path": "/srv"}},
                    {"name": "w", "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}},
                    {"name": "x", "secret": {"secretName": "s", "optional": true}},
                    {"name": "y", "persistentVolumeClaim": {"claimName": "c", "readOnly": true}}],
        "metadata": {"labels": {"a": "b"}, "annotations": {"c": "d"}, "namespace": "n"},
        "shareProcessNamespace": false}})";

P a_pod() { return *json::parse_as<EksProperties>(kAll)->pod_properties; }

TEST(EksProperties, AreShownAsTheyWereGiven) {
    for (const std::string& text :
         {kAll, std::string(R"({"podProperties":{"containers":[{"image":"i","args":[]}]}})")}) {
        const auto given = json::parse_as<EksProperties>(text);
        ASSERT_TRUE(given) << given.error().message;
        EXPECT_EQ(json::encode(*given), *json::parse(text));
    }
}

TEST(EksProperties, FollowTheirRules) {
    const std::string pod = "eksProperties.podProperties";
    const auto& main = [](P& p) -> EksContainer& { return p.containers->front(); };
    testing::expect_rules<P>(
        a_pod(),
        {
            {"good", [](P&) {}, kAccepted},
            {"no containers", [](P& p) { p.containers.reset(); }, pod + ".containers is required"},
            {"empty containers", [](P& p) { p.containers->clear(); },
             pod + ".containers is required"},
            {"no image", [&](P& p) { main(p).image.reset(); },
             pod + ".containers[0].image is required and must not be empty"},
            {"no image to prepare", [](P& p) { p.init_containers->front().image = ""; },
             pod + ".initContainers[0].image is required and must not be empty"},
            {"one without a name", [&](P& p) { main(p).name.reset(); }, kAccepted},
            {"two without a name",
             [&](P& p) {
                 main(p).name.reset();
                 p.containers->push_back(main(p));
             },
             pod + ".containers[0].name is required and must not be empty"},
            {"twice the same", [&](P& p) { p.containers->push_back(main(p)); },
             pod + ".containers[1].name 'main' is given twice"},
            {"name of a container to prepare",
             [](P& p) { p.init_containers->front().name = "main"; },
             pod + ".initContainers[0].name 'main' is given twice"},
            {"11 containers", [&](P& p) { p.containers->assign(11, EksContainer(main(p))); },
             pod + ".containers has 11 entries; at most 10 are allowed"},
            {"pull policy", [&](P& p) { main(p).image_pull_policy = "always"; },
             pod + ".containers[0].imagePullPolicy 'always' must be one of Always, IfNotPresent, "
                   "Never"},
            {"variable without a name", [&](P& p) { main(p).env->front().name = ""; },
             pod + ".containers[0].env[].name is required and must not be empty"},
            {"resource", [&](P& p) { main(p).resources->limits.emplace()["disk"] = "1"; },
             pod + ".containers[0].resources.limits 'disk' must be one of cpu, memory, "
                   "nvidia.com/gpu"},
            {"amount", [&](P& p) { main(p).resources->requests.emplace()["cpu"] = ""; },
             pod + ".containers[0].resources.requests.cpu is required and must not be empty"},
            {"mount of no volume", [&](P& p) { main(p).volume_mounts->front().name = "z"; },
             pod + ".containers[0].volumeMounts[].name 'z' must be one of volumes"},
            {"DNS", [](P& p) { p.dns_policy = "None"; },
             pod + ".dnsPolicy 'None' must be one of Default, ClusterFirst, "
                   "ClusterFirstWithHostNet"},
            {"pull secret", [](P& p) { p.image_pull_secrets->front().name = ""; },
             pod + ".imagePullSecrets[].name is required and must not be empty"},
            {"volume without a name", [](P& p) { p.volumes->at(0).name = ""; },
             pod + ".volumes[0].name is required and must not be empty"},
            {"volume of two kinds", [](P& p) { p.volumes->at(0).empty_dir.emplace(); },
             pod + ".volumes[0] 'v' must have exactly one of hostPath, emptyDir, secret and "
                   "persistentVolumeClaim, got 2"},
            {"secret", [](P& p) { p.volumes->at(2).secret->secret_name = ""; },
             pod + ".volumes[2].secret.secretName is required and must not be empty"},
            {"claim", [](P& p) { p.volumes->at(3).persistent_volume_claim->claim_name = ""; },
             pod + ".volumes[3].persistentVolumeClaim.claimName is required and must not be "
                   "empty"},
        },
        [](P& p) { return validate(EksProperties{p}); });
    EXPECT_EQ(validate(EksProperties{}).error().message, pod + " is required");
}

}  // namespace
}  // namespace batchd::model

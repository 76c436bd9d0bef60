// Paginators with small pages, while new items come in: each old one is there, none twice.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
    CreateComputeEnvironmentCommand,
    CreateJobQueueCommand,
    CreateSchedulingPolicyCommand,
    paginateDescribeComputeEnvironments,
    paginateDescribeJobDefinitions,
    paginateDescribeJobQueues,
    paginateListJobs,
    paginateListSchedulingPolicies,
} from "@aws-sdk/client-batch";
import { batch, define, reached, submit, unique } from "./words.mjs";

/** Makes five items, then one more after each page of two. */
async function assertStable(paginate, request, itemsOf, make) {
    const old = [];
    for (let i = 0; i < 5; i += 1) old.push(await make());
    const found = [];
    let pages = 0;
    for await (const page of paginate({ client: batch, pageSize: 2 }, request)) {
        const items = itemsOf(page);
        assert.ok(items.length <= 2, `a page of ${items.length}`);
        found.push(...items);
        pages += 1;
        if (pages < 20) await make();
    }
    assert.ok(pages >= 3, `${pages} pages`);
    assert.equal(new Set(found).size, found.length, "an item came twice");
    assert.deepEqual(old.filter((item) => !found.includes(item)), []);
}

test("jobs that wait", async () => {
    const never = await define("exit 0", { vcpus: "1000" });
    const make = async () => {
        const job = await submit(never);
        await reached(job, "RUNNABLE");
        return job;
    };
    const request = { jobQueue: "default", jobStatus: "RUNNABLE" };
    await assertStable(paginateListJobs, request, (page) => page.jobSummaryList.map((job) => job.jobId), make);
});

test("jobs by name, the newest first", async () => {
    const never = await define("exit 0", { vcpus: "1000" });
    const make = () => submit(never, { jobName: unique("named") });
    const request = { jobQueue: "default", filters: [{ name: "JOB_NAME", values: ["named-*"] }] };
    await assertStable(paginateListJobs, request, (page) => page.jobSummaryList.map((job) => job.jobId), make);
});

test("children of an array", async () => {
    const array = await submit(await define("exit 0", { vcpus: "1000" }), { arrayProperties: { size: 5 } });
    const found = [];
    const request = { arrayJobId: array, jobStatus: "RUNNABLE" };
    for await (const page of paginateListJobs({ client: batch, pageSize: 2 }, request)) {
        found.push(...page.jobSummaryList.map((job) => job.arrayProperties.index));
    }
    assert.deepEqual(found, [0, 1, 2, 3, 4]);
});

test("job definitions", () =>
    assertStable(
        paginateDescribeJobDefinitions,
        {},
        (page) => page.jobDefinitions.map((definition) => definition.jobDefinitionArn),
        () => define("exit 0"),
    ));

test("compute environments", () =>
    assertStable(
        paginateDescribeComputeEnvironments,
        {},
        (page) => page.computeEnvironments.map((environment) => environment.computeEnvironmentArn),
        async () => {
            const request = { computeEnvironmentName: unique("js"), type: "UNMANAGED", serviceRole: "batch" };
            return (await batch.send(new CreateComputeEnvironmentCommand(request))).computeEnvironmentArn;
        },
    ));

test("job queues", () =>
    assertStable(
        paginateDescribeJobQueues,
        {},
        (page) => page.jobQueues.map((queue) => queue.jobQueueArn),
        async () => {
            const order = [{ order: 1, computeEnvironment: "local" }];
            const request = { jobQueueName: unique("js"), priority: 1, computeEnvironmentOrder: order };
            return (await batch.send(new CreateJobQueueCommand(request))).jobQueueArn;
        },
    ));

test("scheduling policies", () =>
    assertStable(
        paginateListSchedulingPolicies,
        {},
        (page) => page.schedulingPolicies.map((policy) => policy.arn),
        async () => (await batch.send(new CreateSchedulingPolicyCommand({ name: unique("js") }))).arn,
    ));

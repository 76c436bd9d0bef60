import assert from "node:assert/strict";
import { test } from "node:test";
import {
    CancelJobCommand,
    ClientException,
    ListTagsForResourceCommand,
    RegisterJobDefinitionCommand,
    SubmitJobCommand,
    TagResourceCommand,
    TerminateJobCommand,
    UntagResourceCommand,
} from "@aws-sdk/client-batch";
import { batch, define, describe, reached, submit, unique } from "./words.mjs";

const HOLD = "trap 'exit 0' TERM; while :; do sleep 0.05; done";

test("a job runs and is described", async () => {
    const definition = await define("exit 0", { retryStrategy: { attempts: 2 } });
    const job = await submit(definition, { tags: { owner: "js" }, timeout: { attemptDurationSeconds: 60 } });
    const detail = await reached(job, "SUCCEEDED", "FAILED");
    assert.equal(detail.status, "SUCCEEDED");
    assert.equal(detail.jobDefinition, definition);
    assert.equal(detail.container.exitCode, 0);
    assert.equal(detail.attempts.length, 1);
    assert.equal(detail.retryStrategy.attempts, 2);
    assert.deepEqual(detail.tags, { owner: "js" });
    assert.ok(detail.createdAt <= detail.startedAt && detail.startedAt <= detail.stoppedAt);
});

test("an array runs, and a job waits for it", async () => {
    const definition = await define("exit 0");
    const array = await submit(definition, { arrayProperties: { size: 3 } });
    const after = await submit(definition, { dependsOn: [{ jobId: array }] });
    assert.equal((await reached(after, "SUCCEEDED", "FAILED")).status, "SUCCEEDED");
    assert.equal((await describe(array)).arrayProperties.statusSummary.SUCCEEDED, 3);
    assert.equal((await describe(`${array}:2`)).arrayProperties.index, 2);
});

test("a running job is terminated, a waiting one cancelled", async () => {
    const definition = await define(HOLD);
    const running = await submit(definition);
    const waiting = await submit(definition, { dependsOn: [{ jobId: running }] });
    await reached(running, "RUNNING");
    await batch.send(new CancelJobCommand({ jobId: waiting, reason: "no need" }));
    await batch.send(new TerminateJobCommand({ jobId: running, reason: "enough" }));
    const [cancelled, terminated] = [await reached(waiting, "FAILED"), await reached(running, "FAILED")];
    assert.deepEqual([cancelled.statusReason, cancelled.isCancelled], ["no need", true]);
    assert.deepEqual([terminated.statusReason, terminated.isTerminated], ["enough", true]);
});

test("tags come and go", async () => {
    const resourceArn = await define("exit 0", { tags: { first: "1" } });
    await batch.send(new TagResourceCommand({ resourceArn, tags: { second: "", "with space": "a b" } }));
    await batch.send(new UntagResourceCommand({ resourceArn, tagKeys: ["first", "with space"] }));
    const { tags } = await batch.send(new ListTagsForResourceCommand({ resourceArn }));
    assert.deepEqual(tags, { second: "" });
});

test("a refusal is a ClientException with AWS's text", async () => {
    const request = { jobName: "x", jobQueue: "nowhere", jobDefinition: await define("exit 0") };
    const error = await batch.send(new SubmitJobCommand(request)).catch((caught) => caught);
    assert.ok(error instanceof ClientException, error);
    assert.equal(error.name, "ClientException");
    assert.match(error.message, /JobQueue nowhere not found\./);
    assert.equal(error.$metadata.httpStatusCode, 400);
    assert.match(error.$metadata.requestId, /^[0-9a-f-]{36}$/);
    const lacking = { jobDefinitionName: unique("lacking"), type: "container" };
    await assert.rejects(batch.send(new RegisterJobDefinitionCommand(lacking)), {
        name: "ClientException",
        message: /ECS ContainerProperties, ecsProperties, or eksProperties is required/,
    });
});

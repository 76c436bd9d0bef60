// What the tests share: a client of the daemon at BATCHD_ENDPOINT, and the words of the domain.
import { setTimeout as sleep } from "node:timers/promises";
import {
    BatchClient,
    DescribeJobsCommand,
    RegisterJobDefinitionCommand,
    SubmitJobCommand,
} from "@aws-sdk/client-batch";

export const batch = new BatchClient({
    endpoint: process.env.BATCHD_ENDPOINT,
    region: "us-east-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    maxAttempts: 1,
});

let names = 0;
export const unique = (prefix) => `${prefix}-${(names += 1)}`;

/** Registers a definition whose command runs in a shell; gives its ARN. */
export async function define(script, { vcpus = "1", ...more } = {}) {
    const answer = await batch.send(
        new RegisterJobDefinitionCommand({
            jobDefinitionName: unique("js"),
            type: "container",
            containerProperties: {
                image: process.env.BATCHD_IMAGE,
                command: ["sh", "-c", script],
                resourceRequirements: [
                    { type: "VCPU", value: vcpus },
                    { type: "MEMORY", value: "32" },
                ],
            },
            ...more,
        }),
    );
    return answer.jobDefinitionArn;
}

/** Submits a job; gives its id. */
export async function submit(jobDefinition, more = {}) {
    const request = { jobName: unique("job"), jobQueue: "default", jobDefinition, ...more };
    return (await batch.send(new SubmitJobCommand(request))).jobId;
}

export async function describe(job) {
    return (await batch.send(new DescribeJobsCommand({ jobs: [job] }))).jobs[0];
}

/** The job's detail once it has one of the statuses. */
export async function reached(job, ...statuses) {
    const deadline = Date.now() + 60_000;
    for (;;) {
        const detail = await describe(job);
        if (statuses.includes(detail.status)) return detail;
        if (Date.now() > deadline) throw new Error(`${job} is ${JSON.stringify(detail)}`);
        await sleep(50);
    }
}

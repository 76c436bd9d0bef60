#include "store/migrations.hpp"

namespace batchd::store {

// Times are milliseconds since the epoch. Deleted environments and queues stay as rows with status
// DELETED, because jobs refer to them; their names are free again.
//
// job_spec is apart from job, because a job's row is written again with each change of its status:
// small rows, twenty to a page, make those writes, ListJobs and the start of the daemon cheap.
const std::string_view kMigration0001 = R"sql(
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE compute_environment (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    uuid TEXT NOT NULL,
    status TEXT NOT NULL,
    status_reason TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    generation INTEGER NOT NULL,           -- counts infrastructure updates
    raised_vcpus INTEGER NOT NULL,         -- desiredvCpus that a client wants and does not have yet
    document TEXT NOT NULL,
    tags TEXT NOT NULL DEFAULT '{}'
) STRICT;
CREATE UNIQUE INDEX compute_environment_name ON compute_environment (name)
    WHERE status <> 'DELETED';

-- Docker hosts that environments have of their own.
CREATE TABLE host (
    name TEXT PRIMARY KEY,
    environment_id INTEGER NOT NULL REFERENCES compute_environment,
    origin INTEGER NOT NULL,               -- model::HostOrigin
    drain_deadline INTEGER,
    is_deleting INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    document TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Instances that were launched for a MANAGED environment. One that is up is a row of host, too. Those
-- that ended last stay, for what they cost.
CREATE TABLE instance (
    id TEXT PRIMARY KEY,
    environment_id INTEGER NOT NULL REFERENCES compute_environment,
    type TEXT NOT NULL,
    zone TEXT NOT NULL,
    is_spot INTEGER NOT NULL,
    price INTEGER NOT NULL,                -- millionths of a US dollar per hour
    status INTEGER NOT NULL,               -- model::InstanceStatus
    launched_at INTEGER NOT NULL,
    generation INTEGER NOT NULL,           -- of its environment
    has_run_job INTEGER NOT NULL,
    idle_since INTEGER,                    -- NULL: it is busy, or not up
    ended_at INTEGER                       -- NULL: it has not
) STRICT, WITHOUT ROWID;
CREATE INDEX instance_by_end ON instance (environment_id, ended_at);

-- What the scaling plan decided. An open one is a launch that may have to be repeated.
CREATE TABLE scaling_decision (
    id INTEGER PRIMARY KEY,
    environment_id INTEGER NOT NULL REFERENCES compute_environment,
    at INTEGER NOT NULL,
    is_open INTEGER NOT NULL,
    document TEXT NOT NULL                 -- JSON: model::ScalingDecision
) STRICT;
CREATE INDEX scaling_decision_by_environment ON scaling_decision (environment_id, id);
CREATE INDEX scaling_decision_open ON scaling_decision (id) WHERE is_open;

CREATE TABLE job_queue (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    status_reason TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    document TEXT NOT NULL,
    tags TEXT NOT NULL DEFAULT '{}',
    pause TEXT,                            -- JSON: model::QueuePause; NULL: it starts jobs
    succeeded INTEGER NOT NULL DEFAULT 0,  -- jobs that ended, an array's children one by one
    failed INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX job_queue_name ON job_queue (name) WHERE status <> 'DELETED';

CREATE TABLE job_definition (
    name TEXT NOT NULL,
    revision INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    deregistered_at INTEGER,               -- NULL: it is ACTIVE
    document TEXT NOT NULL,
    tags TEXT NOT NULL DEFAULT '{}'
) STRICT;
CREATE UNIQUE INDEX job_definition_key ON job_definition (name, revision DESC);
CREATE INDEX job_definition_by_end ON job_definition (deregistered_at)
    WHERE deregistered_at IS NOT NULL;

-- Names of which retention has removed revisions.
CREATE TABLE removed_definition (
    name TEXT PRIMARY KEY,
    last_revision INTEGER NOT NULL         -- of the removed ones: never given again
) STRICT, WITHOUT ROWID;

-- Resources that are documents and no more; kind as model::ResourceKind.
CREATE TABLE resource (
    kind INTEGER NOT NULL,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    document TEXT NOT NULL,
    tags TEXT NOT NULL DEFAULT '{}',
    PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE job (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,               -- UUIDv7, 16 bytes: the index grows at its end
    queue_id INTEGER NOT NULL REFERENCES job_queue,
    name TEXT NOT NULL,
    definition_name TEXT NOT NULL,
    definition_revision INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    status INTEGER NOT NULL,               -- 0 SUBMITTED, 1 PENDING, 2 RUNNABLE, 3 STARTING,
                                           -- 4 RUNNING, 5 SUCCEEDED, 6 FAILED
    status_reason TEXT NOT NULL,
    attempt INTEGER NOT NULL,              -- number of the newest one; 0 before the first
    started_at INTEGER,
    stopped_at INTEGER,
    is_cancelled INTEGER NOT NULL,
    is_terminated INTEGER NOT NULL,
    milli_vcpu INTEGER NOT NULL,
    memory_mib INTEGER NOT NULL,
    gpus INTEGER NOT NULL,
    fargate INTEGER NOT NULL,
    consumables TEXT,                      -- JSON list, NULL for none
    nodes TEXT,                            -- JSON list of [count, milli vCPU, MiB, GPUs] by index;
                                           -- NULL: no multi-node job
    share TEXT NOT NULL,                   -- shareIdentifier, '' for none
    scheduling_priority INTEGER NOT NULL,
    attempts INTEGER NOT NULL,             -- allowed in all
    timeout_seconds INTEGER,
    retry_rules TEXT,                      -- JSON list, NULL for none
    depends_on BLOB,                       -- 24 bytes each (database.hpp), NULL for none
    array_size INTEGER NOT NULL,           -- 0: no array
    sequence INTEGER NOT NULL,             -- of an array's children: model::Sequence
    main_node INTEGER NOT NULL,
    flaw INTEGER NOT NULL,                 -- why it will fail when dispatched: model::DispatchFlaw
    infrastructure_failures INTEGER NOT NULL,
    grown_memory_mib INTEGER NOT NULL,     -- after out-of-memory kills; 0: as asked for
    hold TEXT,                             -- why it is held; NULL: it is not
    options TEXT,                          -- JSON: model::JobOptions; NULL: none
    idempotency_key TEXT,                  -- that the client chose
    invocation TEXT,                       -- an SDK's mark of the call
    request_hash INTEGER,                  -- with one of those: of what was asked for
    tags TEXT NOT NULL
) STRICT;
CREATE INDEX job_by_queue ON job (queue_id, status, seq);
CREATE UNIQUE INDEX job_by_key ON job (idempotency_key) WHERE idempotency_key IS NOT NULL;

-- What retention has removed: at most one row.
CREATE TABLE removed (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    last_seq INTEGER NOT NULL,             -- never given again
    last_created INTEGER NOT NULL
) STRICT;

-- The search index (store/search.hpp): what it says about a block of 4096 jobs, by seq. Sets of
-- jobs are as store/job_bits.hpp encodes them. Nothing depends on it: what is missing is built again.
CREATE TABLE search_block (
    block INTEGER PRIMARY KEY,             -- seq / 4096
    jobs BLOB,                             -- those that are stored; NULL: not ready
    open BLOB,                             -- those that had not ended when they were looked at
    first_created INTEGER,
    last_created INTEGER,
    last_stopped INTEGER                   -- of the ended ones; NULL if there is none
) STRICT;
CREATE TABLE search_term (
    block INTEGER NOT NULL,
    field INTEGER NOT NULL,                -- store/search_terms.hpp: SearchField
    value TEXT NOT NULL,
    jobs BLOB NOT NULL,
    PRIMARY KEY (block, field, value)
) STRICT, WITHOUT ROWID;

-- What the index says about a job stays true for ever, except that tags may change, and that a job
-- may be run again: its block is built anew then.
CREATE TRIGGER search_tags AFTER UPDATE OF tags ON job BEGIN
    DELETE FROM search_block WHERE block = new.seq / 4096;
END;
CREATE TRIGGER search_reopened AFTER UPDATE OF status ON job WHEN old.status > 4 AND new.status < 5
BEGIN
    DELETE FROM search_block WHERE block = new.seq / 4096;
END;

-- Which jobs ask for a consumable resource.
CREATE TABLE job_consumable (
    name TEXT NOT NULL,                    -- of the resource
    job_seq INTEGER NOT NULL REFERENCES job,
    quantity INTEGER NOT NULL,
    PRIMARY KEY (name, job_seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX job_consumable_by_job ON job_consumable (job_seq);

-- What the shares of fair-share queues have used.
CREATE TABLE share (
    queue_id INTEGER NOT NULL REFERENCES job_queue,
    identifier TEXT NOT NULL,
    past_vcpus REAL NOT NULL,              -- the decayed mean up to that time
    at INTEGER NOT NULL,
    PRIMARY KEY (queue_id, identifier)
) STRICT, WITHOUT ROWID;

CREATE TABLE job_spec (
    job_seq INTEGER PRIMARY KEY REFERENCES job,
    spec TEXT NOT NULL
) STRICT;

-- How an array's children stand. Its own row for a child only once it was placed, or ended apart from
-- the others; the last columns say how those ended that have none.
CREATE TABLE array (
    job_seq INTEGER PRIMARY KEY REFERENCES job,
    is_released INTEGER NOT NULL,
    submitted INTEGER NOT NULL,
    pending INTEGER NOT NULL,
    runnable INTEGER NOT NULL,
    starting INTEGER NOT NULL,
    running INTEGER NOT NULL,
    succeeded INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    unstarted_status INTEGER,              -- NULL while they wait
    unstarted_reason TEXT,
    unstarted_at INTEGER,
    unstarted_is_cancelled INTEGER,
    unstarted_is_terminated INTEGER
) STRICT;

-- Also the nodes of a multi-node job, as the newest attempt left them.
CREATE TABLE child (
    job_seq INTEGER NOT NULL REFERENCES job,
    part INTEGER NOT NULL,                 -- index + 1; of a node -index - 1
    status INTEGER NOT NULL,
    status_reason TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    started_at INTEGER,
    stopped_at INTEGER,
    is_cancelled INTEGER NOT NULL,
    is_terminated INTEGER NOT NULL,
    infrastructure_failures INTEGER NOT NULL,
    grown_memory_mib INTEGER NOT NULL,
    hold TEXT,
    PRIMARY KEY (job_seq, part)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempt (
    job_seq INTEGER NOT NULL REFERENCES job,
    part INTEGER NOT NULL,                 -- 0: of the job itself, else as in child
    number INTEGER NOT NULL,
    compute_environment TEXT NOT NULL,
    host TEXT NOT NULL,
    container_id TEXT NOT NULL,
    address TEXT NOT NULL,                 -- in the network of its containers, '' for none
    log_group TEXT NOT NULL,
    log_stream TEXT NOT NULL,
    started_at INTEGER,
    stopped_at INTEGER,
    exit_code INTEGER,
    reason TEXT NOT NULL,
    status_reason TEXT NOT NULL,
    containers TEXT,                       -- JSON list of model::ContainerResult, NULL for one
    gpu_ids TEXT,                          -- JSON list, NULL for none
    price INTEGER NOT NULL,                -- millionths of a US dollar per hour, 0: not known
    peak_memory INTEGER,                   -- bytes, as far as it was looked at
    cpu_ms INTEGER,
    PRIMARY KEY (job_seq, part, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX attempt_by_stop ON attempt (stopped_at);
CREATE INDEX attempt_by_log_stream ON attempt (log_group, log_stream) WHERE log_group <> '';

-- The logs of attempts with several containers; that of an only container is in attempt.
CREATE TABLE container_log (
    log_group TEXT NOT NULL,
    log_stream TEXT NOT NULL,
    job_seq INTEGER NOT NULL,
    part INTEGER NOT NULL,
    number INTEGER NOT NULL,
    container INTEGER NOT NULL,            -- index in the task
    PRIMARY KEY (log_group, log_stream)
) STRICT, WITHOUT ROWID;

CREATE TABLE service_job (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    queue_id INTEGER NOT NULL REFERENCES job_queue,
    name TEXT NOT NULL,
    status_reason TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    stopped_at INTEGER,                    -- NULL: it waits
    client_token TEXT,
    document TEXT NOT NULL,
    tags TEXT NOT NULL DEFAULT '{}'
) STRICT;
CREATE INDEX service_job_by_queue ON service_job (queue_id, seq);
CREATE INDEX service_job_by_token ON service_job (client_token) WHERE client_token IS NOT NULL;
CREATE INDEX service_job_live ON service_job (seq) WHERE stopped_at IS NULL;

-- What the event feed tells: one row for each commit in which something happened. The last row stays
-- for ever: it holds the number that comes next.
CREATE TABLE event_batch (
    first_seq INTEGER PRIMARY KEY,         -- number of its first event
    count INTEGER NOT NULL,
    at INTEGER NOT NULL,
    body BLOB NOT NULL                     -- model::NewsBatch (news_codec.cpp)
) STRICT;

CREATE TABLE webhook (
    name TEXT PRIMARY KEY,
    is_configured INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    done INTEGER NOT NULL,                 -- the last event that needs no delivery any more
    tries INTEGER NOT NULL,                -- of the next one
    failing_since INTEGER,
    next_try INTEGER,
    last_error TEXT NOT NULL,
    document TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Events that were given up.
CREATE TABLE undelivered (
    webhook TEXT NOT NULL REFERENCES webhook,
    first_seq INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    error TEXT NOT NULL,
    PRIMARY KEY (webhook, first_seq)
) STRICT, WITHOUT ROWID;
)sql";

}  // namespace batchd::store

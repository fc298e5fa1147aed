-- Counters that only grow. `token` is not smaller than any fencing token of a job that is gone; the
-- tokens of a new job begin there, because its id may have been there before. `kept` is the run through
-- which was looked whether jobs have more than `keeps` entries. `clock` is what the clock of a node
-- showed last, and does not only grow.
CREATE TABLE {counters} (
    name text COLLATE "C" PRIMARY KEY,
    value bigint
);

INSERT INTO {counters} (name, value) VALUES ('token', 0), ('kept', 0), ('keeps', 0), ('clock', NULL);

-- Numbers that only grow: births and incarnations of jobs, runs and ranges, epochs of nodes. Some are
-- left out, as transactions are rolled back.
CREATE SEQUENCE {births} AS bigint;
CREATE SEQUENCE {numbers} AS bigint;
CREATE SEQUENCE {epochs} AS bigint;

-- Jobs. Instants are microseconds since 1970.
CREATE TABLE {jobs} (
    -- The incarnation that the row was added with; runs refer to it.
    birth bigint PRIMARY KEY,
    id text COLLATE "C" NOT NULL CONSTRAINT {+jobs_id} UNIQUE,
    -- The form of the row: newer ones are left alone by older programs.
    version integer NOT NULL,
    name text,
    task text COLLATE "C" NOT NULL,
    args_json text,
    trigger_json text NOT NULL,
    tags_json text,
    executor text,
    policies_json text,
    declared_json text,
    next_run_time bigint,
    anchor bigint,
    incarnation bigint NOT NULL,
    revision bigint NOT NULL DEFAULT 1,
    -- The fencing token that was given out last.
    token bigint NOT NULL DEFAULT 0,
    -- How many entries of the ledger were made of its id, those that are gone included.
    entries bigint NOT NULL DEFAULT 0,
    -- Instances under way, and those that wait for one.
    running bigint NOT NULL DEFAULT 0,
    queued bigint NOT NULL DEFAULT 0,
    paused boolean NOT NULL DEFAULT false,
    finished boolean NOT NULL DEFAULT false,
    search_limit boolean NOT NULL DEFAULT false,
    absence text NOT NULL DEFAULT 'grace',
    statistics_json text,
    -- The transaction that edited the row last; claims do not count.
    edit bigint NOT NULL
) WITH (fillfactor = 70);

CREATE INDEX {+jobs_due} ON {jobs} (task, next_run_time, incarnation)
    WHERE NOT paused AND next_run_time IS NOT NULL;
CREATE INDEX {+jobs_edit} ON {jobs} (edit);
CREATE INDEX {+jobs_waiting} ON {jobs} (task, birth) WHERE queued > 0;

-- Runs, and stretches of fire times without one (range_count). They outlive their jobs.
CREATE TABLE {runs} (
    id bigint CONSTRAINT {+runs_id} PRIMARY KEY,
    opened bigint NOT NULL,
    job text COLLATE "C" NOT NULL,
    -- Which of the entries of its job it is, counted from 1: what is too old by count is known
    -- without counting.
    nth bigint NOT NULL DEFAULT 0,
    birth bigint NOT NULL,
    incarnation bigint NOT NULL,
    origin text NOT NULL,
    fire_time bigint NOT NULL,
    token bigint NOT NULL DEFAULT 0,
    -- queued, running, retrying, or how it ended.
    state text NOT NULL,
    -- Whose it is; null while it waits.
    node text COLLATE "C",
    epoch bigint,
    -- Whether its instance ends with it.
    ends_instance boolean NOT NULL DEFAULT false,
    -- Why it is to be cancelled: user, shutdown, replaced.
    cancel text,
    -- How often it was begun by nodes that died.
    reruns bigint NOT NULL DEFAULT 0,
    -- When its next attempt is due, if it is retrying.
    due bigint,
    started bigint,
    -- Null as long as it is open.
    finished bigint,
    -- The transaction that opened it or, once it is over, ended it (shifted by 20 bits), and which of
    -- the rows of that transaction it is.
    change bigint NOT NULL,
    attempts bigint NOT NULL DEFAULT 0,
    result_json text,
    error text,
    range_last bigint,
    range_count bigint,
    range_at_least boolean NOT NULL DEFAULT false,
    -- The arguments of a run by hand, if they are not those of its job. They may be long, so they come
    -- last.
    args_json text
) WITH (fillfactor = 90);

CREATE UNIQUE INDEX {+runs_key} ON {runs} (incarnation, fire_time, origin);
CREATE INDEX {+runs_job} ON {runs} (job, id);
CREATE INDEX {+runs_open} ON {runs} (node, epoch, id) WHERE finished IS NULL;
-- Of all rows that its id has had.
CREATE INDEX {+runs_of_job} ON {runs} (job) WHERE finished IS NULL;
CREATE INDEX {+runs_cancel} ON {runs} (node, epoch, id)
    WHERE cancel IS NOT NULL AND finished IS NULL;
CREATE INDEX {+runs_due} ON {runs} (due, id) WHERE state = 'retrying';
CREATE INDEX {+runs_finished} ON {runs} (finished, id) WHERE finished IS NOT NULL;
CREATE INDEX {+runs_change} ON {runs} (change);

-- Schedulers that live or have open runs. Epochs of all come from one sequence, so the row of a node
-- that is gone need not stay.
CREATE TABLE {nodes} (
    name text COLLATE "C" PRIMARY KEY,
    epoch bigint NOT NULL,
    -- alive; dead, with open runs.
    state text NOT NULL,
    beats bigint NOT NULL,
    -- What its clock showed at the last beat, in microseconds since 1970.
    clock bigint,
    tasks_json text NOT NULL,
    zones text NOT NULL,
    -- That of its program; 0 without one.
    release bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

-- Declared jobs that were removed by hand, and stay away while the code declares the same.
CREATE TABLE {removed} (
    id text COLLATE "C" PRIMARY KEY,
    declared_json text NOT NULL,
    removed_at bigint NOT NULL
);

-- The transactions that removed jobs last, spread over a few rows so that removals do not wait for each
-- other.
CREATE TABLE {removals} (
    slot integer PRIMARY KEY,
    edit bigint NOT NULL
) WITH (fillfactor = 50);

INSERT INTO {removals} (slot, edit) SELECT slot, 0 FROM generate_series(0, 15) AS slot;

-- Reserved: tables that later versions use, made now so that older and newer processes can share
-- a database. Nothing reads or writes them yet.

-- Jobs, tasks, tags or whole stores that are held back for a while.
CREATE TABLE {holds} (
    id bigint PRIMARY KEY,
    scope text NOT NULL,
    scope_value text,
    author text,
    reason text,
    "until" bigint,
    since bigint NOT NULL
);

-- Stretches in which the fire times of a job are left out.
CREATE TABLE {skips} (
    job text COLLATE "C" NOT NULL,
    "from" bigint NOT NULL,
    "until" bigint NOT NULL,
    author text,
    reason text,
    PRIMARY KEY (job, "from")
);

-- Who changed what.
CREATE TABLE {audit} (
    at bigint NOT NULL,
    author text,
    verb text NOT NULL,
    job text,
    detail_json text
);

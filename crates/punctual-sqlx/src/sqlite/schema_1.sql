-- Counters that only grow: the last incarnation, run number, end, edit and epoch that were given out,
-- and the greatest fencing token of all jobs that are gone. The tokens of a new job begin above it,
-- because its id may have been there before. `kept` is the run through which was looked whether
-- jobs have more than `keeps` entries. One row more does not only grow: `clock` is what the clock of
-- a node showed last.
CREATE TABLE {p}counters (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO {p}counters (name, value)
    VALUES ('incarnation', 0), ('run', 0), ('end', 0), ('edit', 0), ('epoch', 0), ('token', 0),
    ('kept', 0), ('keeps', 0);

-- Jobs. Instants are microseconds since 1970.
CREATE TABLE {p}jobs (
    -- The incarnation that the row was added with; runs refer to it.
    birth INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    -- The form of the row: newer ones are left alone by older programs.
    version INTEGER NOT NULL,
    name TEXT,
    task TEXT NOT NULL,
    args_json TEXT,
    trigger_json TEXT NOT NULL,
    tags_json TEXT,
    executor TEXT,
    policies_json TEXT,
    declared_json TEXT,
    next_run_time INTEGER,
    anchor INTEGER,
    incarnation INTEGER NOT NULL,
    revision INTEGER NOT NULL DEFAULT 1,
    -- The fencing token that was given out last.
    token INTEGER NOT NULL DEFAULT 0,
    -- How many entries of the ledger were made of its id, those that are gone included.
    entries INTEGER NOT NULL DEFAULT 0,
    -- Instances under way, and those that wait for one.
    running INTEGER NOT NULL DEFAULT 0,
    queued INTEGER NOT NULL DEFAULT 0,
    paused INTEGER NOT NULL DEFAULT 0,
    finished INTEGER NOT NULL DEFAULT 0,
    search_limit INTEGER NOT NULL DEFAULT 0,
    absence TEXT NOT NULL DEFAULT 'grace',
    statistics_json TEXT,
    -- The edit that changed the row last; claims do not count.
    edit INTEGER NOT NULL
) STRICT;

-- Who asks for all tasks steps from task to task: a second index would cost every claim.
CREATE INDEX {p}jobs_due ON {p}jobs (task, next_run_time, incarnation)
    WHERE paused = 0 AND next_run_time IS NOT NULL;
CREATE INDEX {p}jobs_edit ON {p}jobs (edit);
CREATE INDEX {p}jobs_waiting ON {p}jobs (task) WHERE queued > 0;

-- Runs, and stretches of fire times without one (range_count). They outlive their jobs.
CREATE TABLE {p}runs (
    -- Numbers are given out under the lock of the database, so they grow in the order of opening.
    id INTEGER PRIMARY KEY,
    opened INTEGER NOT NULL,
    job TEXT NOT NULL,
    -- Which of the entries of its job it is, counted from 1: what is too old by count is known
    -- without counting.
    nth INTEGER NOT NULL DEFAULT 0,
    birth INTEGER NOT NULL,
    incarnation INTEGER NOT NULL,
    origin TEXT NOT NULL,
    fire_time INTEGER NOT NULL,
    token INTEGER NOT NULL DEFAULT 0,
    -- queued, running, retrying, or how it ended.
    state TEXT NOT NULL,
    -- Whose it is; null while it waits.
    node TEXT,
    epoch INTEGER,
    -- Whether its instance ends with it.
    ends_instance INTEGER NOT NULL DEFAULT 0,
    -- Why it is to be cancelled: user, shutdown, replaced.
    cancel TEXT,
    -- How often it was begun by nodes that died.
    reruns INTEGER NOT NULL DEFAULT 0,
    -- When its next attempt is due, if it is retrying.
    due INTEGER,
    started INTEGER,
    -- Null as long as it is open.
    finished INTEGER,
    -- Which of all ends it is, in the order of commits; null of what the transaction ended that opened
    -- it: its number is in that order too.
    ended INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    result_json TEXT,
    error TEXT,
    range_last INTEGER,
    range_count INTEGER,
    range_at_least INTEGER NOT NULL DEFAULT 0,
    -- The arguments of a run by hand, if they are not those of its job. They may be long, so they come last.
    args_json TEXT
) STRICT;

CREATE UNIQUE INDEX {p}runs_key ON {p}runs (incarnation, origin, fire_time);
CREATE INDEX {p}runs_job ON {p}runs (job, id);
CREATE INDEX {p}runs_open ON {p}runs (node, epoch) WHERE finished IS NULL;
-- Of all rows that its id has had.
CREATE INDEX {p}runs_of_job ON {p}runs (job) WHERE finished IS NULL;
CREATE INDEX {p}runs_cancel ON {p}runs (node, epoch)
    WHERE cancel IS NOT NULL AND finished IS NULL;
CREATE INDEX {p}runs_due ON {p}runs (due) WHERE state = 'retrying';
CREATE INDEX {p}runs_finished ON {p}runs (finished) WHERE finished IS NOT NULL;
CREATE INDEX {p}runs_ended ON {p}runs (ended) WHERE ended IS NOT NULL;

-- Schedulers that live or have open runs. Epochs of all come from one counter, so the row of a
-- node that is gone need not stay.
CREATE TABLE {p}nodes (
    name TEXT PRIMARY KEY,
    epoch INTEGER NOT NULL,
    -- alive; dead, with open runs.
    state TEXT NOT NULL,
    beats INTEGER NOT NULL,
    -- What its clock showed at the last beat, in microseconds since 1970.
    clock INTEGER,
    tasks_json TEXT NOT NULL,
    zones TEXT NOT NULL,
    -- That of its program; 0 without one.
    release INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Declared jobs that were removed by hand, and stay away while the code declares the same.
CREATE TABLE {p}removed (
    id TEXT PRIMARY KEY,
    declared_json TEXT NOT NULL,
    removed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Reserved: tables that later versions use, made now so that older and newer processes can share
-- a file. Nothing reads or writes them yet.

-- Jobs, tasks, tags or whole stores that are held back for a while.
CREATE TABLE {p}holds (
    id INTEGER PRIMARY KEY,
    scope TEXT NOT NULL,
    scope_value TEXT,
    author TEXT,
    reason TEXT,
    "until" INTEGER,
    since INTEGER NOT NULL
) STRICT;

-- Stretches in which the fire times of a job are left out.
CREATE TABLE {p}skips (
    job TEXT NOT NULL,
    "from" INTEGER NOT NULL,
    "until" INTEGER NOT NULL,
    author TEXT,
    reason TEXT,
    PRIMARY KEY (job, "from")
) STRICT, WITHOUT ROWID;

-- Who changed what.
CREATE TABLE {p}audit (
    at INTEGER NOT NULL,
    author TEXT,
    verb TEXT NOT NULL,
    job TEXT,
    detail_json TEXT
) STRICT;

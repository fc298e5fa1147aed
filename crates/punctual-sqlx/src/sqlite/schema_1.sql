-- Counters that only grow: the last incarnation, run number and edit that were given out.
CREATE TABLE {p}counters (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO {p}counters (name, value) VALUES ('incarnation', 0), ('run', 0), ('edit', 0);

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

CREATE INDEX {p}jobs_due ON {p}jobs (next_run_time, incarnation, task)
    WHERE paused = 0 AND next_run_time IS NOT NULL;
CREATE INDEX {p}jobs_edit ON {p}jobs (edit);

-- Runs, and stretches of fire times without one (range_count). They outlive their jobs.
CREATE TABLE {p}runs (
    id INTEGER PRIMARY KEY,
    job TEXT NOT NULL,
    birth INTEGER NOT NULL,
    incarnation INTEGER NOT NULL,
    origin TEXT NOT NULL,
    fire_time INTEGER NOT NULL,
    -- queued, running, or how it ended.
    state TEXT NOT NULL,
    node TEXT,
    epoch INTEGER,
    -- Whether its instance ends with it.
    ends_instance INTEGER NOT NULL DEFAULT 0,
    -- Whether somebody asked to cancel it.
    cancel INTEGER NOT NULL DEFAULT 0,
    -- How often it was begun by nodes that died.
    reruns INTEGER NOT NULL DEFAULT 0,
    started INTEGER,
    -- Null as long as it is open.
    finished INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    result_json TEXT,
    error TEXT,
    range_last INTEGER,
    range_count INTEGER,
    range_at_least INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE UNIQUE INDEX {p}runs_key ON {p}runs (incarnation, origin, fire_time);
CREATE INDEX {p}runs_job ON {p}runs (job, id);
CREATE INDEX {p}runs_open ON {p}runs (node, epoch) WHERE finished IS NULL;
CREATE INDEX {p}runs_finished ON {p}runs (finished) WHERE finished IS NOT NULL;

-- Schedulers. A name keeps its row, because its epochs only grow.
CREATE TABLE {p}nodes (
    name TEXT PRIMARY KEY,
    epoch INTEGER NOT NULL,
    -- alive; dead, with open runs; gone.
    state TEXT NOT NULL,
    beats INTEGER NOT NULL,
    tasks_json TEXT NOT NULL,
    zones TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Counters that only grow. `birth` is the last birth or incarnation of a job, and `epoch` the last epoch of
-- a node. `token` is not smaller than any fencing token of a job that is gone, and the tokens of a new job
-- begin there, because its id may have been there before. `kept` is the run through which was looked whether
-- jobs have more than `keeps` entries. `runs` and `edits` are the last places that turns of these kinds got,
-- and `runs_trimmed` and `edits_trimmed` the places through which turns were deleted. `clock` is what the
-- clock of a node showed last, and does not only grow.
CREATE TABLE IF NOT EXISTS {counters} (
    name VARCHAR(64) PRIMARY KEY,
    value BIGINT
) {options};

INSERT IGNORE INTO {counters} (name, value) VALUES ('birth', 0), ('epoch', 0), ('token', 0), ('kept', 0),
    ('keeps', 0), ('runs', 0), ('edits', 0), ('runs_trimmed', 0), ('edits_trimmed', 0), ('clock', NULL);

-- Transactions that opened or ended runs (`runs`) or edited jobs (`edits`). A reader gives those that are
-- committed their places, one after another. So the order of places is one that no late commit disturbs.
CREATE TABLE IF NOT EXISTS {turns} (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    kind VARCHAR(8) NOT NULL DEFAULT '',
    place BIGINT,
    KEY turns_place (kind, place, id)
) {options};

-- Jobs. Instants are microseconds since 1970.
CREATE TABLE IF NOT EXISTS {jobs} (
    -- The incarnation that the row was added with, to which runs refer.
    birth BIGINT PRIMARY KEY,
    id VARCHAR(191) NOT NULL DEFAULT '',
    -- The form of the row. Newer ones are left alone by older programs.
    version INT NOT NULL DEFAULT 0,
    name MEDIUMTEXT,
    task VARCHAR(512) NOT NULL DEFAULT '',
    args_json MEDIUMTEXT,
    trigger_json MEDIUMTEXT,
    tags_json MEDIUMTEXT,
    executor MEDIUMTEXT,
    policies_json MEDIUMTEXT,
    declared_json MEDIUMTEXT,
    next_run_time BIGINT,
    anchor BIGINT,
    incarnation BIGINT NOT NULL DEFAULT 0,
    revision BIGINT NOT NULL DEFAULT 1,
    -- The fencing token that was given out last.
    token BIGINT NOT NULL DEFAULT 0,
    -- How many entries of the ledger were made of its id, those that are gone included.
    entries BIGINT NOT NULL DEFAULT 0,
    -- Instances under way, and those that wait for one.
    running BIGINT NOT NULL DEFAULT 0,
    queued BIGINT NOT NULL DEFAULT 0,
    paused TINYINT(1) NOT NULL DEFAULT 0,
    finished TINYINT(1) NOT NULL DEFAULT 0,
    search_limit TINYINT(1) NOT NULL DEFAULT 0,
    absence VARCHAR(16) NOT NULL DEFAULT 'grace',
    statistics_json MEDIUMTEXT,
    -- The turn that edited the row last. Claims do not count.
    edit BIGINT NOT NULL DEFAULT 0,
    -- The next fire time of a job that is not paused, for the index of due jobs.
    soon BIGINT GENERATED ALWAYS AS (CASE WHEN paused = 0 THEN next_run_time END) STORED,
    -- 1 if runs wait for room, for the index of those.
    waits TINYINT GENERATED ALWAYS AS (CASE WHEN queued > 0 THEN 1 END) STORED,
    UNIQUE KEY jobs_id (id),
    KEY jobs_due (task, soon, incarnation),
    KEY jobs_waiting (waits, task, birth),
    KEY jobs_edit (edit)
) {options};

-- Runs, and stretches of fire times without one (range_count). They outlive their jobs.
CREATE TABLE IF NOT EXISTS {runs} (
    id BIGINT PRIMARY KEY,
    opened BIGINT NOT NULL DEFAULT 0,
    job VARCHAR(191) NOT NULL DEFAULT '',
    -- Which of the entries of its job it is, counted from 1, so that those that are too many are known
    -- without counting.
    nth BIGINT NOT NULL DEFAULT 0,
    birth BIGINT NOT NULL DEFAULT 0,
    incarnation BIGINT NOT NULL DEFAULT 0,
    origin VARCHAR(16) NOT NULL DEFAULT '',
    fire_time BIGINT NOT NULL DEFAULT 0,
    token BIGINT NOT NULL DEFAULT 0,
    -- queued, running, retrying, or how it ended.
    state VARCHAR(32) NOT NULL DEFAULT '',
    -- Whose it is, or null while it waits.
    node VARCHAR(512),
    epoch BIGINT,
    -- Whether its instance ends with it.
    ends_instance TINYINT(1) NOT NULL DEFAULT 0,
    -- Why it is to be cancelled: user, shutdown, replaced.
    cancel VARCHAR(16),
    -- How often it was begun by nodes that died.
    reruns BIGINT NOT NULL DEFAULT 0,
    -- When its next attempt is due, as long as it is retrying.
    due BIGINT,
    started BIGINT,
    -- Null as long as it is open.
    finished BIGINT,
    -- The turn that opened it or, once it is over, ended it.
    turn BIGINT NOT NULL DEFAULT 0,
    attempts BIGINT NOT NULL DEFAULT 0,
    result_json MEDIUMTEXT,
    error MEDIUMTEXT,
    range_last BIGINT,
    range_count BIGINT,
    range_at_least TINYINT(1) NOT NULL DEFAULT 0,
    -- The arguments of a run by hand, if they are not those of its job.
    args_json MEDIUMTEXT,
    UNIQUE KEY runs_key (incarnation, fire_time, origin),
    KEY runs_job (job, id),
    -- What is open comes first in both, since null comes before all numbers.
    KEY runs_open (finished, node, epoch, id, cancel),
    KEY runs_of_job (finished, job, id),
    KEY runs_due (due, id),
    KEY runs_turn (turn, id)
) {options};

-- Schedulers that live or have open runs. Epochs of all come from one counter, so the row of a node that is
-- gone need not stay. Claims share the row of their node, so nothing is written here but with a change of the
-- epoch.
CREATE TABLE IF NOT EXISTS {nodes} (
    name VARCHAR(512) PRIMARY KEY,
    epoch BIGINT NOT NULL,
    -- alive, or dead with open runs.
    state VARCHAR(16) NOT NULL,
    tasks_json MEDIUMTEXT NOT NULL,
    zones MEDIUMTEXT NOT NULL,
    -- That of its program, or 0 without one.
    `release` BIGINT NOT NULL DEFAULT 0
) {options};

-- The signs of life of the nodes. A renewal writes here, and so it waits for no claim.
CREATE TABLE IF NOT EXISTS {beats} (
    name VARCHAR(512) PRIMARY KEY,
    epoch BIGINT NOT NULL,
    is_alive TINYINT(1) NOT NULL,
    beats BIGINT NOT NULL,
    -- What its clock showed at the last beat, in microseconds since 1970.
    clock BIGINT
) {options};

-- Declared jobs that were removed by hand, and stay away while the code declares the same.
CREATE TABLE IF NOT EXISTS {removed} (
    id VARCHAR(191) PRIMARY KEY,
    declared_json MEDIUMTEXT NOT NULL,
    removed_at BIGINT NOT NULL
) {options};

-- Reserved: tables that later versions use, made now so that older and newer processes can share
-- a database. Nothing reads or writes them yet.

-- Jobs, tasks, tags or whole stores that are held back for a while.
CREATE TABLE IF NOT EXISTS {holds} (
    id BIGINT PRIMARY KEY,
    scope VARCHAR(64) NOT NULL,
    scope_value MEDIUMTEXT,
    author MEDIUMTEXT,
    reason MEDIUMTEXT,
    `until` BIGINT,
    since BIGINT NOT NULL
) {options};

-- Stretches in which the fire times of a job are left out.
CREATE TABLE IF NOT EXISTS {skips} (
    job VARCHAR(191) NOT NULL,
    `from` BIGINT NOT NULL,
    `until` BIGINT NOT NULL,
    author MEDIUMTEXT,
    reason MEDIUMTEXT,
    PRIMARY KEY (job, `from`)
) {options};

-- Who changed what.
CREATE TABLE IF NOT EXISTS {audit} (
    at BIGINT NOT NULL,
    author MEDIUMTEXT,
    verb VARCHAR(64) NOT NULL,
    job VARCHAR(191),
    detail_json MEDIUMTEXT
) {options};

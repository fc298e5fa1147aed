//! What a story came to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::{Outcome, Run, RunId};
use punctual_store::checker::{Checker, Ending, Execution, Period, Violation};
use punctual_store::{JobStore as _, RunFilter};
use sqlx::mysql::MySqlConnection;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, Row as _};

use crate::unix::fleet::Life;
use crate::unix::journal::{self, Attempt};
use crate::unix::server::Make;
use crate::unix::story::Story;

/// How late things may be on a busy machine while a node is there.
const PATIENCE: TimeDelta = TimeDelta::seconds(10);

/// A process that has started, or goes on, gets so long to find its way.
const FINDING_BACK: TimeDelta = TimeDelta::seconds(3);

/// After a fault, so long may others believe that a node is dead.
pub(crate) const AFTERMATH: TimeDelta = TimeDelta::seconds(25);

/// So many violations are shown.
const SHOWN: usize = 12;

pub(crate) struct Verdict {
    pub(crate) ledger: Vec<Run>,
    pub(crate) violations: Vec<Violation>,
    /// What would be wrong if no caller had cancelled anything.
    pub(crate) without_callers: Vec<Violation>,
    executions: Vec<Execution>,
    processes: usize,
    pub(crate) kills: usize,
    pub(crate) server_kills: usize,
    torn: usize,
}

impl Story {
    /// Ends the story, and judges it.
    ///
    /// # Panics
    ///
    /// If something is wrong.
    pub(crate) async fn end(mut self) -> Verdict {
        let now = self.rest().await;
        let verdict = self.judge(now).await;
        assert_eq!(self.integrity().await, "ok");
        let shown = verdict.violations.iter().take(SHOWN);
        let shown: Vec<_> = shown.map(|violation| format!("    {violation}")).collect();
        assert!(
            shown.is_empty(),
            "{verdict}\n{}\nall is kept in {}",
            shown.join("\n"),
            self.place.path().display()
        );
        assert!(
            verdict.torn <= verdict.kills,
            "only those who die tear lines"
        );
        self.place.leave();
        verdict
    }

    async fn judge(&self, now: DateTime<Utc>) -> Verdict {
        let mut ledger = self.store.runs(RunFilter::default()).await.unwrap();
        ledger.sort_unstable_by_key(|run| run.id);
        let written = journal::read(&self.place.journal());
        let attempts = &written.attempts;
        let fates: BTreeMap<RunId, Option<Outcome>> = ledger
            .iter()
            .map(|run| (run.id, run.state.outcome()))
            .collect();
        let executions: Vec<Execution> = attempts
            .iter()
            .map(|(attempt, execution)| {
                let fate = fates.get(&execution.run).copied().flatten();
                let is_lost = fate.is_none_or(|outcome| outcome == Outcome::Lost);
                let life = &self.fleet.lives[attempt.life];
                let is_begun_anew = life.stopped.is_some_and(|(from, _)| {
                    is_under_way(execution, from) && began_elsewhere(attempt, from, attempts)
                });
                life.seen_to(execution.clone(), is_lost || is_begun_anew)
            })
            .collect();
        let names: BTreeSet<&str> = ledger
            .iter()
            .filter_map(|run| run.node.as_deref())
            .collect();
        let mut checker = Checker::new()
            .patience(PATIENCE)
            .executions(executions.iter().cloned())
            .deaths(self.deaths(&names))
            .shutdowns(self.shutdowns(&names))
            .cut_off(self.cut_off(&names));
        for absence in self.absences(now) {
            checker = checker.absence(absence);
        }
        for history in self.store.0.histories().await {
            checker = checker.history(history);
        }
        let lives = &self.fleet.lives;
        Verdict {
            without_callers: checker.clone().cancels([]).check(&ledger, now),
            violations: checker.cancels(written.cancels).check(&ledger, now),
            ledger,
            executions,
            processes: lives.len(),
            kills: lives.iter().filter(|life| life.was_killed).count(),
            server_kills: self.server_kills,
            torn: written.torn,
        }
    }

    /// Which nodes were dead when, by the names that they gave themselves.
    fn deaths(&self, names: &BTreeSet<&str>) -> Vec<(String, Period)> {
        let mut deaths = Vec::new();
        for life in &self.fleet.lives {
            let killed = life.ended.filter(|_| life.was_killed);
            let killed = killed.map(|at| Period::new(at, at));
            let stopped = life
                .stopped
                .map(|(from, until)| Period::new(from, until + AFTERMATH));
            let doubts = self.doubts.iter().copied();
            let its: Vec<_> = killed.into_iter().chain(stopped).chain(doubts).collect();
            for name in names.iter().filter(|name| first_name(name) == life.name) {
                deaths.extend(its.iter().map(|away| ((*name).to_owned(), *away)));
            }
        }
        deaths
    }

    /// Returns the periods in which nodes could tell the store of no end, by the names that they gave
    /// themselves.
    fn cut_off(&self, names: &BTreeSet<&str>) -> Vec<(String, Period)> {
        let mut cut_off = Vec::new();
        for life in &self.fleet.lives {
            let stopped = life.stopped.map(|(from, until)| Period::new(from, until));
            let its: Vec<_> = self.outages.iter().copied().chain(stopped).collect();
            for name in names.iter().filter(|name| first_name(name) == life.name) {
                cut_off.extend(its.iter().map(|away| ((*name).to_owned(), *away)));
            }
        }
        cut_off
    }

    /// Which nodes were shut down when, by the names that they gave themselves.
    fn shutdowns(&self, names: &BTreeSet<&str>) -> Vec<(String, Period)> {
        let mut shutdowns = Vec::new();
        for life in &self.fleet.lives {
            let Some((from, until)) = life.dismissed.zip(life.ended) else {
                continue;
            };
            let its = names.iter().filter(|name| first_name(name) == life.name);
            shutdowns.extend(its.map(|name| ((*name).to_owned(), Period::new(from, until))));
        }
        shutdowns
    }

    /// When nobody was there.
    fn absences(&self, now: DateTime<Utc>) -> Vec<Period> {
        let mut present: Vec<(DateTime<Utc>, DateTime<Utc>)> = Vec::new();
        for life in &self.fleet.lives {
            let Some(ready) = life.ready.get() else {
                continue;
            };
            let ended = life.ended.unwrap_or(now);
            match life.stopped {
                None => present.push((*ready + FINDING_BACK, ended)),
                Some((stopped, went_on)) => {
                    present.push((*ready + FINDING_BACK, stopped));
                    present.push((went_on + FINDING_BACK, ended));
                }
            }
        }
        present.retain(|(from, until)| from < until);
        present.sort_unstable();
        let mut absences = self.outages.clone();
        let mut seen = DateTime::<Utc>::MIN_UTC;
        for (from, until) in present {
            if from > seen {
                absences.push(Period::new(seen, from));
            }
            seen = seen.max(until);
        }
        absences.push(Period::new(seen, DateTime::<Utc>::MAX_UTC));
        absences
    }

    /// What the database says of itself.
    async fn integrity(&self) -> String {
        if let Some(server) = &self.place.server {
            return match server.make {
                Make::Postgres => integrity_of_postgres(self.place.url()).await,
                Make::Mariadb => integrity_of_mariadb(self.place.url()).await,
            };
        }
        let options = SqliteConnectOptions::new().filename(self.place.database());
        let mut connection = options.connect().await.unwrap();
        let check = sqlx::query_scalar("PRAGMA integrity_check");
        check.fetch_one(&mut connection).await.unwrap()
    }
}

/// Looks at every index of our tables, and at the rows that it leads to.
async fn integrity_of_postgres(url: &str) -> String {
    let mut connection = Box::pin(PgConnection::connect(url)).await.unwrap();
    let extend = sqlx::query("CREATE EXTENSION IF NOT EXISTS amcheck");
    extend.execute(&mut connection).await.unwrap();
    let check = "SELECT bt_index_check(i.indexrelid, true) FROM pg_index i \
        JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam \
        JOIN pg_namespace n ON n.oid = c.relnamespace \
        WHERE a.amname = 'btree' AND n.nspname NOT LIKE 'pg\\_%'";
    let checked = sqlx::query(check).fetch_all(&mut connection).await;
    checked.map_or_else(
        |error| error.to_string(),
        |indexes| {
            assert!(!indexes.is_empty(), "there are indexes to look at");
            "ok".to_owned()
        },
    )
}

/// Lets the server look at every table and its indexes.
async fn integrity_of_mariadb(url: &str) -> String {
    let mut connection = Box::pin(MySqlConnection::connect(url)).await.unwrap();
    let names = "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()";
    let names = sqlx::raw_sql(names)
        .fetch_all(&mut connection)
        .await
        .unwrap();
    assert!(!names.is_empty(), "there are tables to look at");
    for name in names {
        let name: String = name.try_get_unchecked(0).unwrap();
        let check = sqlx::AssertSqlSafe(format!("CHECK TABLE {name} EXTENDED"));
        let rows = sqlx::raw_sql(check)
            .fetch_all(&mut connection)
            .await
            .unwrap();
        for row in rows {
            let (kind, said): (String, String) = (
                row.try_get_unchecked(2).unwrap(),
                row.try_get_unchecked(3).unwrap(),
            );
            if said != "OK" {
                return format!("{name}: {kind}: {said}");
            }
        }
    }
    "ok".to_owned()
}

fn is_under_way(execution: &Execution, at: DateTime<Utc>) -> bool {
    execution.began <= at && execution.ended.is_none_or(|ended| ended > at)
}

/// Whether another process has begun the run since. It keeps its number.
fn began_elsewhere(
    attempt: &Attempt,
    since: DateTime<Utc>,
    all: &BTreeMap<Attempt, Execution>,
) -> bool {
    let is_later = |(other, later): (&Attempt, &Execution)| {
        other.run == attempt.run && other.life != attempt.life && later.began > since
    };
    all.iter().any(is_later)
}

/// A node that was taken for dead goes by its name and something behind it.
pub(crate) fn first_name(name: &str) -> &str {
    name.split('~').next().unwrap_or(name)
}

impl Life {
    /// An execution in this process, with what its body could not write down.
    fn seen_to(&self, execution: Execution, was_taken: bool) -> Execution {
        let stopped = self.stopped.filter(|_| was_taken);
        Execution {
            ended: execution.ended.or(self.ended),
            forsaken: stopped.map(|(from, _)| from),
            ..execution
        }
    }
}

impl Verdict {
    pub(crate) fn count(&self, is_it: impl Fn(Outcome) -> bool) -> u64 {
        let ended = self
            .ledger
            .iter()
            .filter(|run| run.state.outcome().is_some_and(&is_it));
        ended
            .map(|run| run.range.map_or(1, |range| range.count.number()))
            .sum()
    }

    pub(crate) fn lost(&self) -> u64 {
        self.count(|outcome| outcome == Outcome::Lost)
    }

    /// Runs that were begun anew since a body died with its node, or was given up with it. They
    /// keep their numbers.
    pub(crate) fn reruns(&self) -> usize {
        let mut last_began: BTreeMap<RunId, DateTime<Utc>> = BTreeMap::new();
        for body in &self.executions {
            let last = last_began.entry(body.run).or_insert(body.began);
            *last = body.began.max(*last);
        }
        let has_died =
            |body: &&Execution| body.forsaken.is_some() || body.ending == Ending::Unknown;
        let died = self.executions.iter().filter(has_died);
        let again = died.filter(|body| last_began[&body.run] > body.began);
        again.map(|body| body.run).collect::<BTreeSet<_>>().len()
    }

    /// The nodes whose bodies ran.
    pub(crate) fn workers(&self) -> BTreeSet<&str> {
        self.executions
            .iter()
            .map(|body| body.node.as_str())
            .collect()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} processes, {} kills, {} of the server: {} fire times, {} ran, {} lost, {} rerun, {} not run, {} bodies, {} violations",
            self.processes,
            self.kills,
            self.server_kills,
            self.count(|_| true),
            self.count(|outcome| outcome.has_run() && outcome != Outcome::Lost),
            self.lost(),
            self.reruns(),
            self.count(|outcome| !outcome.has_run()),
            self.executions.len(),
            self.violations.len()
        )
    }
}

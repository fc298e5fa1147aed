//! Reads the feed of runs.

use std::collections::BTreeSet;

use punctual_core::Run;
use punctual_store::{Error, RunFeed, RunsSince};
use serde::Deserialize;

use super::Inner;
use super::at::{At, json, parsed};
use super::columns::{self, run_columns};
use super::error::failed;
use crate::limits::PAGE;

/// The last numbers of runs and ends, the ends after a position (`?2`) with their runs, and the
/// runs that were opened after one (`?1`). All are as of one moment.
pub(super) const NEWS: &str = "SELECT json_array(\
     (SELECT value FROM {p}counters WHERE name = 'run'), \
     (SELECT value FROM {p}counters WHERE name = 'end'), \
     json((SELECT json_group_array(json_array(ended, id)) FROM (SELECT ended, id FROM {p}runs \
     INDEXED BY {p}runs_ended WHERE ended > ?2 ORDER BY ended LIMIT ?3))), \
     json((SELECT json_group_array(id) FROM (SELECT id FROM {p}runs WHERE id > ?1 \
     ORDER BY id LIMIT ?3))))";

/// A row of [`NEWS`].
#[derive(Debug, Deserialize)]
struct News {
    opened_last: u64,
    ended_last: u64,
    ended: Vec<(u64, u64)>,
    opened: Vec<u64>,
}

/// The runs that are reported, the position after them, and whether there are more.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    runs: BTreeSet<u64>,
    next: RunFeed,
    more: bool,
}

impl Inner {
    pub(super) async fn runs_since(
        &self,
        since: RunFeed,
        limit: usize,
    ) -> Result<RunsSince, Error> {
        let limit = limit.clamp(1, PAGE);
        let mut connection = self.lister().await?;
        let mut at = self.at(&mut connection);
        let Told { runs, next, more } = at.news(since, limit).await?.told(since, limit);
        // The runs are read after the news, so each is at least as new as its news.
        let runs = at.runs_of(&runs).await?;
        Ok(RunsSince::new(runs, next).more(more))
    }
}

impl At<'_> {
    async fn news(&mut self, since: RunFeed, limit: usize) -> Result<News, Error> {
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let query = sqlx::query(self.prefix.sql(NEWS))
            .bind(number(since.opened()))
            .bind(number(since.ended()))
            .bind(limit as i64 + 1);
        parsed(&self.as_one(query).await?)
    }

    async fn runs_of(&mut self, numbers: &BTreeSet<u64>) -> Result<Vec<Run>, Error> {
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        let statement = concat!(
            "SELECT ",
            run_columns!(),
            " FROM {p}runs WHERE id IN (SELECT value FROM json_each(?1)) ORDER BY id"
        );
        let rows = sqlx::query(self.prefix.sql(statement))
            .bind(json(numbers)?)
            .fetch_all(&mut *self.connection)
            .await
            .map_err(failed)?;
        let runs = rows.iter().filter_map(|row| columns::run(row).ok());
        Ok(runs.collect())
    }
}

impl News {
    /// Reports the ends of runs first that were reported as open before. All other runs are
    /// reported by their own numbers, in their current state.
    fn told(self, since: RunFeed, limit: usize) -> Told {
        let last = RunFeed::new(self.opened_last, self.ended_last);
        let since = since.up_to(last);
        let mut told = Told {
            runs: BTreeSet::new(),
            next: last,
            more: false,
        };
        let mut through = since.ended();
        for (looked, (ended, run)) in self.ended.into_iter().enumerate() {
            if looked == limit {
                told.next = RunFeed::new(last.opened(), through);
                told.more = true;
                break;
            }
            if run <= since.opened() {
                told.runs.insert(run);
            }
            through = ended;
        }
        let mut through = since.opened();
        for run in self.opened {
            if told.runs.len() == limit {
                told.next = RunFeed::new(through, told.next.ended());
                told.more = true;
                break;
            }
            told.runs.insert(run);
            through = run;
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn news(ended: &[(u64, u64)], opened: &[u64]) -> News {
        News {
            opened_last: 9,
            ended_last: 5,
            ended: ended.to_vec(),
            opened: opened.to_vec(),
        }
    }

    fn told(runs: &[u64], next: (u64, u64), more: bool) -> Told {
        Told {
            runs: runs.iter().copied().collect(),
            next: RunFeed::new(next.0, next.1),
            more,
        }
    }

    #[test]
    fn nothing_is_told_of_when_nothing_happens() {
        for since in [RunFeed::new(9, 5), RunFeed::new(90, 50), RunFeed::END] {
            assert_eq!(news(&[], &[]).told(since, 2), told(&[], (9, 5), false));
        }
    }

    #[test]
    fn an_end_of_what_is_told_as_opened_finds_room_for_another() {
        let news = || news(&[(4, 8), (5, 3)], &[8, 9]);
        let since = RunFeed::new(7, 3);
        assert_eq!(news().told(since, 3), told(&[3, 8, 9], (9, 5), false));
        assert_eq!(news().told(since, 2), told(&[3, 8], (8, 5), true));
        assert_eq!(news().told(since, 1), told(&[8], (8, 4), true));
    }
}

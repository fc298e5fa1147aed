//! Reads the feed of runs, by the places of the transactions that opened or ended them.
//!
//! A position holds the place through which all was told, and of the next place the last run that was told.
//! A reader that is further behind than turns are kept walks over all runs first, by their numbers. What
//! changes meanwhile comes after the place at which the walk began.

use punctual_core::Run;
use punctual_store::{Error, RunFeed, RunsSince};
use sqlx::mysql::MySqlRow;

use super::Inner;
use super::at::get;
use super::columns::{self, run_columns};
use super::turns::Kind;
use crate::limits::PAGE;

/// The runs after a position and through a place. A run that has changed again comes with that change.
const NEWS: &str = concat!(
    "SELECT ",
    run_columns!(),
    ", place_of FROM (SELECT r.id AS own, t.place AS place_of FROM {turns} AS t FORCE INDEX (turns_place) \
     STRAIGHT_JOIN {runs} AS r FORCE INDEX (runs_turn) ON r.turn = t.id WHERE t.kind = 'runs' \
     AND t.place > ? AND t.place <= ? AND (t.place > ? OR r.id > ?) ORDER BY t.place, r.id LIMIT ?) AS news \
     STRAIGHT_JOIN {runs} ON id = own ORDER BY place_of, own"
);

const WALK: &str = concat!(
    "SELECT ",
    run_columns!(),
    " FROM {runs} FORCE INDEX (PRIMARY) WHERE id > ? ORDER BY id LIMIT ?"
);

/// The place of a transaction in the columns of [`NEWS`].
const PLACE: usize = 17;

/// The bit of a position that says that it is one of a walk.
const WALKS: u64 = 1 << 62;

/// A position in the feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Position {
    /// All through a place was told, and runs up to this number of the next one.
    At(i64, i64),
    /// The runs up to this number were told in a walk that began at a place.
    Walking(i64, i64),
}

impl Position {
    /// Returns the position of a feed whose last place this is.
    fn read(feed: RunFeed, last: i64) -> Self {
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let place = number(feed.opened() & !WALKS);
        let is_beyond = feed.opened() > i64::MAX.unsigned_abs() || place > last;
        match feed.opened() & WALKS {
            _ if is_beyond => Self::At(last, 0),
            0 => Self::At(place, number(feed.ended())),
            _ => Self::Walking(place, number(feed.ended())),
        }
    }

    fn feed(self) -> RunFeed {
        let (opened, run) = match self {
            Self::At(place, run) => (place.unsigned_abs(), run),
            Self::Walking(place, run) => (place.unsigned_abs() | WALKS, run),
        };
        RunFeed::new(opened, run.unsigned_abs())
    }
}

impl Inner {
    pub(super) async fn runs_since(
        &self,
        since: RunFeed,
        limit: usize,
    ) -> Result<RunsSince, Error> {
        let limit = limit.clamp(1, PAGE);
        let last = self.last_place(Kind::Runs).await?;
        let mut position = Position::read(since, last);
        if let Position::At(place, run) = position {
            let rows = self.news(place, run, last, limit + 1).await?;
            // Turns may have been deleted before they were read.
            if self.trimmed(Kind::Runs).await? <= place {
                return told(&rows, limit, Position::At(last, 0), at);
            }
            position = Position::Walking(last, 0);
        }
        let (Position::Walking(place, run) | Position::At(place, run)) = position;
        let mut line = self.lister().await?;
        let values = [run.into(), (limit + 1).into()];
        let rows = self.at(&mut line).all(WALK, &values).await?;
        let walking = |row: &MySqlRow| Ok(Position::Walking(place, get(row, 0)?));
        told(&rows, limit, Position::At(place, 0), walking)
    }

    async fn news(
        &self,
        place: i64,
        run: i64,
        last: i64,
        limit: usize,
    ) -> Result<Vec<MySqlRow>, Error> {
        let mut line = self.lister().await?;
        let mut at = self.at(&mut line);
        let next = place.saturating_add(1);
        let values = [
            place.into(),
            last.into(),
            next.into(),
            run.into(),
            limit.into(),
        ];
        at.all(NEWS, &values).await
    }
}

/// Returns the position after a row of [`NEWS`].
fn at(row: &MySqlRow) -> Result<Position, Error> {
    Ok(Position::At(get::<i64>(row, PLACE)? - 1, get(row, 0)?))
}

/// Returns the runs of rows, and the position after them. Of rows that are all there are, it is `end`.
fn told(
    rows: &[MySqlRow],
    limit: usize,
    end: Position,
    after: impl Fn(&MySqlRow) -> Result<Position, Error>,
) -> Result<RunsSince, Error> {
    let more = rows.len() > limit;
    let some = &rows[..rows.len().min(limit)];
    let mut runs: Vec<Run> = some.iter().flat_map(columns::run).collect();
    let next = match some.last().filter(|_| more) {
        Some(row) => after(row)?,
        None => end,
    };
    runs.sort_by_key(|run| run.id);
    // After a walk there is what has changed meanwhile.
    Ok(RunsSince::new(runs, next.feed()).more(more))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_comes_back_as_it_went() {
        for position in [
            Position::At(0, 0),
            Position::At(7, 1 << 40),
            Position::Walking(7, 3),
        ] {
            assert_eq!(Position::read(position.feed(), 9), position);
        }
    }

    #[test]
    fn a_position_beyond_the_last_is_the_last() {
        assert_eq!(Position::read(RunFeed::END, 9), Position::At(9, 0));
        let beyond = Position::At(10, 4).feed();
        assert_eq!(Position::read(beyond, 9), Position::At(9, 0));
    }
}

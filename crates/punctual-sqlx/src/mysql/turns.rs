//! The order of transactions, as readers tell it.
//!
//! A number that a transaction takes for itself may be committed after a greater one. So a transaction only
//! leaves a row, its turn, and the rows that it writes name that. Readers give the turns that are committed
//! their places, one reader at a time. What is committed later gets a later place, whichever number it has,
//! so that no position has a late commit before it. No writer waits for another one.

use punctual_store::Error;

use super::Inner;
use super::at::{At, get, number};

/// What turns are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Runs,
    Edits,
}

impl Kind {
    /// The word of the kind, which is also the name of the counter of its places.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Runs => "runs",
            Self::Edits => "edits",
        }
    }

    fn trimmed(self) -> &'static str {
        match self {
            Self::Runs => "runs_trimmed",
            Self::Edits => "edits_trimmed",
        }
    }
}

/// The bits of a number of a run below those of its turn.
const BITS: u32 = 16;
/// The most numbers that one transaction can give out.
const NUMBERS: u64 = (1 << BITS) - 1;

/// The number of turns that get their places in one transaction, or are deleted with them.
const SOME: usize = 1_000;
/// The most such transactions in one call.
const ROUNDS: usize = 16;
/// The number of turns with places that are kept. A reader that is further behind begins anew.
const KEPT: i64 = 1 << 16;
/// Of how many claims one gives places, in case that there is no reader.
const SELDOM: u64 = 1 << 10;

/// The last place, and whether turns wait for theirs, as of one moment.
const LAST: &str = "SELECT value, EXISTS (SELECT 1 FROM {turns} FORCE INDEX (turns_place) \
     WHERE kind = ? AND place IS NULL) FROM {counters} WHERE name = ?";

const LOCK: &str = "SELECT name, value FROM {counters} WHERE name IN (?) ORDER BY name FOR UPDATE";

/// This reads without locks, so it waits for no transaction that is under way and sees none of those.
const WAITING: &str = "SELECT id FROM {turns} FORCE INDEX (turns_place) \
     WHERE kind = ? AND place IS NULL ORDER BY id LIMIT ?";

impl Inner {
    /// Gives places to the turns that are committed, and returns the last place. What is read from
    /// now on holds all that was written through there.
    pub(super) async fn last_place(&self, kind: Kind) -> Result<i64, Error> {
        let mut last = 0;
        for _ in 0..ROUNDS {
            let mut line = self.lister().await?;
            let mut at = self.at(&mut line);
            let kinds = [kind.word().into(), kind.word().into()];
            let row = at.one(LAST, &kinds).await?;
            last = get(&row, 0)?;
            if get::<i64>(&row, 1)? == 0 {
                break;
            }
            line.begin();
            let mut at = self.at(&mut line);
            let (place, count) = at.give_places(kind).await?;
            line.has_ended();
            last = place;
            if count < SOME {
                break;
            }
        }
        Ok(last)
    }

    /// Returns the place through which turns were deleted.
    pub(super) async fn trimmed(&self, kind: Kind) -> Result<i64, Error> {
        let mut line = self.lister().await?;
        let trimmed = self.at(&mut line).counter(kind.trimmed()).await?;
        Ok(number(trimmed))
    }

    /// Bounds the turns of a store whose feed is not read. The next call does what this one could not.
    pub(super) async fn tidy(&self, turn: Option<u64>) {
        if turn.is_some_and(|turn| turn.is_multiple_of(SELDOM))
            && let Err(error) = self.last_place(Kind::Runs).await
        {
            tracing::debug!(%error, "the feed of runs was not put in order");
        }
    }
}

impl At<'_> {
    /// Gives some turns their places, in a transaction that has just begun, and ends it. Returns the last
    /// place and the number of turns.
    async fn give_places(&mut self, kind: Kind) -> Result<(i64, usize), Error> {
        let counters = super::values::Value::list([kind.word(), kind.trimmed()]);
        let lock = self.text(LOCK, &[counters]);
        let waiting = self.text(WAITING, &[kind.word().into(), SOME.into()]);
        let [locked, waiting] = two(self.run(vec![lock, waiting]).await?);
        let (mut last, mut trimmed) = (0, 0);
        for row in &locked.rows {
            let of = match get::<&str>(row, 0)? == kind.word() {
                true => &mut last,
                false => &mut trimmed,
            };
            *of = get(row, 1)?;
        }
        let mut rows = Vec::with_capacity(waiting.rows.len());
        for row in &waiting.rows {
            last += 1;
            let id: i64 = get(row, 0)?;
            rows.push(vec![id.into(), kind.word().into(), last.into()]);
        }
        let count = rows.len();
        let ends = (
            "INSERT INTO {turns} (id, kind, place) VALUES ",
            " ON DUPLICATE KEY UPDATE place = VALUES(place)",
        );
        let mut statements = self.text_of_rows(ends, rows.into_iter());
        let set = "UPDATE {counters} SET value = ? WHERE name = ?";
        statements.push(self.text(set, &[last.into(), kind.word().into()]));
        let surplus = last - KEPT - trimmed;
        if surplus >= SOME as i64 {
            trimmed += surplus.min(2 * SOME as i64);
            let delete = "DELETE FROM {turns} WHERE kind = ? AND place <= ?";
            statements.push(self.text(delete, &[kind.word().into(), trimmed.into()]));
            statements.push(self.text(set, &[trimmed.into(), kind.trimmed().into()]));
        }
        statements.push("COMMIT".to_owned());
        self.run(statements).await?;
        Ok((last, count))
    }

    /// Returns the statement that takes a turn.
    pub(super) fn take(&self, kind: Kind) -> String {
        self.text(
            "INSERT INTO {turns} (kind) VALUES (?)",
            &[kind.word().into()],
        )
    }

    /// Returns the turn of the runs that the transaction opens and ends. Its rows have to be locked, so
    /// that the numbers of its runs are greater than those of all runs before them.
    pub(super) async fn turn(&mut self) -> Result<u64, Error> {
        if let Some(turn) = self.taken.turn {
            return Ok(turn);
        }
        let statement = self.take(Kind::Runs);
        let turn = self.run(vec![statement]).await?.pop();
        let turn = turn.unwrap_or_default().last_id;
        self.taken.turn = Some(turn);
        Ok(turn)
    }

    /// Returns the turn of the edits that the transaction makes.
    pub(super) async fn edit(&mut self) -> Result<u64, Error> {
        if let Some(edit) = self.taken.edit {
            return Ok(edit);
        }
        let statement = self.take(Kind::Edits);
        let edit = self.run(vec![statement]).await?.pop();
        let edit = edit.unwrap_or_default().last_id;
        self.taken.edit = Some(edit);
        Ok(edit)
    }

    /// Returns the number before those that the transaction can give to `wanted` runs.
    pub(super) async fn number_before(&mut self, wanted: usize) -> Result<u64, Error> {
        let used = self.taken.numbers;
        if used + wanted as u64 > NUMBERS {
            return Err(Error::too_large(format!(
                "the request opens `{wanted}` runs or ranges, and one transaction can open {NUMBERS}; \
                 divide it"
            )));
        }
        Ok((self.turn().await? << BITS) + used)
    }
}

/// Returns the answers to two statements.
pub(super) fn two<T: Default>(answers: Vec<T>) -> [T; 2] {
    let mut answers = answers.into_iter();
    [(); 2].map(|()| answers.next().unwrap_or_default())
}

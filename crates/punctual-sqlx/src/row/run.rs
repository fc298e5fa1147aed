//! A run as columns.

use punctual_core::{Count, FireRange, JobId, Origin, Run, RunId, RunKey};
use punctual_store::EndText;

use super::instant::at;
use super::job::count;
use super::words;
use crate::limits::MAX_TEXT_BYTES;

const SCHEDULED: &str = "scheduled";
const MANUAL: &str = "manual";

/// The columns of a run as they are read.
#[derive(Debug)]
pub(crate) struct RunRow<'r> {
    pub(crate) id: i64,
    pub(crate) opened: i64,
    pub(crate) job: &'r str,
    pub(crate) incarnation: i64,
    pub(crate) origin: &'r str,
    pub(crate) fire_time: i64,
    pub(crate) state: &'r str,
    pub(crate) node: Option<&'r str>,
    pub(crate) started: Option<i64>,
    pub(crate) finished: Option<i64>,
    pub(crate) attempts: i64,
    pub(crate) result: Option<&'r str>,
    pub(crate) error: Option<&'r str>,
    pub(crate) range_last: Option<i64>,
    pub(crate) range_count: Option<i64>,
    pub(crate) range_at_least: bool,
    pub(crate) args: Option<&'r str>,
}

impl RunRow<'_> {
    /// Returns the run, or the reason why the row cannot be decoded.
    pub(crate) fn decode(&self) -> Result<Run, String> {
        let id = RunId(count("id", self.id)?);
        let job = JobId::new(self.job).map_err(|error| error.to_string())?;
        let state = words::state(self.state)
            .ok_or_else(|| format!("state: unknown state `{}`", self.state))?;
        let mut run = Run::queued(id, job, key(self.incarnation, self.origin, self.fire_time)?);
        run.opened = at("opened", Some(self.opened))?.unwrap_or_default();
        run.state = state;
        run.started = at("started", self.started)?;
        run.finished = at("finished", self.finished)?;
        run.attempts = count("attempts", self.attempts)?;
        run.node = self.node.map(Into::into);
        run.range = self.range(run.key)?;
        // Text that is not valid JSON is returned as text.
        let value = |json: &str| serde_json::from_str(json).unwrap_or_else(|_| json.into());
        run.result = self.result.map(value);
        run.args = self.args.map(value);
        run.error = self.error.map(Into::into);
        Ok(run)
    }

    fn range(&self, key: RunKey) -> Result<Option<FireRange>, String> {
        let (Some(number), Some(last)) = (self.range_count, at("range_last", self.range_last)?)
        else {
            return Ok(None);
        };
        let number = count("range_count", number)?;
        Ok(Some(FireRange {
            first: key.fire_time,
            last,
            count: if self.range_at_least {
                Count::AtLeast(number)
            } else {
                Count::Exact(number)
            },
        }))
    }
}

/// Returns the key of a run, from its columns.
pub(crate) fn key(incarnation: i64, origin: &str, fire_time: i64) -> Result<RunKey, String> {
    Ok(RunKey {
        incarnation: count("incarnation", incarnation)?,
        origin: match origin {
            SCHEDULED => Origin::Scheduled,
            MANUAL => Origin::Manual,
            other => return Err(format!("origin: unknown origin `{other}`")),
        },
        fire_time: at("fire_time", Some(fire_time))?.unwrap_or_default(),
    })
}

pub(crate) fn origin_word(origin: Origin) -> &'static str {
    match origin {
        Origin::Scheduled => SCHEDULED,
        Origin::Manual => MANUAL,
    }
}

/// Returns the text of a run as (result, error), no longer than a store keeps.
pub(crate) fn text_of(text: Option<&EndText>) -> (Option<String>, Option<String>) {
    match text {
        None => (None, None),
        Some(EndText::Result(json)) if json.len() <= MAX_TEXT_BYTES => {
            (Some(json.as_ref().to_owned()), None)
        }
        Some(EndText::Result(json)) => {
            let note = format!(
                "the result of {} bytes was not kept; expected at most {MAX_TEXT_BYTES}",
                json.len()
            );
            (None, Some(note))
        }
        Some(EndText::Error(text)) => (None, Some(beginning(text).to_owned())),
    }
}

fn beginning(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_TEXT_BYTES)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters() {
        let long = EndText::Error("å".repeat(MAX_TEXT_BYTES).into());
        let (_, error) = text_of(Some(&long));
        assert_eq!(error.unwrap().len(), MAX_TEXT_BYTES);
        let odd = EndText::Error(format!("x{}", "å".repeat(MAX_TEXT_BYTES)).into());
        let (_, error) = text_of(Some(&odd));
        assert_eq!(error.unwrap().len(), MAX_TEXT_BYTES - 1);
    }

    #[test]
    fn of_a_long_result_its_length_is_kept() {
        let long = EndText::Result("1".repeat(MAX_TEXT_BYTES + 1).into());
        let (result, error) = text_of(Some(&long));
        assert_eq!(result, None);
        assert!(error.unwrap().contains("1048577 bytes"));
    }
}

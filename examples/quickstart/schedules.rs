//! Reads a file of schedules in the manner of crontab.

use std::fmt;

use punctual::Trigger;
use punctual::trigger::Crontab;

/// A line of the file.
pub(crate) struct Schedule {
    pub(crate) line: usize,
    pub(crate) trigger: Trigger,
    pub(crate) task: String,
}

/// What is wrong with the file, and where.
#[derive(Debug)]
pub(crate) struct Mistake {
    line: usize,
    problem: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.problem)
    }
}

impl std::error::Error for Mistake {}

/// Reads all schedules, or says which line is wrong.
pub(crate) fn read(text: &str) -> Result<Vec<Schedule>, Mistake> {
    let mut zone = None;
    let mut schedules = Vec::new();
    for (index, whole) in text.lines().enumerate() {
        let line = index + 1;
        let mistake = |problem: String| Mistake { line, problem };
        // `5#2` is the second Friday: a comment begins after a space.
        let content = match whole.find(" #") {
            Some(at) => &whole[..at],
            None if whole.starts_with('#') => "",
            None => whole,
        };
        let content = content.trim();
        if content.is_empty() {
            continue;
        }
        if let Some((name, value)) = content.split_once('=') {
            if name.trim() != "CRON_TZ" {
                return Err(mistake(format!(
                    "`{}` is not understood; only CRON_TZ can be set",
                    name.trim()
                )));
            }
            zone = Some(value.trim().to_owned());
            continue;
        }
        let (expression, task) = content
            .rsplit_once(char::is_whitespace)
            .ok_or_else(|| mistake(format!("`{content}` has no task after the expression")))?;
        let mut crontab = Crontab::new(expression.trim());
        if let Some(zone) = &zone {
            crontab = crontab.timezone(zone.as_str());
        }
        schedules.push(Schedule {
            line,
            trigger: crontab
                .build()
                .map_err(|error| mistake(error.to_string()))?,
            task: task.to_owned(),
        });
    }
    Ok(schedules)
}

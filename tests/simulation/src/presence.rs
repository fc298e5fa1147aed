//! When nobody could have done what was due: judged from outside, by what befell the nodes.

use chrono::{DateTime, TimeDelta, Utc};
use punctual_store::checker::Period;

use super::node::{Node, TASKS};

/// After a fault a node gets so long to find back: to notice that its line works, to register anew.
const FINDING_BACK: TimeDelta = TimeDelta::seconds(20);

#[derive(Default)]
pub(crate) struct Presence {
    able_since: Vec<Option<DateTime<Utc>>>,
    /// Since when nobody was there for a task.
    nobody_since: [Option<DateTime<Utc>>; TASKS.len()],
    absences: Vec<(&'static str, Period)>,
    /// Since when there was a process that did not know a task.
    unknown_since: [Option<DateTime<Utc>>; TASKS.len()],
    unknown: Vec<(&'static str, Period)>,
}

impl Presence {
    pub(crate) fn note(&mut self, nodes: &[Node], now: DateTime<Utc>) {
        self.able_since.resize(nodes.len(), None);
        for (node, since) in nodes.iter().zip(&mut self.able_since) {
            *since = node.is_able().then(|| since.unwrap_or(now));
        }
        for (index, task) in TASKS.into_iter().enumerate() {
            let is_there = nodes.iter().zip(&self.able_since).any(|(node, since)| {
                let process = node.process.as_ref();
                since.is_some_and(|since| now - since > FINDING_BACK)
                    && process.is_some_and(|process| process.tasks.contains(&task))
            });
            let since = &mut self.nobody_since[index];
            if !is_there {
                since.get_or_insert(now);
            } else if let Some(since) = since.take() {
                self.absences.push((task, Period::new(since, now)));
            }
            let mut processes = nodes.iter().filter_map(|node| node.process.as_ref());
            let is_unknown = processes.any(|process| !process.tasks.contains(&task));
            let since = &mut self.unknown_since[index];
            if is_unknown {
                since.get_or_insert(now);
            } else if let Some(since) = since.take() {
                self.unknown.push((task, Period::new(since, now)));
            }
        }
    }

    /// When a process was there that did not know a task.
    pub(crate) fn unknown(&self, task: &str) -> impl Iterator<Item = Period> {
        let its = self.unknown.iter().filter(move |(of, _)| *of == task);
        its.map(|(_, unknown)| *unknown)
    }

    /// Since when somebody has been there for a task, or for any; `None` if nobody is.
    pub(crate) fn since(&self, task: Option<&str>) -> Option<DateTime<Utc>> {
        let its = |of: &str| task.is_none_or(|task| task == of);
        let mut now = TASKS.iter().zip(&self.nobody_since);
        if now.any(|(of, nobody)| its(of) && nobody.is_some()) {
            return None;
        }
        let past = self.absences.iter().filter(|(of, _)| its(of));
        Some(
            past.map(|(_, absence)| absence.until())
                .max()
                .unwrap_or_default(),
        )
    }

    /// The absences of those who know a task.
    pub(crate) fn absences(&self, task: &str) -> impl Iterator<Item = Period> {
        let its = self.absences.iter().filter(move |(of, _)| *of == task);
        its.map(|(_, absence)| *absence)
    }
}

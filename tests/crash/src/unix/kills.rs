//! Nodes that are killed at any moment, while an editor changes their jobs.

use std::time::Duration;

use punctual_store::StoredJob;
use tokio::time::Instant;

use crate::unix::clock::now;
use crate::unix::dice::Dice;
use crate::unix::jobs;
use crate::unix::judge::Verdict;
use crate::unix::place::Place;
use crate::unix::story::Story;

const NAMES: [&str; 4] = ["ada", "bob", "cyd", "dan"];

/// The smallest number of recurring jobs. With fewer, the editor adds one.
const FEWEST: usize = 7;

struct Kills {
    story: Story,
    dice: Dice,
    /// The names of nodes that will be started again, and when.
    down: Vec<(Instant, String)>,
    kills: usize,
    /// The number of jobs and nodes that have got a new name.
    names: usize,
}

/// Kills `kills` processes, as the seed decides. The server of the place is one of them, if it has one.
pub(crate) async fn of(place: Place, seed: u64, kills: usize) -> Verdict {
    let mut dice = Dice::new(seed);
    let names = &NAMES[..dice.pick(&[2, 3, 4, 4])];
    let story = Story::begin(place, names).await;
    let mut kills_of = Kills {
        story,
        dice,
        down: Vec::new(),
        kills: 0,
        names: 0,
    };
    while kills_of.kills < kills {
        kills_of.turn().await;
    }
    kills_of.end().await
}

impl Kills {
    async fn turn(&mut self) {
        let pause = Duration::from_millis(self.dice.range(20, 350));
        tokio::time::sleep(pause).await;
        self.revive(Instant::now());
        if self.dice.chance(60) {
            self.deed().await;
        }
        if self.story.place.server.is_some() && self.dice.chance(3) {
            return self.kill_server().await;
        }
        if self.dice.chance(10) {
            let all = self.story.fleet.up.len();
            let count = if self.dice.chance(10) {
                all
            } else {
                all.min(1)
            };
            for _ in 0..count {
                self.kill().await;
            }
        }
    }

    async fn kill(&mut self) {
        let last = self.story.fleet.up.len() - 1;
        let index = usize::try_from(self.dice.range(0, last as u64)).unwrap();
        let mut name = self.story.fleet.kill(index).await;
        self.kills += 1;
        if self.dice.chance(50) {
            self.names += 1;
            name = format!("{}-{}", name.split('-').next().unwrap(), self.names);
        }
        let away = Duration::from_millis(self.dice.pick(&[0, 100, 1_000, 4_000, 12_000]));
        self.down.push((Instant::now() + away, name));
    }

    /// Kills the server with all requests under way, and starts it again after a while.
    async fn kill_server(&mut self) {
        let from = now();
        let away = Duration::from_millis(self.dice.pick(&[0, 500, 3_000, 12_000]));
        let server = self.story.place.server.as_mut().unwrap();
        server.kill().await;
        tokio::time::sleep(away).await;
        server.restart().await;
        self.kills += 1;
        self.story.server_kills += 1;
        self.story.outage_since(from);
        self.story.is_reached().await;
    }

    /// Starts the nodes whose time has come.
    fn revive(&mut self, until: Instant) {
        let (come, down) = std::mem::take(&mut self.down)
            .into_iter()
            .partition(|(at, _)| *at <= until);
        self.down = down;
        for (_, name) in come {
            self.story.fleet.start(&self.story.place, &name);
        }
    }

    async fn end(mut self) -> Verdict {
        for (_, name) in std::mem::take(&mut self.down) {
            self.story.fleet.start(&self.story.place, &name);
        }
        self.story.end().await
    }

    /// Edits a job, has one run by hand or cancels a run.
    async fn deed(&mut self) {
        let rows = self.story.rows().await;
        let recurring: Vec<_> = rows.iter().filter(|row| !is_once(row)).collect();
        if recurring.len() < FEWEST {
            return self.add("job").await;
        }
        let id = self.dice.pick(&recurring).job.id().clone();
        let editor = &self.story.editor;
        match self.dice.range(0, 99) {
            0..=24 => self.add("once").await,
            25..=32 => editor.pause_job(&id).await.unwrap(),
            33..=42 => editor.resume_job(&id).await.unwrap(),
            43..=52 => editor.resume_job(&id).catch_up().await.unwrap(),
            53..=58 => {
                let trigger = jobs::trigger(&mut self.dice);
                editor.reschedule_job(&id, trigger).await.unwrap();
            }
            59..=66 => {
                let policies = jobs::policies(&mut self.dice);
                editor.modify_job(&id).policies(policies).await.unwrap();
            }
            67..=70 => editor.remove_job(&id).await.unwrap(),
            71..=90 => self.run_by_hand(id.as_str()).await,
            _ => self.cancel_something().await,
        }
    }

    async fn add(&mut self, what: &str) {
        self.names += 1;
        let id = format!("{what} {}", self.names);
        let trigger = match what {
            "once" => jobs::once(&mut self.dice, now()),
            _ => jobs::trigger(&mut self.dice),
        };
        let policies = jobs::policies(&mut self.dice);
        let longest = self.dice.range(10, 1_500);
        let job = jobs::job(&id, trigger, policies, longest);
        self.story.add(vec![job]).await;
    }

    async fn run_by_hand(&mut self, id: &str) {
        let up = self.story.fleet.up.len();
        if up > 0 {
            let index = self.dice.range(0, up as u64 - 1);
            let index = usize::try_from(index).unwrap();
            self.story.fleet.order(index, id).await;
        }
    }

    async fn cancel_something(&mut self) {
        let open = self.story.open_runs().await;
        if open.is_empty() {
            return;
        }
        let run = self.dice.pick(&open).id;
        let up = self.story.fleet.up.len();
        if up > 0 && self.dice.chance(50) {
            let index = usize::try_from(self.dice.range(0, up as u64 - 1)).unwrap();
            self.story.fleet.cancel(index, run).await;
        } else {
            self.story.cancel(run).await;
        }
    }
}

fn is_once(row: &StoredJob) -> bool {
    row.job.id().as_str().starts_with("once")
}

//! Nodes that are killed at any moment or cut off from their server, while an editor changes their jobs.

use std::time::Duration;

use chrono::{DateTime, Utc};
use punctual_store::StoredJob;
use tokio::time::Instant;

use crate::unix::clock::now;
use crate::unix::dice::Dice;
use crate::unix::jobs;
use crate::unix::judge::Verdict;
use crate::unix::place::Place;
use crate::unix::proxy::Weather;
use crate::unix::story::{LONGEST, Story};

const NAMES: [&str; 4] = ["ada", "bob", "cyd", "dan"];

/// The nodes of the long run.
const EIGHT: [&str; 8] = ["ada", "bob", "cyd", "dan", "eve", "fay", "gus", "hal"];

/// The smallest number of recurring jobs. With fewer, the editor adds one.
const FEWEST: usize = 7;

/// How often what happens in a turn, in a thousand turns.
#[derive(Clone, Copy)]
struct Rates {
    kill: u64,
    server: u64,
    silence: u64,
}

/// Turns follow each other quickly, so that a story of seconds has its kills.
const DENSE: Rates = Rates {
    kill: 100,
    server: 30,
    silence: 0,
};

/// A node is killed every ten seconds, cut off every twenty, and the server killed every three minutes.
const SPARSE: Rates = Rates {
    kill: 20,
    server: 1,
    silence: 10,
};

/// A node that hears nothing from its server.
struct Cut {
    name: String,
    life: usize,
    from: DateTime<Utc>,
    until: Instant,
}

struct Kills {
    story: Story,
    dice: Dice,
    rates: Rates,
    /// The nodes that are cut off now.
    cut: Vec<Cut>,
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
    let mut kills_of = Kills::new(story, dice, DENSE);
    while kills_of.kills < kills {
        kills_of.turn().await;
    }
    kills_of.end().await
}

/// Lets eight nodes share a server for a span, in which nodes and the server are killed and nodes are cut
/// off.
pub(crate) async fn of_eight(place: Place, seed: u64, span: Duration) -> Verdict {
    let story = Story::begin(place.with_proxies(&EIGHT).await, &EIGHT).await;
    let mut kills = Kills::new(story, Dice::new(seed), SPARSE);
    let until = Instant::now() + span;
    while Instant::now() < until {
        kills.turn().await;
    }
    kills.end().await
}

impl Kills {
    fn new(story: Story, dice: Dice, rates: Rates) -> Self {
        Self {
            story,
            dice,
            rates,
            cut: Vec::new(),
            down: Vec::new(),
            kills: 0,
            names: 0,
        }
    }

    async fn turn(&mut self) {
        let pause = Duration::from_millis(self.dice.range(20, 350));
        tokio::time::sleep(pause).await;
        self.revive(Instant::now());
        if self.dice.chance(60) {
            self.deed().await;
        }
        self.connect(Instant::now());
        if self.happens(self.rates.silence) {
            self.cut_off();
        }
        if self.story.place.server.is_some() && self.happens(self.rates.server) {
            return self.kill_server().await;
        }
        if self.happens(self.rates.kill) {
            let all = self.story.fleet.up.len();
            let count = if self.dice.chance(10) {
                all
            } else {
                all.min(1)
            };
            for _ in 0..count {
                self.kill().await;
            }
            // A new process of the same name begins with a network.
            self.connect(Instant::now());
        }
    }

    /// Returns true this often in a thousand turns.
    fn happens(&mut self, rate: u64) -> bool {
        self.dice.range(0, 999) < rate
    }

    /// Cuts a node off from its server for a while. A life is cut off once.
    fn cut_off(&mut self) {
        let up = 0..self.story.fleet.up.len();
        let whole: Vec<_> = up.filter(|index| self.may_be_cut(*index)).collect();
        if whole.is_empty() {
            return;
        }
        let index = self.dice.pick(&whole);
        let away = Duration::from_millis(self.dice.pick(&[500, 3_000, 15_000]));
        let name = self.story.fleet.name(index).to_owned();
        self.story.place.turns(&name, Weather::Silent);
        self.cut.push(Cut {
            name,
            life: self.story.fleet.up[index].life,
            from: now(),
            until: Instant::now() + away,
        });
    }

    fn may_be_cut(&self, index: usize) -> bool {
        let life = self.story.fleet.up[index].life;
        let is_first = self.story.fleet.lives[life].stopped.is_none();
        let is_whole = self.cut.iter().all(|cut| cut.life != life);
        is_first && is_whole && EIGHT.contains(&self.story.fleet.name(index))
    }

    /// Connects the nodes whose time has come, and those that have ended.
    fn connect(&mut self, until: Instant) {
        let lives = &mut self.story.fleet.lives;
        let is_over = |cut: &Cut| cut.until <= until || lives[cut.life].ended.is_some();
        let (over, cut) = std::mem::take(&mut self.cut).into_iter().partition(is_over);
        self.cut = cut;
        for Cut {
            name, life, from, ..
        } in over
        {
            self.story.place.turns(&name, Weather::Fine);
            lives[life].stopped = Some((from, now()));
        }
    }

    async fn kill(&mut self) {
        let Some(last) = self.story.fleet.up.len().checked_sub(1) else {
            return;
        };
        let index = usize::try_from(self.dice.range(0, last as u64)).unwrap();
        let mut name = self.story.fleet.kill(index).await;
        self.kills += 1;
        // A network belongs to a name.
        if self.rates.silence == 0 && self.dice.chance(50) {
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
        self.connect(Instant::now() + LONGEST);
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

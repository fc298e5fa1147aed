//! What a process asked of its files, in order, as `strace` wrote it down.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// What changes a file, or what others may rely on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Written {
        file: PathBuf,
        at: usize,
        bytes: Vec<u8>,
    },
    Cut {
        file: PathBuf,
        length: usize,
    },
    Removed {
        file: PathBuf,
    },
    /// All that was written to the file before is on the disk.
    Synced {
        file: PathBuf,
    },
    /// What the process said.
    Said(String),
}

/// The arguments with which `strace` writes down all that [`steps`] reads.
pub(crate) fn arguments(into: &Path) -> [String; 9] {
    let calls = "trace=pwrite64,write,lseek,ftruncate,unlink,fsync,fdatasync";
    // All threads, with the names of files, and every byte.
    ["-f", "-y", "-xx", "-s", "16777216", "-e", calls, "-o"]
        .map(str::to_owned)
        .into_iter()
        .chain([into.display().to_string()])
        .collect::<Vec<_>>()
        .try_into()
        .unwrap()
}

/// Reads a trace. A write counts from its call, a sync from its answer.
pub(crate) fn steps(trace: &str) -> Vec<Step> {
    let mut reader = Reader::default();
    trace.lines().filter_map(|line| reader.step(line)).collect()
}

/// `strace` cuts a call in two where another thread calls meanwhile.
///
/// # Panics
///
/// If what was written, cut or synced by such a call is not read.
pub(crate) fn overlapping_calls() {
    let trace = r#"11 pwrite64(3<\x61>, "\x62\x63", 2, 4096 <unfinished ...>
12 write(7<\x65>, "\x01", 1 <unfinished ...>
11 <... pwrite64 resumed>) = 2
12 <... write resumed>) = 1
11 ftruncate(3<\x61>, 8192 <unfinished ...>
12 fsync(7<\x65> <unfinished ...>
11 <... ftruncate resumed>) = 0
12 <... fsync resumed>) = 0
"#;
    let file = || PathBuf::from("a");
    let other = || PathBuf::from("e");
    let wanted = [
        Step::Written {
            file: file(),
            at: 4096,
            bytes: b"bc".to_vec(),
        },
        Step::Written {
            file: other(),
            at: 0,
            bytes: vec![1],
        },
        Step::Cut {
            file: file(),
            length: 8192,
        },
        Step::Synced { file: other() },
    ];
    assert_eq!(steps(trace), wanted);
}

#[derive(Default)]
struct Reader {
    /// Where each file is written next, by its number.
    places: HashMap<String, usize>,
    /// Calls that had no answer yet, by their thread.
    unfinished: HashMap<String, String>,
}

impl Reader {
    fn step(&mut self, line: &str) -> Option<Step> {
        let (thread, rest) = line.split_once(' ')?;
        let rest = rest.trim_start();
        if let Some(call) = rest.strip_suffix("<unfinished ...>") {
            let call = call.trim_end().to_owned();
            self.unfinished.insert(thread.to_owned(), call);
            return None;
        }
        let call = match rest.split_once(" resumed>") {
            Some((_, answer)) => self.unfinished.remove(thread)? + answer,
            None => rest.to_owned(),
        };
        self.call(&call)
    }

    fn call(&mut self, call: &str) -> Option<Step> {
        let (name, rest) = call.split_once('(')?;
        let (arguments, answer) = rest.rsplit_once(" = ")?;
        let answer: usize = answer.split(' ').next()?.parse().ok()?;
        let arguments = arguments.trim_end().strip_suffix(')')?;
        if name == "unlink" {
            let file = path(arguments)?;
            return Some(Step::Removed { file });
        }
        let (number, rest) = arguments.split_once('<')?;
        let (file, rest) = rest.split_once('>')?;
        let file = path(file)?;
        let rest: Vec<&str> = rest.trim_start_matches(", ").split(", ").collect();
        match name {
            "fsync" | "fdatasync" => Some(Step::Synced { file }),
            "ftruncate" => Some(Step::Cut {
                file,
                length: rest[0].parse().unwrap(),
            }),
            "lseek" => {
                self.places.insert(number.to_owned(), answer);
                None
            }
            "write" | "pwrite64" => {
                let mut bytes = unescaped(rest[0].trim_matches('"'));
                bytes.truncate(answer);
                if number == "1" {
                    return Some(Step::Said(String::from_utf8(bytes).ok()?));
                }
                let at = match name {
                    "pwrite64" => rest[2].parse().unwrap(),
                    _ => {
                        let place = self.places.entry(number.to_owned()).or_default();
                        *place += answer;
                        *place - answer
                    }
                };
                Some(Step::Written { file, at, bytes })
            }
            _ => None,
        }
    }
}

fn path(text: &str) -> Option<PathBuf> {
    let text = unescaped(text.trim_matches('"'));
    String::from_utf8(text).ok().map(PathBuf::from)
}

/// `\x41\x42` is `AB`.
fn unescaped(text: &str) -> Vec<u8> {
    let bytes = text.split("\\x").skip(1);
    bytes
        .filter_map(|byte| u8::from_str_radix(byte, 16).ok())
        .collect()
}

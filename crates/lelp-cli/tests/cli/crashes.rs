//! Runs that are killed, or find the disk full, at each change of the disk: afterwards the old result or the new one is
//! there, and the same command goes on to the bytes of a run that nothing disturbed.
//!
//! The tests that always run take each command at a few places; `whole_walk` (ignored, an hour) at all of them, or at every
//! `STEP`th of those commands whose name holds `ONLY`:
//! `cargo nextest run -p lelp-cli --run-ignored only crashes --no-capture`.

use std::collections::BTreeMap;
use std::path::Path;

use crate::support::Workspace;
use crate::writing::{Kind, Writing, content, long_too, named};

/// How the disk fails: the process is killed at the change, the disk is full from then on, or that change alone fails.
const FAULTS: [&str; 3] = ["kill", "full", "once"];

/// What came of a walk.
#[derive(Default)]
struct Tally {
    tried: usize,
    failed: Vec<String>,
}

/// One command with its undisturbed result.
struct Walk<'a> {
    name: &'a str,
    writing: &'a Writing,
    prepared: Workspace,
    old: BTreeMap<String, Vec<u8>>,
    new: BTreeMap<String, Vec<u8>>,
}

impl<'a> Walk<'a> {
    fn new(name: &'a str, writing: &'a Writing) -> Self {
        let prepared = writing.prepare();
        let old = content(&prepared, writing.out);
        let whole = prepared.copy();
        whole.run(&writing.line());
        let new = content(&whole, writing.out);
        assert_ne!(old, new, "{name} writes nothing");
        Self { name, writing, prepared, old, new }
    }

    /// Runs the command with a fault at change `place`; none where it ended before.
    fn run_at(&self, fault: &str, place: usize) -> Option<Result<(), String>> {
        let work = self.prepared.copy();
        let line = self.writing.line();
        let mut command = work.lelp(&line);
        let output = command.env("LELP_DISK_FAULT", format!("{fault}:{place}")).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let at = said.lines().find(|line| line.starts_with("disk fault"))?.to_owned();
        let fails = |what: String| Some(Err(format!("{} {fault} at {at}: {what}", self.name)));

        let code = output.status.code();
        let done = content(&work, self.writing.out) == self.new;
        match (fault, code) {
            ("kill", None) => {}
            // What was not needed, such as a cache.
            (_, Some(0)) if done => {}
            (_, Some(1)) if said.contains("error: ") && !said.contains("panicked") => {}
            _ => return fails(format!("exit {code:?}: {said}")),
        }
        if let Err(what) = self.check_state(&work) {
            return fails(what);
        }
        let left = leftovers(work.folder());
        if fault != "kill" && !left.is_empty() {
            return fails(format!("left {left:?}"));
        }

        let again = work.lelp(&line).output().unwrap();
        let told = String::from_utf8_lossy(&again.stderr).into_owned();
        let exists = told.contains("already") || told.contains("exists");
        if !(again.status.success() || exists && again.status.code() == Some(1)) {
            return fails(format!("again: {:?} {told}", again.status.code()));
        }
        let now = content(&work, self.writing.out);
        if now != self.new {
            return fails(format!("again: other bytes, {}", difference(&now, &self.new)));
        }
        Some(Ok(()))
    }

    /// Old, new, or nothing that counts as a result.
    fn check_state(&self, work: &Workspace) -> Result<(), String> {
        let now = content(work, self.writing.out);
        let whole = now == self.old || now == self.new;
        let counts = match self.writing.kind {
            Kind::File => !now.is_empty(),
            Kind::Model | Kind::ModelBeside => {
                now.contains_key("config.json") || now.contains_key("teacher.json")
            }
            Kind::Signals => now
                .get("signals.json")
                .is_some_and(|json| String::from_utf8_lossy(json).contains("\"complete\":true")),
            Kind::Comparison => false,
        };
        if counts && !whole {
            return Err(format!("neither old nor new: {}", difference(&now, &self.new)));
        }
        // What was there before stays until the new is whole.
        if !self.old.is_empty() && self.writing.kind != Kind::ModelBeside && !whole {
            return Err(format!("the old is gone: {:?}", now.keys()));
        }
        Ok(())
    }

    /// All faults at every `step`th change, from `first` on.
    fn walk(&self, first: usize, step: usize) -> Tally {
        let mut tally = Tally::default();
        for fault in FAULTS {
            for place in (first..).step_by(step) {
                let Some(result) = self.run_at(fault, place) else { break };
                tally.tried += 1;
                tally.failed.extend(result.err());
            }
        }
        tally
    }
}

/// Temporary files and folders.
fn leftovers(folder: &Path) -> Vec<String> {
    let all = lelp_data::files_below(folder, |_| true).unwrap();
    all.into_iter().map(|(name, _)| name).filter(|name| name.contains(".tmp")).collect()
}

/// Names of files that only one has, or that differ.
fn difference(now: &BTreeMap<String, Vec<u8>>, wanted: &BTreeMap<String, Vec<u8>>) -> String {
    let names = now.keys().chain(wanted.keys()).filter(|name| now.get(*name) != wanted.get(*name));
    format!("{:?} of {:?}", names.collect::<std::collections::BTreeSet<_>>(), wanted.keys())
}

/// Every 9th change, another one for each command.
#[test]
fn a_run_that_is_killed_or_finds_the_disk_full_leaves_the_old_or_the_new_and_goes_on() {
    for (place, name) in
        ["distill_ngram", "signals_overwrite", "teach_all", "distill_overwrite", "compare"].iter().enumerate()
    {
        let tally = Walk::new(name, named(name)).walk(1 + place, 9);
        assert!(
            tally.failed.is_empty(),
            "{} of {} failed: {:#?}",
            tally.failed.len(),
            tally.tried,
            tally.failed
        );
        assert!(tally.tried > 3, "{name}: {}", tally.tried);
    }
}

#[test]
#[allow(clippy::print_stdout, reason = "figures of a walk by hand")]
#[ignore = "minutes: every change of the disk by every command"]
fn whole_walk() {
    let mut failed = Vec::new();
    let mut tried = 0;
    let only = std::env::var("ONLY").unwrap_or_default();
    let step = std::env::var("STEP").map_or(1, |step| step.parse().unwrap());
    for (name, writing) in long_too().filter(|(name, _)| name.contains(&only)) {
        let tally = Walk::new(name, writing).walk(1, step);
        println!("{name}: {} tried, {} failed", tally.tried, tally.failed.len());
        tried += tally.tried;
        failed.extend(tally.failed);
    }
    assert!(failed.is_empty(), "{} of {tried} failed: {failed:#?}", failed.len());
}

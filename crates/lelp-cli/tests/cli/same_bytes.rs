//! Every command that writes gives the same bytes at one thread and at two, and while its twin runs on the same folder.

use std::process::{Child, Stdio};

use crate::support::Workspace;
use crate::writing::{Writing, all, content};

/// Starts the command in the background.
fn start(work: &Workspace, line: &str) -> Child {
    let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin("lelp"));
    command.current_dir(work.folder()).env("LELP_CACHE", work.path("cache"));
    command.args(line.split_whitespace()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Runs the command twice at once: each ends well, or says that the folder is in use or that the result is there.
fn run_twice(work: &Workspace, line: &str) -> Result<(), String> {
    let both = [start(work, line), start(work, line)].map(|child| child.wait_with_output().unwrap());
    for output in &both {
        let said = String::from_utf8_lossy(&output.stderr);
        let told = ["in use by another run", "already", "exists"].iter().any(|words| said.contains(words));
        if !(output.status.success() || output.status.code() == Some(1) && told) {
            return Err(format!("{:?}: {said}", output.status.code()));
        }
    }
    if both.iter().any(|output| output.status.success()) { Ok(()) } else { Err("neither did it".to_owned()) }
}

/// What differs for one command.
fn differences(name: &str, writing: &Writing, pairs: usize) -> Vec<String> {
    let prepared = writing.prepare();
    let line = writing.line();
    let result = |line: &str| {
        let work = prepared.copy();
        work.run(line);
        content(&work, writing.out)
    };
    let one = result(&format!("{line} --threads 1"));
    let mut differences = Vec::new();
    if result(&format!("{line} --threads 2")) != one {
        differences.push(format!("{name}: two threads give other bytes"));
    }
    for _ in 0..pairs {
        let work = prepared.copy();
        if let Err(what) = run_twice(&work, &line) {
            differences.push(format!("{name} twice at once: {what}"));
        } else if content(&work, writing.out) != one {
            differences.push(format!("{name} twice at once gives other bytes"));
        }
    }
    differences
}

#[test]
fn every_command_gives_the_same_bytes_at_any_number_of_threads_and_beside_its_twin() {
    let differences: Vec<String> = all().flat_map(|(name, writing)| differences(name, writing, 1)).collect();
    assert!(differences.is_empty(), "{differences:#?}");
}

#[test]
#[allow(clippy::print_stdout, reason = "figures of a run by hand")]
#[ignore = "minutes: twenty pairs of every command"]
fn many_pairs() {
    let mut failed = Vec::new();
    let only = std::env::var("ONLY").unwrap_or_default();
    for (name, writing) in all().filter(|(name, _)| name.contains(&only)) {
        let differences = differences(name, writing, 20);
        println!("{name}: 20 pairs, {} failed", differences.len());
        failed.extend(differences);
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

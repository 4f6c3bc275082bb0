//! What a person reads before anything runs.

use insta::assert_snapshot;

use crate::support::Workspace;

const COMMANDS: [&str; 16] = [
    "quickstart",
    "pull",
    "teach",
    "signals",
    "fit",
    "targets",
    "inspect",
    "distill",
    "methods",
    "compare",
    "eval",
    "predict",
    "export",
    "report",
    "completions",
    "man",
];

#[test]
fn every_command_teaches_with_an_example() {
    let work = Workspace::new();
    for command in COMMANDS {
        let help = work.run(&format!("{command} --help"));
        assert!(help.contains("Example"), "{command}: {help}");
        assert!(help.contains(&format!("lelp {command}")), "{command}: {help}");
    }
}

#[test]
fn the_first_page() {
    let help = Workspace::new().run("help");
    assert_snapshot!(help);
}

#[test]
fn an_error_says_what_where_and_what_next() {
    let work = Workspace::new();
    work.write("q.csv", "query,label\nwhere is my card,card\n");
    let said = work.fails("distill --data q.csv --method ce --out m", 1);
    assert_snapshot!(said, @"error: `q.csv` has no column `text`; it has `query`, `label`: name the one to read, as with `--text-column` or `--label-column`");
}

#[test]
fn completions_and_manual_name_every_command() {
    let work = Workspace::new();
    let completions = work.run("completions bash");
    work.run("man --out man");
    for command in COMMANDS {
        assert!(completions.contains(command));
        assert!(work.path(&format!("man/lelp-{command}.1")).exists());
    }
}

#[test]
fn methods_tell_what_they_need_and_what_two_classes_leave() {
    let told = Workspace::new().run("methods");
    assert_snapshot!(told);
}

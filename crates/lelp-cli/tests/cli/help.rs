//! Every help page, as a reader sees it on a terminal 100 columns wide.
//!
//! After a change of a help text: `INSTA_UPDATE=always cargo nextest run -p lelp-cli help`, and read the difference.

use insta::assert_snapshot;

use crate::support::Workspace;

/// A test for each page: the test's name, then the arguments in front of `--help`.
macro_rules! help_pages {
    ($($test:ident: $arguments:literal;)*) => {$(
        #[test]
        fn $test() {
            assert_snapshot!(Workspace::new().run(concat!($arguments, " --help")));
        }
    )*};
}

help_pages! {
    first_page: "";
    quickstart: "quickstart";
    pull: "pull";
    teach: "teach";
    signals: "signals";
    signals_import: "signals import";
    fit: "fit";
    targets: "targets";
    inspect: "inspect";
    distill: "distill";
    augment: "augment";
    methods: "methods";
    compare: "compare";
    eval: "eval";
    calibrate: "calibrate";
    cascade: "cascade";
    predict: "predict";
    serve: "serve";
    shrink: "shrink";
    glossary: "glossary";
    cache: "cache";
    cache_prune: "cache prune";
    export: "export";
    report: "report";
    completions: "completions";
    man: "man";
}

/// The names of all commands, as the first page lists them.
fn commands(work: &Workspace) -> Vec<String> {
    let page = work.run("--help");
    let list = page.split_once("Commands:\n").unwrap().1.split("\n\n").next().unwrap();
    let name = |line: &str| line.strip_prefix("  ")?.split(' ').next().map(str::to_owned);
    let names = list.lines().filter_map(name).filter(|name| !name.is_empty() && name != "help");
    names.collect()
}

#[test]
fn every_command_teaches_with_an_example() {
    let work = Workspace::new();
    let commands = commands(&work);
    assert_eq!(commands.len(), 23, "{commands:?}");
    for command in commands {
        let help = work.run(&format!("{command} --help"));
        assert!(help.contains("Example"), "{command}: {help}");
        assert!(help.contains(&format!("lelp {command}")), "{command}: {help}");
    }
}

#[test]
fn completions_and_manual_name_every_command() {
    let work = Workspace::new();
    let completions = work.run("completions bash");
    work.run("man --out man");
    for command in commands(&work) {
        assert!(completions.contains(&command));
        assert!(work.path(&format!("man/lelp-{command}.1")).exists());
    }
}

#[test]
fn methods_are_listed_with_what_they_need_and_what_two_classes_leave() {
    assert_snapshot!(Workspace::new().run("methods"));
}

//! The README's commands are commands.

use crate::support::Workspace;

const README: &str = include_str!("../../../../README.md");

/// The lines of the README's shell blocks that call `lelp`, continued lines joined.
fn commands() -> Vec<String> {
    let blocks = README.split("```").skip(1).step_by(2);
    let shell = blocks.filter_map(|block| block.strip_prefix("sh\n"));
    let lines: Vec<String> = shell
        .flat_map(|block| {
            let joined = block.replace("\\\n", " ");
            joined.lines().map(str::to_owned).collect::<Vec<_>>()
        })
        .collect();
    let after_pipe = |line: &String| line.rsplit(" | ").next().unwrap_or_default().trim().to_owned();
    lines.iter().map(after_pipe).filter(|line| line.starts_with("lelp ")).collect()
}

/// With `--help` behind it a command is checked up to its last flag, and does nothing.
#[test]
fn every_command_of_the_readme_is_understood() {
    let work = Workspace::new();
    let commands = commands();
    assert!(commands.len() >= 8, "{commands:?}");
    for command in commands {
        let line = command.split(" #").next().unwrap().split(" > ").next().unwrap();
        work.run(&format!("{} --help", line.strip_prefix("lelp ").unwrap()));
    }
}

//! `lelp completions`: completion of commands and flags in a shell.

use clap_complete::Shell;

use crate::failure::Failure;
use crate::printer::Printer;

/// Print the completion script of a shell
///
/// Example: lelp completions bash > ~/.local/share/bash-completion/completions/lelp
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Name of the shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(arguments: &Arguments, parser: &clap::Command, printer: Printer) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut parser.clone(), "lelp", &mut script);
    Ok(printer.data(String::from_utf8_lossy(&script).trim_end())?)
}

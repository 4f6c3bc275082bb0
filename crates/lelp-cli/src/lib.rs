//! The `lelp` command: parse, call the library, print. See `lelp --help`.
//!
//! [`run`] is the whole of it, so that the program `lelp` and the one that the Python wheel installs are the same.

#![allow(
    clippy::doc_markdown,
    reason = "documentation of arguments is help, which a terminal shows as it is"
)]

mod args;
mod bundled_queries;
mod command_error;
mod command_line;
mod commands;
mod data_notices;
mod encoder_cache;
mod failure;
mod hints;
mod interrupt;
mod memory;
mod model_columns;
mod overlaps;
mod printer;
mod progress;
mod progress_lines;
mod teacher_warnings;
mod terminal_text;
mod text_table;

use std::ffi::OsString;
use std::panic;

use clap::{CommandFactory, Parser};

use crate::command_line::CommandLine;
use crate::printer::{Printer, Verbosity};

/// Runs the command that `arguments` ask for, the program's own name first, and gives the exit status: 0, 1 where the
/// user's input is at fault, 2 where the arguments or we are.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    memory::explain_aborts();
    let CommandLine { command, global } = match CommandLine::try_parse_from(arguments) {
        Ok(command_line) => command_line,
        Err(help_or_error) => {
            // As clap's own `exit`: a closed pipe is nobody's fault.
            let _ = help_or_error.print();
            return u8::try_from(help_or_error.exit_code()).unwrap_or(2);
        }
    };
    let verbosity = match (global.quiet, global.verbose) {
        (true, _) => Verbosity::Quiet,
        (_, true) => Verbosity::Verbose,
        _ => Verbosity::Normal,
    };
    let printer = Printer::new(verbosity, global.color);
    match panic::catch_unwind(|| command.run(&global, &CommandLine::command(), printer)) {
        Ok(Ok(())) => 0,
        Ok(Err(failure)) if failure.is_closed_pipe() => 0,
        Ok(Err(failure)) => {
            failure.print(printer);
            failure.exit_code()
        }
        // The panic hook has printed the message and the place.
        Err(_) => {
            printer.hint(hints::DEFECT);
            2
        }
    }
}

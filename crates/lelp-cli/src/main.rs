//! The `lelp` command: parse, call the library, print. See `lelp --help`.

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

use std::panic;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::command_line::CommandLine;
use crate::printer::{Printer, Verbosity};

fn main() -> ExitCode {
    memory::explain_aborts();
    let CommandLine { command, global } = CommandLine::parse();
    let verbosity = match (global.quiet, global.verbose) {
        (true, _) => Verbosity::Quiet,
        (_, true) => Verbosity::Verbose,
        _ => Verbosity::Normal,
    };
    let printer = Printer::new(verbosity, global.color);
    match panic::catch_unwind(|| command.run(&global, &CommandLine::command(), printer)) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(failure)) if failure.is_closed_pipe() => ExitCode::SUCCESS,
        Ok(Err(failure)) => {
            failure.print(printer);
            ExitCode::from(failure.exit_code())
        }
        // The panic hook has printed the message and the place.
        Err(_) => {
            printer.hint(hints::DEFECT);
            ExitCode::from(2)
        }
    }
}

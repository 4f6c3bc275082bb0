//! The `lelp` command: parse, call the library, print. See `lelp --help`.
//!
//! [`run`] is the whole of it, so that the program `lelp` and the one that the Python wheel installs are the same.

#![allow(
    clippy::doc_markdown,
    reason = "documentation of arguments is help, which a terminal shows as it is"
)]

mod args;
mod asked_model;
mod bundled_queries;
mod cache_entries;
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
use lelp::ErrorKind;

use crate::command_line::CommandLine;
use crate::failure::Failure;
use crate::printer::{Printer, Verbosity};

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The exit status: 0, 1 where the user's input is at fault, 2 where the arguments or we are.
    pub status: u8,
    /// What was printed as an error, where there was one.
    pub error: Option<CommandFailure>,
}

/// Why a command did not do its work, for a program that does not read standard error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandFailure {
    /// Who has to act; none where the arguments are at fault.
    pub kind: Option<ErrorKind>,
    /// The error, its causes and what was being done, a line each, without the hint that names options.
    pub message: String,
}

/// Runs the command that `arguments` ask for, the program's own name first, and gives the exit status.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    run_to_end(arguments).status
}

/// As [`run`], and says what was wrong beside printing it.
pub fn run_to_end(arguments: impl IntoIterator<Item = OsString>) -> Ended {
    memory::explain_aborts();
    memory::explain_missing_threads();
    let CommandLine { command, global } = match CommandLine::try_parse_from(arguments) {
        Ok(command_line) => command_line,
        Err(help_or_error) => {
            // As clap's own `exit`: a closed pipe is nobody's fault.
            let _ = help_or_error.print();
            let status = u8::try_from(help_or_error.exit_code()).unwrap_or(2);
            let message = help_or_error.to_string();
            let message = message.strip_prefix("error: ").unwrap_or(&message).trim_end().to_owned();
            let error = (status != 0).then_some(CommandFailure { kind: None, message });
            return Ended { status, error };
        }
    };
    let verbosity = match (global.quiet, global.verbose) {
        (true, _) => Verbosity::Quiet,
        (_, true) => Verbosity::Verbose,
        _ => Verbosity::Normal,
    };
    let printer = Printer::new(verbosity, global.color);
    let failure = match panic::catch_unwind(|| command.run(&global, &CommandLine::command(), printer)) {
        Ok(Ok(())) => return Ended { status: 0, error: None },
        Ok(Err(failure)) if failure.is_closed_pipe() => return Ended { status: 0, error: None },
        Ok(Err(failure)) => failure,
        Err(_) if memory::no_thread_was_given() => {
            Failure::environment(memory::NO_THREAD).with_hint(memory::FEWER_THREADS)
        }
        // The panic hook has printed the message and the place.
        Err(_) => {
            printer.hint(hints::DEFECT);
            let message = "the program panicked; standard error says where".to_owned();
            let error = CommandFailure { kind: Some(ErrorKind::Defect), message };
            return Ended { status: 2, error: Some(error) };
        }
    };
    failure.print(printer);
    let error = CommandFailure { kind: failure.kind(), message: failure.lines().join("\n") };
    Ended { status: failure.exit_code(), error: Some(error) }
}

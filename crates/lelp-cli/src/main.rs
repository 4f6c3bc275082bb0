//! The `lelp` command: parse, call the library, print. See `lelp --help`.

#![allow(
    clippy::doc_markdown,
    reason = "documentation of arguments is help, which a terminal shows as it is"
)]

mod args;
mod commands;
mod failure;
mod interrupt;
mod load;
mod printer;
mod progress;
mod terminal_text;
mod text_table;

use std::panic;
use std::process::ExitCode;

use clap::Parser;

use crate::args::{Arguments, Command};
use crate::failure::Failure;
use crate::printer::{Printer, Verbosity};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let verbosity = match (arguments.global.quiet, arguments.global.verbose) {
        (true, _) => Verbosity::Quiet,
        (_, true) => Verbosity::Verbose,
        _ => Verbosity::Normal,
    };
    let printer = Printer::new(verbosity, arguments.global.color);
    match panic::catch_unwind(|| run(&arguments, printer)) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(failure)) if failure.is_closed_pipe() => ExitCode::SUCCESS,
        Ok(Err(failure)) => {
            failure.print(printer);
            ExitCode::from(failure.exit_code())
        }
        // The panic hook has printed the message and the place.
        Err(_) => {
            printer.hint("this is a defect of lelp; please report it with the command and the lines above");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments, printer: Printer) -> Result<(), Failure> {
    let global = &arguments.global;
    match &arguments.command {
        Command::Quickstart(arguments) => commands::quickstart::run(arguments, global, printer),
        Command::Pull(arguments) => commands::pull::run(arguments, printer),
        Command::Teach(arguments) => commands::teach::run(arguments, global, printer),
        Command::Signals(arguments) => commands::signals::run(arguments, global, printer),
        Command::Fit(arguments) => commands::fit::run(arguments, global, printer),
        Command::Targets(arguments) => commands::targets::run(arguments, global, printer),
        Command::Inspect(arguments) => commands::inspect::run(arguments, global, printer),
        Command::Distill(arguments) => commands::distill::run(arguments, global, printer),
        Command::Methods(arguments) => commands::methods::run(arguments, printer),
        Command::Compare(arguments) => commands::compare::run(arguments, global, printer),
        Command::Eval(arguments) => commands::eval::run(arguments, global, printer),
        Command::Predict(arguments) => commands::predict::run(arguments, global, printer),
        Command::Export(arguments) => commands::export::run(arguments, printer),
        Command::Report(arguments) => commands::report::run(arguments, global, printer),
        Command::Completions(arguments) => commands::completions::run(arguments, printer),
        Command::Man(arguments) => commands::man::run(arguments, printer),
    }
}

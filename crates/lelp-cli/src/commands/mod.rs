//! One module for each command: parse, call the library, print.

pub(crate) mod augment;
pub(crate) mod cache;
pub(crate) mod calibrate;
pub(crate) mod cascade;
pub(crate) mod compare;
pub(crate) mod completions;
pub(crate) mod distill;
pub(crate) mod eval;
pub(crate) mod export;
pub(crate) mod fit;
pub(crate) mod glossary;
pub(crate) mod inspect;
pub(crate) mod man;
pub(crate) mod methods;
pub(crate) mod predict;
pub(crate) mod pull;
pub(crate) mod quickstart;
pub(crate) mod report;
pub(crate) mod serve;
pub(crate) mod shrink;
pub(crate) mod signals;
pub(crate) mod targets;
pub(crate) mod teach;

use std::path::Path;

use clap::Subcommand;

use crate::args::GlobalArgs;
use crate::cache_entries;
use crate::failure::Failure;
use crate::memory::{self, MemoryUse};
use crate::printer::Printer;

/// A command with its arguments.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Quickstart(quickstart::Arguments),
    Pull(pull::Arguments),
    Teach(teach::Arguments),
    Signals(signals::Arguments),
    Fit(fit::Arguments),
    Targets(targets::Arguments),
    Inspect(Box<inspect::Arguments>),
    Augment(augment::Arguments),
    Distill(Box<distill::Arguments>),
    Methods(methods::Arguments),
    Glossary(glossary::Arguments),
    Compare(compare::Arguments),
    Eval(eval::Arguments),
    Calibrate(calibrate::Arguments),
    Cascade(Box<cascade::Arguments>),
    Predict(predict::Arguments),
    Serve(Box<serve::Arguments>),
    Shrink(shrink::Arguments),
    Export(export::Arguments),
    Report(report::Arguments),
    Cache(cache::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
}

impl Command {
    /// Runs the command; `parser` is the whole command line, for completions and manual pages.
    pub(crate) fn run(
        &self,
        global: &GlobalArgs,
        parser: &clap::Command,
        printer: Printer,
    ) -> Result<(), Failure> {
        memory::begin(self.memory_use());
        if !self.writes_to_the_cache() {
            return self.run_alone(global, parser, printer);
        }
        // A limit that cannot be read is told before the work.
        let limit = cache_entries::limit()?;
        let done = self.run_alone(global, parser, printer);
        cache_entries::keep_limit(limit, printer);
        done
    }

    /// Whether it may keep there what it has computed.
    fn writes_to_the_cache(&self) -> bool {
        matches!(
            self,
            Self::Quickstart(_) | Self::Teach(_) | Self::Signals(_) | Self::Distill(_) | Self::Compare(_)
        )
    }

    fn memory_use(&self) -> MemoryUse {
        match self {
            Self::Teach(_) => MemoryUse::Teacher,
            Self::Shrink(_) => MemoryUse::Table,
            _ => MemoryUse::Students,
        }
    }

    fn run_alone(
        &self,
        global: &GlobalArgs,
        parser: &clap::Command,
        printer: Printer,
    ) -> Result<(), Failure> {
        match self {
            Self::Quickstart(arguments) => quickstart::run(arguments, global, printer),
            Self::Pull(arguments) => pull::run(arguments, printer),
            Self::Teach(arguments) => teach::run(arguments, global, printer),
            Self::Signals(arguments) => signals::run(arguments, global, printer),
            Self::Fit(arguments) => fit::run(arguments, global, printer),
            Self::Targets(arguments) => targets::run(arguments, global, printer),
            Self::Inspect(arguments) => inspect::run(arguments, global, printer),
            Self::Augment(arguments) => augment::run(arguments, printer),
            Self::Distill(arguments) => distill::run(arguments, global, printer),
            Self::Methods(arguments) => methods::run(arguments, printer),
            Self::Glossary(arguments) => glossary::run(arguments, printer),
            Self::Compare(arguments) => compare::run(arguments, global, printer),
            Self::Eval(arguments) => eval::run(arguments, global, printer),
            Self::Calibrate(arguments) => calibrate::run(arguments, global, printer),
            Self::Cascade(arguments) => cascade::run(arguments, global, printer),
            Self::Predict(arguments) => predict::run(arguments, global, printer),
            Self::Serve(arguments) => serve::run(arguments, global, printer),
            Self::Shrink(arguments) => shrink::run(arguments, global, printer),
            Self::Export(arguments) => export::run(arguments, printer),
            Self::Report(arguments) => report::run(arguments, global, printer),
            Self::Cache(arguments) => cache::run(arguments, printer),
            Self::Completions(arguments) => completions::run(arguments, parser, printer),
            Self::Man(arguments) => man::run(arguments, parser, printer),
        }
    }
}

/// Whether both paths lead to the same file or folder, which is there: what is made of a model must not take its place.
fn is_same_place(a: &Path, b: &Path) -> bool {
    a.canonicalize().is_ok_and(|a| b.canonicalize().is_ok_and(|b| a == b))
}

/// Refuses an `out` that is the `source` it is made of or, where that is a folder, one of the files that `is_own` tells by
/// name; `what` the source is goes into the message.
fn check_place(out: &Path, source: &Path, what: &str, is_own: fn(&str) -> bool) -> Result<(), Failure> {
    let folder = out.parent().map(|folder| if folder == "" { Path::new(".") } else { folder });
    let is_file_of = out.exists()
        && folder.is_some_and(|folder| is_same_place(folder, source))
        && out.file_name().is_some_and(|name| is_own(&name.to_string_lossy()));
    if is_file_of || is_same_place(out, source) {
        let told = format!("what is written cannot take the place of the {what} that it is made of");
        return Err(Failure::usage(told));
    }
    Ok(())
}

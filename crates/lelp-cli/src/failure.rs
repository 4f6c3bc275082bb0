//! What ends a run early: the reason, what was being done, and what to do next.

use std::error::Error;

use crate::printer::Printer;

/// Why a command ended early.
#[derive(Debug)]
pub(crate) struct Failure {
    source: Box<dyn Error + Send + Sync>,
    doing: Vec<String>,
    hint: Option<String>,
    ours: bool,
}

impl Failure {
    /// The user's input is at fault: exit 1.
    pub(crate) fn input(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: source.into(), doing: Vec::new(), hint: None, ours: false }
    }

    /// The arguments are at fault, or this program is: exit 2.
    pub(crate) fn usage(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { ours: true, ..Self::input(source) }
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Whoever read our output has seen enough and closed it: no failure of anyone.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        let error = self.source.downcast_ref::<std::io::Error>();
        error.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    }

    /// 1 for the user's input, 2 for bad arguments or our fault.
    pub(crate) fn exit_code(&self) -> u8 {
        if self.ours { 2 } else { 1 }
    }

    /// Prints the reason, its causes, the work that was under way, and the hint.
    pub(crate) fn print(&self, printer: Printer) {
        printer.error(&self.source.to_string());
        let mut cause = self.source.source();
        while let Some(error) = cause {
            printer.plain(&format!("  because {error}"));
            cause = error.source();
        }
        for doing in &self.doing {
            printer.plain(&format!("  while {doing}"));
        }
        if let Some(hint) = &self.hint {
            printer.hint(hint);
        }
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for Failure {
    fn from(source: E) -> Self {
        Self::input(source)
    }
}

/// Says what was being done when an error came up.
pub(crate) trait Context<T> {
    /// `doing` reads on from "while": "fitting `runs/signals`".
    fn with_context(self, doing: impl FnOnce() -> String) -> Result<T, Failure>;
}

impl<T, E: Into<Failure>> Context<T> for Result<T, E> {
    fn with_context(self, doing: impl FnOnce() -> String) -> Result<T, Failure> {
        self.map_err(|error| {
            let mut failure = error.into();
            failure.doing.push(doing());
            failure
        })
    }
}

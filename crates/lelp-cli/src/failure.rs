//! What ends a command early: an error, who has to act on it, what was being done, and what to do next.

use std::error::Error;

use lelp::{Classified, ErrorKind};

use crate::hints;
use crate::printer::{PrintError, Printer};

/// Why a command ended early.
#[derive(Debug)]
pub(crate) struct Failure {
    error: Box<dyn Error + Send + Sync>,
    blame: Blame,
    context: Vec<String>,
    hint: Option<String>,
}

/// What is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Blame {
    /// The arguments of the command line.
    Arguments,
    /// What the error itself says.
    Kind(ErrorKind),
}

impl Failure {
    /// The arguments are at fault: exit code 2.
    pub(crate) fn usage(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { error: error.into(), blame: Blame::Arguments, context: Vec::new(), hint: None }
    }

    /// The system is at fault: exit code 1.
    pub(crate) fn environment(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { blame: Blame::Kind(ErrorKind::Environment), ..Self::usage(error) }
    }

    /// This program is at fault: exit code 2.
    pub(crate) fn defect(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { blame: Blame::Kind(ErrorKind::Defect), ..Self::usage(error) }
    }

    /// Says what to do next, in place of the hint that belongs to the error.
    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Whether the reader of our output has closed it, which is nobody's fault.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        self.error.downcast_ref::<PrintError>().is_some_and(PrintError::is_closed_pipe)
    }

    /// 1: the input or the environment is at fault. 2: the arguments or this program are.
    pub(crate) fn exit_code(&self) -> u8 {
        match self.blame {
            Blame::Kind(ErrorKind::Input | ErrorKind::Environment) => 1,
            Blame::Arguments | Blame::Kind(ErrorKind::Defect) => 2,
        }
    }

    /// Who has to act; none where the arguments are at fault.
    pub(crate) fn kind(&self) -> Option<ErrorKind> {
        match self.blame {
            Blame::Arguments => None,
            Blame::Kind(kind) => Some(kind),
        }
    }

    /// The error, its causes and what was being done, a line each.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut told = self.error.to_string();
        let mut lines = vec![told.clone()];
        let mut cause = self.error.source();
        while let Some(error) = cause {
            let because = error.to_string();
            // Some libraries print the cause as part of the error.
            if !told.contains(&because) {
                lines.push(format!("  because {because}"));
                told = because;
            }
            cause = error.source();
        }
        lines.extend(self.context.iter().map(|context| format!("  while {context}")));
        lines
    }

    /// Prints the error, its causes, what was being done, and the hint.
    pub(crate) fn print(&self, printer: Printer) {
        let lines = self.lines();
        printer.error(&lines[0]);
        for line in &lines[1..] {
            printer.plain(line);
        }
        if let Some(hint) = self.hint.clone().or_else(|| hints::of(self.error.as_ref())) {
            printer.hint(&hint);
        } else if self.blame == Blame::Kind(ErrorKind::Defect) {
            printer.hint(hints::DEFECT);
        }
    }
}

impl<E: Classified + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { blame: Blame::Kind(error.kind()), ..Self::usage(error) }
    }
}

/// Says what was being done when an error came up.
pub(crate) trait Context<T> {
    /// `context` reads on from "while": "fitting `runs/signals`".
    fn with_context(self, context: impl FnOnce() -> String) -> Result<T, Failure>;
}

impl<T, E: Into<Failure>> Context<T> for Result<T, E> {
    fn with_context(self, context: impl FnOnce() -> String) -> Result<T, Failure> {
        self.map_err(|error| {
            let mut failure = error.into();
            failure.context.push(context());
            failure
        })
    }
}

//! All printing: data on standard output, messages and progress on standard error.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use anstream::AutoStream;
use anstyle::{AnsiColor, Style};
use clap::ValueEnum;
use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use lelp::{Classified, ErrorKind};
use lelp_data::storage;
use serde::Serialize;
use thiserror::Error;

use crate::progress_lines::ProgressLines;
use crate::terminal_text::without_steering;

/// When to colour the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Color {
    /// Where the terminal can show it.
    #[default]
    Auto,
    /// Always, also into a pipe.
    Always,
    /// Never.
    Never,
}

impl From<Color> for anstream::ColorChoice {
    fn from(color: Color) -> Self {
        match color {
            Color::Auto => Self::Auto,
            Color::Always => Self::Always,
            Color::Never => Self::Never,
        }
    }
}

/// How much is printed on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    /// Errors and warnings.
    Quiet,
    /// Steps and progress as well.
    Normal,
    /// Settings and hashes as well.
    Verbose,
}

/// Standard output cannot be written.
#[derive(Debug, Error)]
#[error("cannot write to standard output")]
pub(crate) struct PrintError(#[source] io::Error);

impl PrintError {
    /// Whether the reader has closed it.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        self.0.kind() == io::ErrorKind::BrokenPipe
    }
}

impl Classified for PrintError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Environment
    }
}

/// Prints data, messages and progress.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Printer {
    verbosity: Verbosity,
    color: Color,
    /// Whether data go to a person's terminal.
    terminal: bool,
}

/// What the units of a progress bar are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    /// They take about as long each.
    Even,
    /// They do not.
    Uneven,
}

/// What a progress bar shows, or its line where there is no terminal.
fn template(verb: &str, unit: &str, work: Work, terminal: bool) -> String {
    let (bar, of) = if terminal { ("{bar:30} ", "/") } else { ("", " of ") };
    let done = format!("{verb:>10} {bar}{{human_pos}}{of}{{human_len}} {unit}");
    match (work, terminal) {
        (Work::Even, true) => format!("{done}  {{rate:>9}}  {{msg}} {{left}} left"),
        (Work::Even, false) => format!("{done}, {{rate}}, {{left}} left  {{msg}}"),
        (Work::Uneven, true) => format!("{done}  {{msg}} for {{elapsed}}"),
        (Work::Uneven, false) => format!("{done} in {{elapsed}}  {{msg}}"),
    }
}

/// A time left that is longer is a guess and not shown.
const LONGEST_ETA: Duration = Duration::from_hours(1000);

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const CYAN: Style = AnsiColor::Cyan.on_default().bold();

impl Printer {
    pub(crate) fn new(verbosity: Verbosity, color: Color) -> Self {
        Self { verbosity, color, terminal: io::stdout().is_terminal() }
    }

    /// A line of data on standard output: its own bytes into a file or pipe, nothing that steers a terminal into one.
    pub(crate) fn data(self, line: &str) -> Result<(), PrintError> {
        let line = if self.terminal { without_steering(line) } else { line.into() };
        writeln!(io::stdout().lock(), "{line}").map_err(PrintError)
    }

    /// A line of our own making on standard output, in styles that go where nothing can show them; what it holds of the
    /// user's data is already free of what steers a terminal.
    pub(crate) fn styled(self, line: &str) -> Result<(), PrintError> {
        let mut out = AutoStream::new(io::stdout().lock(), self.color.into());
        writeln!(out, "{line}").map_err(PrintError)
    }

    /// Indented JSON on standard output.
    pub(crate) fn json(self, value: &impl Serialize) -> Result<(), PrintError> {
        self.data(String::from_utf8_lossy(&storage::pretty_json(value)).trim_end())
    }

    /// A step that begins or has ended.
    pub(crate) fn step(self, verb: &str, what: &str) {
        let what = without_steering(what);
        self.message(Verbosity::Normal, &format!("{BOLD}{verb:>10}{BOLD:#} {what}"));
    }

    /// A further line about the step above.
    pub(crate) fn note(self, text: &str) {
        self.message(Verbosity::Normal, &format!("{:>10} {}", "", without_steering(text)));
    }

    /// A line that only `--verbose` shows.
    pub(crate) fn detail(self, text: &str) {
        self.message(Verbosity::Verbose, &format!("{:>10} {DIM}{}{DIM:#}", "", without_steering(text)));
    }

    pub(crate) fn warn(self, text: &str) {
        self.message(Verbosity::Quiet, &format!("{YELLOW}warning{YELLOW:#}: {}", without_steering(text)));
    }

    pub(crate) fn error(self, text: &str) {
        self.message(Verbosity::Quiet, &format!("{RED}error{RED:#}: {}", without_steering(text)));
    }

    pub(crate) fn hint(self, text: &str) {
        self.message(Verbosity::Quiet, &format!("\n{CYAN}hint{CYAN:#}: {}", without_steering(text)));
    }

    /// A line on standard error without a prefix.
    pub(crate) fn plain(self, text: &str) {
        self.message(Verbosity::Quiet, &without_steering(text));
    }

    /// A progress bar over `total` units that take about as long each, with their rate and the time left; where standard error
    /// is no terminal, a line now and then.
    pub(crate) fn progress(self, verb: &str, total: u64, unit: &str) -> ProgressBar {
        self.bar(verb, total, unit, Work::Even)
    }

    /// The same over units of which one may take a hundred times as long as another, or which may not all be needed: nothing
    /// is said of the time left.
    pub(crate) fn uneven_progress(self, verb: &str, total: u64, unit: &str) -> ProgressBar {
        self.bar(verb, total, unit, Work::Uneven)
    }

    fn bar(self, verb: &str, total: u64, unit: &str, work: Work) -> ProgressBar {
        let terminal = io::stderr().is_terminal();
        let target = match (self.verbosity >= Verbosity::Normal, terminal) {
            (false, _) => ProgressDrawTarget::hidden(),
            (true, true) => ProgressDrawTarget::stderr(),
            (true, false) => ProgressDrawTarget::term_like_with_hz(Box::new(ProgressLines::new()), 1),
        };
        let template = template(verb, unit, work, terminal);
        let rate = |state: &ProgressState, text: &mut dyn fmt::Write| {
            let rate = state.per_sec();
            let digits = usize::from(rate < 10.0);
            // A rate that cannot be shown is left out.
            let _ = write!(text, "{rate:.digits$}/s");
        };
        let left = |state: &ProgressState, text: &mut dyn fmt::Write| {
            // Work that stands still, or has hardly begun, has no end in sight.
            let known = Some(state.eta()).filter(|left| state.pos() > 0 && *left < LONGEST_ETA);
            let _ = match known {
                Some(left) => write!(text, "{:#}", HumanDuration(left)),
                None => write!(text, "?"),
            };
        };
        let style = ProgressStyle::with_template(&template)
            .expect("the template is a constant of this function")
            .with_key("rate", rate)
            .with_key("left", left)
            .progress_chars("━╸─");
        ProgressBar::with_draw_target(Some(total), target).with_style(style)
    }

    fn message(self, level: Verbosity, text: &str) {
        if self.verbosity < level {
            return;
        }
        let mut stream = AutoStream::new(io::stderr().lock(), self.color.into());
        // Nothing can be reported when standard error itself is closed.
        let _ = writeln!(stream, "{text}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_uneven_work_the_time_so_far_is_shown_and_none_that_is_left() {
        for terminal in [true, false] {
            let even = template("teaching", "texts", Work::Even, terminal);
            assert!(even.contains("{left} left") && even.contains("{rate"), "{even}");
            let uneven = template("searching", "students", Work::Uneven, terminal);
            assert!(!uneven.contains("left") && !uneven.contains("{rate"), "{uneven}");
            assert!(uneven.contains("{elapsed}"), "{uneven}");
        }
    }
}

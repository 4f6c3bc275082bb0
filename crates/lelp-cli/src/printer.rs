//! The one door to the terminal: standard output is data, standard error is talk.

use std::io::{self, IsTerminal, Write};

use anstream::AutoStream;
use anstyle::{AnsiColor, Style};
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// When to colour what is printed.
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

/// How much to say on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Talk {
    /// Errors and warnings.
    Quiet,
    /// What is being done, with progress.
    Normal,
    /// Every setting and hash as well.
    Verbose,
}

/// Prints data, talk and progress.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Printer {
    talk: Talk,
    color: Color,
}

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const CYAN: Style = AnsiColor::Cyan.on_default().bold();

impl Printer {
    pub(crate) fn new(talk: Talk, color: Color) -> Self {
        Self { talk, color }
    }

    /// A line of data on standard output; a closed pipe is not an error of ours.
    pub(crate) fn data(self, line: &str) -> io::Result<()> {
        let mut out = AutoStream::new(io::stdout().lock(), self.color.into());
        writeln!(out, "{line}")
    }

    /// A step that begins or has ended.
    pub(crate) fn step(self, verb: &str, what: &str) {
        self.say(Talk::Normal, &format!("{BOLD}{verb:>10}{BOLD:#} {what}"));
    }

    /// A further line about the step above.
    pub(crate) fn note(self, text: &str) {
        self.say(Talk::Normal, &format!("{:>10} {text}", ""));
    }

    /// What only a curious reader asks for.
    pub(crate) fn detail(self, text: &str) {
        self.say(Talk::Verbose, &format!("{:>10} {DIM}{text}{DIM:#}", ""));
    }

    pub(crate) fn warn(self, text: &str) {
        self.say(Talk::Quiet, &format!("{YELLOW}warning{YELLOW:#}: {text}"));
    }

    pub(crate) fn error(self, text: &str) {
        self.say(Talk::Quiet, &format!("{RED}error{RED:#}: {text}"));
    }

    pub(crate) fn hint(self, text: &str) {
        self.say(Talk::Quiet, &format!("\n{CYAN}hint{CYAN:#}: {text}"));
    }

    /// Text on standard error as it is.
    pub(crate) fn plain(self, text: &str) {
        self.say(Talk::Quiet, text);
    }

    /// A progress bar over `total` units, with their rate and the time left; hidden where nobody watches.
    pub(crate) fn progress(self, verb: &str, total: u64, unit: &str) -> ProgressBar {
        let watched = self.talk >= Talk::Normal && io::stderr().is_terminal();
        let target = if watched { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let template = format!(
            "{verb:>10} {{bar:30}} {{human_pos}}/{{human_len}} {unit}  {{per_sec:>12}}  {{msg}} {{eta}} left"
        );
        let style = ProgressStyle::with_template(&template)
            .expect("the template is a constant of this function")
            .progress_chars("━╸─");
        ProgressBar::with_draw_target(Some(total), target).with_style(style)
    }

    fn say(self, level: Talk, text: &str) {
        if self.talk < level {
            return;
        }
        let mut talk = AutoStream::new(io::stderr().lock(), self.color.into());
        // Nothing can be told when standard error itself is closed.
        let _ = writeln!(talk, "{text}");
    }
}

//! Progress bars over rows and over epochs.

use indicatif::ProgressBar;
use lelp_train::training::{EpochRecord, Event};

use crate::printer::Printer;
use crate::terminal_text::without_control_characters;

/// Says beside the bar what is being done; a name of a recipe or file in it cannot steer the terminal.
pub(crate) fn show(bar: &ProgressBar, text: &str) {
    bar.set_message(without_control_characters(text).into_owned());
}

/// A bar over rows.
pub(crate) struct Rows {
    bar: ProgressBar,
}

impl Rows {
    pub(crate) fn new(printer: Printer, verb: &str, rows: usize) -> Self {
        Self { bar: printer.progress(verb, rows as u64, "texts") }
    }

    pub(crate) fn set(&self, done: usize) {
        self.bar.set_position(done as u64);
    }

    pub(crate) fn set_of(&self, done: usize, rows: usize) {
        self.bar.set_length(rows as u64);
        self.set(done);
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// A bar over the rows of all epochs of a training.
pub(crate) struct Epochs {
    bar: ProgressBar,
    printer: Printer,
    count: usize,
    /// Whether each epoch is printed without `--verbose` too.
    long: bool,
}

/// A bar for a training of seconds: its epochs are printed with `--verbose` only.
pub(crate) fn epochs(printer: Printer, verb: &str, epochs: usize) -> Epochs {
    // How many texts there are is known from the first batch on.
    Epochs { bar: printer.progress(verb, 0, "texts"), printer, count: epochs, long: false }
}

/// A bar for a training of minutes to hours: each of its epochs is printed.
pub(crate) fn long_epochs(printer: Printer, verb: &str, epochs: usize) -> Epochs {
    Epochs { long: true, ..self::epochs(printer, verb, epochs) }
}

impl Epochs {
    pub(crate) fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Resumed { epoch, done } => {
                let position = format!("epoch {epoch}, after {done} rows");
                self.bar.suspend(|| self.printer.step("resumed", &position));
                self.bar.reset_eta();
            }
            Event::Batch { epoch, done, rows, terms, sums, .. } => {
                self.bar.set_length((self.count * rows) as u64);
                self.bar.set_position(((epoch - 1) * rows + done) as u64);
                let terms = terms.iter().zip(*sums).map(|(name, sum)| format!("{name} {:.4}", sum.mean()));
                show(&self.bar, &terms.collect::<Vec<_>>().join(", "));
            }
            Event::Epoch(epoch) => {
                let text = summary(epoch);
                show(&self.bar, &text);
                self.bar.suspend(|| {
                    if self.long {
                        self.printer.step(&format!("epoch {}", epoch.epoch), &text);
                    } else {
                        self.printer.detail(&format!("epoch {}: {text}", epoch.epoch));
                    }
                });
            }
        }
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

fn summary(epoch: &EpochRecord) -> String {
    let terms = epoch.terms.iter().map(|term| format!("{} {:.4}", term.name, term.mean));
    let score = epoch.validation.iter().map(|score| format!("validation {:.4}", score.value));
    let speed = format!("{:.0} texts/s", epoch.examples_per_second);
    terms.chain(score).chain([speed]).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_beside_a_bar_cannot_steer_the_terminal() {
        let bar = ProgressBar::hidden();
        show(&bar, "a\u{1b}[2J\u{7}\nb: lelp");
        assert_eq!(bar.message(), "a [2J  b: lelp");
    }
}

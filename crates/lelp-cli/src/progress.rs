//! Progress of rows and of epochs.

use indicatif::ProgressBar;
use lelp_train::run::{EpochRecord, Event};

use crate::printer::Printer;

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

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// A bar over the epochs of a training.
pub(crate) struct Epochs {
    bar: ProgressBar,
    printer: Printer,
}

pub(crate) fn epochs(printer: Printer, verb: &str, epochs: usize) -> Epochs {
    Epochs { bar: printer.progress(verb, epochs as u64, "epochs"), printer }
}

impl Epochs {
    pub(crate) fn event(&mut self, event: &Event<'_>) {
        if let Event::Epoch(epoch) = event {
            self.bar.set_position(epoch.epoch as u64);
            self.bar.set_message(summary(epoch));
            self.bar.suspend(|| self.printer.detail(&format!("epoch {}: {}", epoch.epoch, summary(epoch))));
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

//! Progress bar of a comparison.

use indicatif::ProgressBar;
use lelp_compare::progress::ProgressStep;
use lelp_compare::record::{FailedRecord, Setting};
use lelp_compare::run::ProgressObserver;
use lelp_data::SplitOverlap;

use crate::overlaps;
use crate::printer::Printer;
use crate::progress;

/// A bar over trials and students.
pub(super) struct ComparisonBar {
    bar: ProgressBar,
    printer: Printer,
}

impl ComparisonBar {
    pub(super) fn new(printer: Printer, cells: usize) -> Self {
        Self { bar: printer.uneven_progress("comparing", cells as u64, "students"), printer }
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl ProgressObserver for ComparisonBar {
    fn step(&self, step: ProgressStep<'_>) {
        let ProgressStep { data, activity, done, rows } = step;
        progress::show(&self.bar, &format!("{data}: {activity} {done}/{rows}"));
    }

    fn overlaps(&self, data: &str, overlaps: &[SplitOverlap]) {
        if overlaps.is_empty() {
            return;
        }
        self.bar.suspend(|| {
            self.printer.step("data", data);
            overlaps::print(overlaps, self.printer);
        });
    }

    fn cell(&self, setting: &Setting, method: &str) {
        progress::show(&self.bar, &format!("{}, {}: {method}", setting.data, setting.student));
        self.bar.inc(1);
    }

    fn failed(&self, failed: &FailedRecord) {
        let Setting { data, teacher, student } = &failed.setting;
        let place = format!("{data}, {teacher}, {student}: `{}`: {}", failed.method, failed.error);
        self.bar.suspend(|| {
            if failed.refused {
                self.printer.step("left out", &place);
            } else {
                self.printer.warn(&place);
            }
        });
    }
}

//! What is said of rows that two splits have.

use lelp_data::SplitOverlap;

use crate::printer::Printer;

/// From this share of a split on it is a warning.
const MANY: f64 = 0.01;

/// Says what splits have in common.
pub(crate) fn print(overlaps: &[SplitOverlap], printer: Printer) {
    for overlap in overlaps {
        if overlap.share() >= MANY {
            printer.warn(&format!("{overlap}: figures on them say nothing of new rows"));
        } else {
            printer.note(&overlap.to_string());
        }
    }
}

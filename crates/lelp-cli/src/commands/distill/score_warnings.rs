//! What is said of a student's score on the validation rows.

use lelp_train::distill::{ClassWeights, DistillSettings, Distilled, Majority, Task};

use crate::printer::Printer;

/// Warns of a student that has hardly learned to tell the classes apart.
pub(super) fn warn(distilled: &Distilled, task: &Task, settings: &DistillSettings, printer: Printer) {
    let Some(score) = distilled.report.best().and_then(|epoch| epoch.validation) else { return };
    if score.one_class {
        printer.warn(
            "the student answers all validation rows with one class; try `--class-weights balanced` or `--select macro-f1`",
        );
        return;
    }
    // Whoever weighs classes, or selects for something else, may give up right rows of the largest class.
    if settings.class_weights != ClassWeights::default() || score.selected.is_some() {
        return;
    }
    if let Some(Majority { class, share }) = Majority::not_beaten(&score, task.validation_classes()) {
        printer.warn(&format!(
            "the student is right on {:.4} of the validation rows, hardly more than the answer `{}` for every row ({share:.4}): \
             has it learned long enough? See `--epochs` and `--learning-rate`",
            score.value,
            task.labels()[class]
        ));
    }
}

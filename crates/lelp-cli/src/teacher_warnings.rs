//! What is said of a teacher's answers before anything is learned from them.

use lelp::{TeacherCheck, TeacherFinding, look_like_probabilities};
use lelp_data::{SignalsFileError, SignalsFolder};

use crate::printer::Printer;

/// More names than this are no list to be copied.
const MOST_NAMES: usize = 20;

/// Says how often signals agree with their own labels, and warns of what makes them no teacher.
pub(crate) fn of_signals(signals: &SignalsFolder, printer: Printer) -> Result<(), SignalsFileError> {
    let description = signals.description();
    if look_like_probabilities(&signals.logits()?, description.classes) {
        printer.warn(
            "the logits of every row look like probabilities: none is negative, and they sum to 1 (or 100); save them as \
             the array `probabilities`, from 0 to 1, or train on their logarithms",
        );
    }
    of_agreement(signals.check_teacher(None)?.as_ref(), &description.label_names, printer);
    Ok(())
}

/// Says how often a teacher agrees with the labels, and warns where it does not.
pub(crate) fn of_agreement(check: Option<&TeacherCheck>, names: &[String], printer: Printer) {
    let Some(check) = check else { return };
    let TeacherCheck { labelled, agreeing, by_chance, largest, .. } = check;
    let share = 100.0 * *agreeing as f64 / *labelled as f64;
    let agrees = format!("agrees with the labels on {agreeing} of {labelled} rows ({share:.1} %)");
    match check.finding() {
        None => printer.step("teacher", &agrees),
        Some(TeacherFinding::OtherNames(order)) => {
            let own = order.iter().enumerate().filter(|&(class, &name)| class != name);
            let pairs = own.map(|(class, &name)| format!("`{}` is labelled `{}`", names[class], names[name]));
            let pairs = pairs.take(MOST_NAMES).collect::<Vec<_>>().join(", ");
            let list = order.iter().map(|&name| names[name].as_str()).collect::<Vec<_>>().join(",");
            printer.warn(&format!(
                "the teacher {agrees}, but far more often under other names: what it answers as {pairs}; name its classes \
                 in its own order, as `--labels {list}`, where the signals are made"
            ));
        }
        Some(TeacherFinding::Chance) => printer.warn(&format!(
            "the teacher {agrees}, no more than chance would give ({by_chance:.0}): are its rows in the order of the data, \
             and its classes those of the labels?"
        )),
        Some(TeacherFinding::Majority(class)) => printer.warn(&format!(
            "the teacher {agrees}, no more than the answer `{}` for every row ({largest}): labels alone, `--method ce`, \
             will do as well",
            names[class]
        )),
    }
}

//! The closed list of methods.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Method;
use super::ce::CrossEntropy;
use super::kd::{Distillation, KdSettings, soft_labels};
use super::lelp::LelpSettings;
use super::supervision::{Needs, Supervision};

/// A method with its settings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "kebab-case", deny_unknown_fields)]
pub enum MethodSettings {
    /// Cross-entropy on labels.
    Ce {},
    /// Ordinary distillation.
    Kd(KdSettings),
    /// Distillation over subclasses along linear directions.
    Lelp(LelpSettings),
}

/// Settings or supervision that a method cannot work with.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum MethodError {
    /// A setting out of its range.
    #[error("{name} is {value}: use {range}")]
    Setting {
        /// Name of the setting.
        name: &'static str,
        /// The number given.
        value: f64,
        /// What is allowed.
        range: &'static str,
    },
    /// Something the method learns from is not there.
    #[error("method `{method}` needs {what}, and there are none")]
    Missing {
        /// The method.
        method: &'static str,
        /// What is missing.
        what: &'static str,
    },
    /// An array of the wrong length.
    #[error("{rows} rows and {columns} columns need {wanted} {what}, but {given} are given")]
    Length {
        /// What the array holds.
        what: &'static str,
        /// Rows.
        rows: usize,
        /// Values in a row.
        columns: usize,
        /// Values needed.
        wanted: usize,
        /// Values given.
        given: usize,
    },
    /// A label outside the classes.
    #[error("row {row} has label {label}, but there are {classes} classes")]
    Label {
        /// The row.
        row: usize,
        /// Its label.
        label: u32,
        /// Number of classes.
        classes: usize,
    },
    /// A logit or target that is not a number, or infinite.
    #[error("row {row} of the {what} holds {value}: only finite numbers can be learned from")]
    Value {
        /// What the array holds.
        what: &'static str,
        /// The row.
        row: usize,
        /// The value.
        value: f32,
    },
}

impl MethodSettings {
    /// One of each method with its defaults, in the order of help and reports.
    #[must_use]
    pub fn all() -> [Self; 3] {
        [Self::Ce {}, Self::Kd(KdSettings::default()), Self::Lelp(LelpSettings::default())]
    }

    /// The method's name, as in files and on the command line.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Ce {} => "ce",
            Self::Kd(_) => "kd",
            Self::Lelp(_) => "lelp",
        }
    }

    /// Outputs of each class.
    #[must_use]
    pub fn subclasses(&self) -> usize {
        match self {
            Self::Ce {} | Self::Kd(_) => 1,
            Self::Lelp(settings) => settings.subclasses,
        }
    }

    /// What the method learns from.
    #[must_use]
    pub fn needs(&self) -> Needs {
        let labels = match self {
            Self::Ce {} => true,
            Self::Kd(settings) => settings.alpha > 0.0,
            Self::Lelp(settings) => settings.alpha > 0.0,
        };
        Needs { labels, logits: matches!(self, Self::Kd(_)), targets: matches!(self, Self::Lelp(_)) }
    }

    /// Checks the ranges that the fields document.
    pub fn check(&self) -> Result<(), MethodError> {
        match self {
            Self::Ce {} => Ok(()),
            Self::Kd(settings) => check_mixing(settings),
            Self::Lelp(settings) => {
                check_mixing(&settings.mixing())?;
                let sharpness = settings.beta > 0.0 && settings.beta.is_finite();
                setting("beta", settings.beta, sharpness, "a finite number above 0")?;
                let subclasses = settings.subclasses as f64;
                setting("subclasses", subclasses, settings.subclasses > 0, "1 or more")
            }
        }
    }

    /// The method over what is known about the training rows.
    pub fn build<'a>(&self, supervision: Supervision<'a>) -> Result<Box<dyn Method + 'a>, MethodError> {
        self.check()?;
        self.check_labels(&supervision)?;
        let Supervision { rows, classes, .. } = supervision;
        match self {
            Self::Ce {} => Ok(Box::new(CrossEntropy::new(supervision))),
            Self::Kd(settings) => {
                let logits = array("teacher logits", self.name(), supervision.logits, rows, classes)?;
                let targets = Cow::Owned(soft_labels(logits, classes, settings.temperature));
                Ok(Box::new(Distillation::new(supervision, targets, 1, *settings)))
            }
            Self::Lelp(settings) => {
                let columns = classes.saturating_mul(settings.subclasses);
                let targets = array("targets", self.name(), supervision.targets, rows, columns)?;
                let (targets, mixing) = (Cow::Borrowed(targets), settings.mixing());
                Ok(Box::new(Distillation::new(supervision, targets, settings.subclasses, mixing)))
            }
        }
    }

    fn check_labels(&self, supervision: &Supervision<'_>) -> Result<(), MethodError> {
        let Supervision { rows, classes, labels, .. } = *supervision;
        let given = labels.map_or(rows, <[_]>::len);
        if given != rows {
            return Err(MethodError::Length { what: "labels", rows, columns: 1, wanted: rows, given });
        }
        if let Some((row, label)) = supervision.label_outside() {
            return Err(MethodError::Label { row, label, classes });
        }
        if self.needs().labels && (0..rows).all(|row| supervision.label(row).is_none()) {
            return Err(MethodError::Missing { method: self.name(), what: "labels" });
        }
        Ok(())
    }
}

fn check_mixing(settings: &KdSettings) -> Result<(), MethodError> {
    let KdSettings { alpha, temperature } = *settings;
    setting("alpha", alpha, (0.0..=1.0).contains(&alpha), "0 to 1")?;
    let softens = temperature > 0.0 && temperature.is_finite();
    setting("temperature", temperature, softens, "a finite number above 0")
}

fn setting(name: &'static str, value: f64, holds: bool, range: &'static str) -> Result<(), MethodError> {
    if holds { Ok(()) } else { Err(MethodError::Setting { name, value, range }) }
}

/// An array `[rows, columns]` of finite values that the method cannot do without.
fn array<'a>(
    what: &'static str,
    method: &'static str,
    values: Option<&'a [f32]>,
    rows: usize,
    columns: usize,
) -> Result<&'a [f32], MethodError> {
    let values = values.ok_or(MethodError::Missing { method, what })?;
    let (wanted, given) = (rows.saturating_mul(columns), values.len());
    if wanted != given {
        return Err(MethodError::Length { what, rows, columns, wanted, given });
    }
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(values),
        Some(place) => Err(MethodError::Value { what, row: place / columns, value: values[place] }),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::float_cmp, reason = "a test may panic, and asks for the same bits")]
mod tests {
    use super::*;
    use crate::method::TermSum;

    const LABELS: [Option<u32>; 3] = [Some(1), None, Some(0)];
    const LOGITS: [f32; 6] = [-1.0, 2.0, 0.5, 0.25, 3.0, -1.0];
    const OUTPUTS: [f32; 6] = [0.25, -0.5, 1.0, -0.75, -2.0, 0.5];

    fn supervision<'a>(labels: &'a [Option<u32>], targets: Option<&'a [f32]>) -> Supervision<'a> {
        Supervision { rows: 3, classes: 2, labels: Some(labels), logits: Some(&LOGITS), targets }
    }

    /// Gradient and unweighted terms over the batch of all three rows.
    fn run(settings: MethodSettings, supervision: Supervision<'_>) -> (Vec<f32>, Vec<TermSum>) {
        let method = settings.build(supervision).unwrap();
        let (mut gradient, mut sums) = (vec![0.0; 6], vec![TermSum::default(); method.terms().len()]);
        method.gradient(&[0, 1, 2], 3, &OUTPUTS, &mut gradient, &mut sums);
        (gradient, sums)
    }

    fn kd(alpha: f64, temperature: f64) -> MethodSettings {
        MethodSettings::Kd(KdSettings { alpha, temperature })
    }

    #[test]
    fn kd_is_lelp_with_one_subclass() {
        for (alpha, temperature) in [(0.0, 1.0), (0.0, 4.0), (0.5, 2.0), (1.0, 3.0)] {
            let targets = soft_labels(&LOGITS, 2, temperature);
            let lelp = LelpSettings { alpha, temperature, subclasses: 1, ..LelpSettings::default() };
            let lelp = run(MethodSettings::Lelp(lelp), supervision(&LABELS, Some(&targets)));
            assert_eq!(run(kd(alpha, temperature), supervision(&LABELS, None)), lelp);
        }
    }

    #[test]
    fn alpha_mixes_the_two_gradients_linearly() {
        let soft = run(kd(0.0, 2.0), supervision(&LABELS, None)).0;
        let hard = run(kd(1.0, 2.0), supervision(&LABELS, None)).0;
        let half = run(kd(0.5, 2.0), supervision(&LABELS, None)).0;
        for place in 0..6 {
            assert!((half[place] - 0.5 * (soft[place] + hard[place])).abs() < 1e-7);
        }
        // The row without a label has its distillation part alone.
        assert_eq!(hard[2..4], [0.0; 2]);
        assert!((half[2] - 0.5 * soft[2]).abs() < 1e-7 && soft[2].abs() > 1e-3);
    }

    #[test]
    fn alpha_of_one_is_cross_entropy_on_the_labelled_rows() {
        let all = [Some(1), Some(1), Some(0)];
        let (hard, sums) = run(kd(1.0, 5.0), supervision(&all, None));
        let (cross_entropy, alone) = run(MethodSettings::Ce {}, supervision(&all, None));
        assert_eq!(hard, cross_entropy);
        assert_eq!(sums[1], alone[0]);
        let method = kd(1.0, 5.0).build(supervision(&LABELS, None)).unwrap();
        assert!(method.teaches(0) && !method.teaches(1));
    }

    /// At high temperature the gradient of `T^2 KL` goes to that of half the squared difference of
    /// centred logits, over classes; without its `T^2` it would vanish.
    #[test]
    fn the_squared_temperature_keeps_the_gradient_alive_at_alpha_zero() {
        let gradient = run(kd(0.0, 1000.0), supervision(&LABELS, None)).0;
        for row in 0..3 {
            let (t, s) = (&LOGITS[2 * row..], &OUTPUTS[2 * row..]);
            let limit = ((s[0] - s[1]) - (t[0] - t[1])) / 4.0 / 3.0;
            assert!((gradient[2 * row] - limit).abs() < 1e-2 * limit.abs());
        }
    }

    #[test]
    fn settings_round_trip_and_unknown_ones_are_refused() {
        for settings in MethodSettings::all() {
            let text = serde_json::to_string(&settings).unwrap();
            assert!(text.contains(&format!("\"method\":\"{}\"", settings.name())));
            assert_eq!(serde_json::from_str::<MethodSettings>(&text).unwrap(), settings);
        }
        let short: MethodSettings = serde_json::from_str(r#"{"method":"lelp","beta":1.0}"#).unwrap();
        assert_eq!(short, MethodSettings::Lelp(LelpSettings { beta: 1.0, ..LelpSettings::default() }));
        for wrong in [r#"{"method":"kd","gamma":1}"#, r#"{"method":"ce","alpha":1}"#, r#"{"method":"dkd"}"#] {
            assert!(serde_json::from_str::<MethodSettings>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_cannot_be_learned_from_is_refused() {
        let none = [None; 3];
        let refused = |settings: MethodSettings, supervision| settings.build(supervision).err().unwrap();
        let missing = MethodError::Missing { method: "ce", what: "labels" };
        assert_eq!(refused(MethodSettings::Ce {}, supervision(&none, None)), missing);
        let outside = [Some(0), Some(2), None];
        let label = MethodError::Label { row: 1, label: 2, classes: 2 };
        assert_eq!(refused(MethodSettings::Ce {}, supervision(&outside, None)), label);
        let infinite = [0.0, f32::INFINITY, 0.0, 0.0, 0.0, 0.0];
        let supervised = Supervision { logits: Some(&infinite), ..supervision(&LABELS, None) };
        assert!(matches!(refused(kd(0.0, 1.0), supervised), MethodError::Value { row: 0, .. }));
        let lelp = MethodSettings::Lelp(LelpSettings::default());
        let length = MethodError::Length { what: "targets", rows: 3, columns: 8, wanted: 24, given: 6 };
        assert_eq!(refused(lelp, supervision(&LABELS, Some(&LOGITS))), length);
        for settings in [kd(1.5, 1.0), kd(0.0, 0.0), kd(f64::NAN, 1.0), kd(0.0, f64::INFINITY)] {
            assert!(matches!(settings.check(), Err(MethodError::Setting { .. })));
        }
    }
}

//! What `auto` chose, and why.

use lelp_method::Objective;
use serde::{Deserialize, Serialize};

use super::probe;

/// What `auto` chose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AutoResult {
    /// The method with its settings.
    pub method: Objective,
    /// All candidates in the order in which they were tried, `kd` first.
    pub candidates: Vec<Candidate>,
    /// Training texts that the candidates' students were asked about.
    pub held_out: usize,
    /// Seconds that it took.
    pub seconds: f64,
}

/// A method that was tried, with its score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The method with its settings.
    pub method: Objective,
    /// Share of the held-out texts that its students answer as the teacher does: the mean over students.
    pub agreement: f64,
    /// p-value of the difference to `kd`: paired t-test over the texts, corrected for the number of candidates
    /// (Holm). None for `kd` itself.
    pub p: Option<f64>,
}

impl AutoResult {
    /// The reason, for people: how often the students of the best split agree with the teacher, and those of `kd`.
    #[must_use]
    pub fn reason(&self) -> String {
        let (Some(best), Some(kd)) = (probe::best(&self.candidates), self.candidates.first()) else {
            return "nothing else splits these classes".to_owned();
        };
        let which = if self.method == kd.method {
            format!("no split is above it beyond luck; {} agrees", describe_method(&best.method))
        } else {
            "agrees".to_owned()
        };
        format!(
            "{which} with the teacher on {:.4} of {} held-out texts, `kd` on {:.4}",
            best.agreement, self.held_out, kd.agreement
        )
    }
}

/// A method with the settings that `auto` chooses, in words.
#[must_use]
pub fn describe_method(method: &Objective) -> String {
    match method.base.split() {
        Some(split) => {
            format!("`{}` S {} beta {}", method.name(), method.base.subclasses(), split.beta.get())
        }
        None => format!("`{}`", method.name()),
    }
}

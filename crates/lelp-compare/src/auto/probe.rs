//! Small students, three for each candidate, asked about training texts that they did not learn from.

use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;

use lelp::argmax;
use lelp::stats::{holm_correction, paired_t_test};
use lelp_method::Objective;
use lelp_train::distill::{DistillError, Distiller, SplitError, Task};
use lelp_train::evaluate::answer;
use lelp_train::students::ngram::NgramStudentSettings;
use lelp_train::students::{Resources, Student};
use lelp_train::training::TrainSettings;

use super::candidates::{splits, tries_widths, widths, without_split};
use super::{AutoError, AutoSpec, Candidate};

/// Training rows at most; a quarter of them is held out.
const ROWS: usize = 10_920;

/// Students of each candidate.
pub(super) const SEEDS: [u64; 3] = [0, 1, 2];

/// Passes of a student over its rows.
const EPOCHS: usize = 10;

/// Level of significance at which a split counts as better than none.
const SIGNIFICANCE_LEVEL: f64 = 0.05;

/// What the probe chose, on how many held-out texts.
pub(super) struct ProbeOutcome {
    pub(super) method: Objective,
    pub(super) candidates: Vec<Candidate>,
    pub(super) held_out: usize,
}

/// First every split, then, where they are open, other widths of the best. `kd` is probed beside them: it is what is left
/// where the method is open and no split agrees with the teacher significantly more often.
pub(super) fn choose(
    task: &Task,
    method: &Objective,
    auto: AutoSpec,
    threads: NonZeroUsize,
    on_student: &mut dyn FnMut(),
    cancel: &AtomicBool,
) -> Result<ProbeOutcome, AutoError> {
    let splits = splits(method, &auto)?;
    let task = task.sample(ROWS)?;
    // Small, so that a probe takes seconds; the same for every kind of student that learns afterwards.
    let student = NgramStudentSettings { buckets: 1 << 15, width: 32, ..NgramStudentSettings::default() };
    let student = student.prepare(&task, &Resources::threads(threads), &mut |_| {}, cancel)?;
    let distillation = Distiller::new(&task, student.as_ref(), threads);
    let mut run = ProbeRun { distillation, agreements: Vec::new(), failed: None };
    let kd = without_split(method);
    run.try_candidate(&kd, on_student, cancel)?;
    for candidate in splits {
        run.try_candidate(&candidate, on_student, cancel)?;
    }
    if tries_widths(&auto) {
        let best = best(&scores(&run.agreements)).map(|best| widths(&best.method));
        for candidate in best.transpose()?.unwrap_or_default() {
            run.try_candidate(&candidate, on_student, cancel)?;
        }
    }
    let candidates = scores(&run.agreements);
    let method = match (winner(&candidates, auto.chooses_method()), run.failed) {
        (Some(winner), _) => winner.method.clone(),
        (None, Some(failed)) if !auto.chooses_method() => return Err(failed.into()),
        (None, _) => kd,
    };
    Ok(ProbeOutcome { method, candidates, held_out: task.validation().rows() })
}

/// The best split; where the method is open only one that is significantly above `kd`.
fn winner(candidates: &[Candidate], method_is_open: bool) -> Option<&Candidate> {
    let kd = candidates.first()?;
    let pays =
        |split: &Candidate| split.agreement > kd.agreement && split.p.is_some_and(|p| p < SIGNIFICANCE_LEVEL);
    best(candidates).filter(|best| !method_is_open || pays(best))
}

/// The split with the highest agreement, the earlier of equals.
pub(super) fn best(candidates: &[Candidate]) -> Option<&Candidate> {
    candidates.iter().skip(1).rev().max_by(|a, b| a.agreement.total_cmp(&b.agreement))
}

/// Candidates and how their students answer.
struct ProbeRun<'a> {
    distillation: Distiller<'a>,
    /// Each candidate with, for every held-out text, the share of its students that answer as the teacher does.
    agreements: Vec<(Objective, Vec<f64>)>,
    /// Why the last of those that do not split these classes did not.
    failed: Option<DistillError>,
}

impl ProbeRun<'_> {
    /// Trains and asks the students of a candidate. One that cannot split these classes is left out: another may.
    fn try_candidate(
        &mut self,
        method: &Objective,
        on_student: &mut dyn FnMut(),
        cancel: &AtomicBool,
    ) -> Result<(), AutoError> {
        let held_out = self.distillation.task().validation();
        let teacher = self.distillation.task().validation_classes();
        let mut agreed = vec![0.0; held_out.rows()];
        for seed in SEEDS {
            let train = TrainSettings { epochs: EPOCHS, seed, ..TrainSettings::ngram() };
            let distilled = self.distillation.train(method, &train, None, &mut |_| {}, cancel);
            on_student();
            let model = match distilled {
                Ok(distilled) => distilled.student,
                Err(failed @ DistillError::Split(SplitError::Fit(_))) => {
                    self.failed = Some(failed);
                    return Ok(());
                }
                Err(failed) => return Err(failed.into()),
            };
            let model = model.predictor().expect("an n-gram student answers from memory");
            let answers = answer(model, held_out, &mut |_| {}, cancel)?;
            let answers = answers.logits.chunks_exact(self.distillation.task().labels().len());
            for ((agreed, logits), &class) in agreed.iter_mut().zip(answers).zip(teacher) {
                *agreed += f64::from(u8::from(argmax(logits) == class as usize)) / SEEDS.len() as f64;
            }
        }
        self.agreements.push((method.clone(), agreed));
        Ok(())
    }
}

fn candidate(method: Objective, agreed: &[f64], p: Option<f64>) -> Candidate {
    Candidate { method, agreement: agreed.iter().sum::<f64>() / agreed.len() as f64, p }
}

/// Scores of candidates of which is known, for every held-out text, the share of students that agree; `kd` comes first.
fn scores(agreements: &[(Objective, Vec<f64>)]) -> Vec<Candidate> {
    let Some(((kd, without), splits)) = agreements.split_first() else { return Vec::new() };
    let chance = |agreed: &Vec<f64>| {
        let differences: Vec<f64> = agreed.iter().zip(without).map(|(a, b)| a - b).collect();
        paired_t_test(&differences).unwrap_or(1.0)
    };
    let chances: Vec<f64> = splits.iter().map(|(_, agreed)| chance(agreed)).collect();
    let first = candidate(kd.clone(), without, None);
    let splits = splits.iter().zip(holm_correction(&chances));
    let rest = splits.map(|((method, agreed), p)| candidate(method.clone(), agreed, Some(p)));
    std::iter::once(first).chain(rest).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    /// `kd` and splits that agree on so many of 200 texts, the earlier ones first; each split has its number as its S.
    fn agreements(agreed: &[usize]) -> Vec<(Objective, Vec<f64>)> {
        let method = |place: usize| match place {
            0 => toml::from_str("method = \"kd\"").unwrap(),
            _ => toml::from_str(&format!("method = \"lelp\"\nsubclasses = {}", place + 1)).unwrap(),
        };
        let texts = |count: usize| (0..200).map(|text| f64::from(u8::from(text < count))).collect();
        agreed.iter().enumerate().map(|(place, &count)| (method(place), texts(count))).collect()
    }

    fn winning(agreed: &[usize], method_is_open: bool) -> Option<usize> {
        winner(&scores(&agreements(agreed)), method_is_open)
            .map(|candidate| candidate.method.base.subclasses() - 1)
    }

    #[test]
    fn a_split_wins_an_open_method_by_more_than_luck_and_a_given_one_by_anything() {
        assert_eq!(winning(&[120, 121, 160, 150], true), Some(2));
        assert_eq!(winning(&[120, 121, 123, 119], true), None);
        assert_eq!(winning(&[120, 121, 123, 119], false), Some(2));
        assert_eq!(winning(&[120, 60, 50], true), None, "below it beyond luck");
        assert_eq!(winning(&[120, 60, 60], false), Some(1), "the earlier of equals");
        assert_eq!(winning(&[120], true), None);
    }

    #[test]
    fn chances_are_corrected_for_the_candidates() {
        let p = |agreed: &[usize]| scores(&agreements(agreed))[1].p.unwrap();
        let alone = p(&[120, 126]);
        assert!(alone < 0.05 && (p(&[120, 126, 120, 120]) - 3.0 * alone).abs() < 1e-12, "{alone}");
    }
}

//! The members of each class with their scores, shares and confidence, in one pass over the signals.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};

use lelp::{FittedSplit, Signals, TargetSettings, argmax, softmax, split_entropy};
use lelp_data::{FineColumn, SignalsFolder};
use lelp_train::distill::SplitError;

use super::InspectError;

/// The members of a class, in the order of their rows.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Members {
    /// Indices in the data set, `[members]`.
    pub(super) rows: Vec<usize>,
    /// Probability of the class by the teacher, `[members]`.
    pub(super) confidence: Vec<f32>,
    /// Scores of the class's subclasses, `[members, per_class]`.
    pub(super) scores: Vec<f32>,
    /// Share of each subclass, `[members, per_class]`; those of a member add up to 1.
    pub(super) shares: Vec<f32>,
}

/// All rows, by class.
pub(super) struct AllMembers {
    pub(super) classes: Vec<Members>,
    /// Mean entropy of the split of a row, in bits, over all classes of the row, as [`split_entropy`] measures it.
    pub(super) entropy: f64,
}

/// Reads the signals part by part and sorts their rows into classes.
pub(super) fn members_of_classes(
    signals: &SignalsFolder,
    fit: &FittedSplit,
    fine: Option<&FineColumn>,
    settings: TargetSettings,
    threads: NonZeroUsize,
    cancelled: &AtomicBool,
) -> Result<AllMembers, InspectError> {
    let mut classes = vec![Members::default(); fit.classes()];
    let (mut bits, mut done) = (0.0, 0);
    for part in signals.parts() {
        if cancelled.load(Ordering::Relaxed) {
            return Err(InspectError::Cancelled { done, rows: signals.rows() as usize });
        }
        let part = part.map_err(SplitError::from)?;
        let block = part.signals().map_err(SplitError::from)?;
        let fine = fine.map(|fine| fine.rows(part.rows()));
        let scores = fit.scores(&block, fine, threads).map_err(SplitError::from)?;
        let targets = fit.targets(&block, fine, settings, threads).map_err(SplitError::from)?;
        let entropy = split_entropy(&targets, fit.classes(), fit.per_class()).map_err(SplitError::from)?;
        bits += entropy * block.rows() as f64;
        add(&mut classes, &block, &scores, &targets)?;
        done += block.rows();
    }
    Ok(AllMembers { classes, entropy: bits / done.max(1) as f64 })
}

/// Adds the rows of a part to their classes; `scores` and `targets` are `[rows, classes * per_class]`.
fn add(
    classes: &mut [Members],
    block: &Signals<'_>,
    scores: &[f32],
    targets: &[f32],
) -> Result<(), InspectError> {
    let outputs = scores.len() / block.rows().max(1);
    let per_class = outputs / classes.len();
    let probabilities = softmax(block.logits(), classes.len()).map_err(SplitError::from)?;
    let probabilities = probabilities.chunks_exact(classes.len());
    for (place, (logits, probabilities)) in
        block.logits().chunks_exact(classes.len()).zip(probabilities).enumerate()
    {
        let class = argmax(logits);
        let own = place * outputs + class * per_class..place * outputs + (class + 1) * per_class;
        let row = block.first_row() as usize + place;
        let members = &mut classes[class];
        members.rows.push(row);
        members.confidence.push(probabilities[class]);
        members.scores.extend_from_slice(&scores[own.clone()]);
        let sum: f32 = targets[own.clone()].iter().sum();
        for target in &targets[own] {
            let value = target / sum;
            if !value.is_finite() {
                return Err(InspectError::NotFinite { row, class, value });
            }
            members.shares.push(value);
        }
    }
    Ok(())
}

impl Members {
    /// Number of members.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The column of one subclass of an array `[members, per_class]`.
    fn column(values: &[f32], subclass: usize, per_class: usize) -> impl Iterator<Item = f32> + '_ {
        values.iter().skip(subclass).step_by(per_class).copied()
    }

    /// Scores of the members in a subclass.
    pub(super) fn scores_of(&self, subclass: usize, per_class: usize) -> Vec<f32> {
        Self::column(&self.scores, subclass, per_class).collect()
    }

    /// Mean share of a subclass; 0 where there is no member.
    pub(super) fn mean_share(&self, subclass: usize, per_class: usize) -> f64 {
        let shares = Self::column(&self.shares, subclass, per_class);
        shares.map(f64::from).sum::<f64>() / self.len().max(1) as f64
    }

    /// The subclass with the highest score of each member; none where two scores are equally high.
    pub(super) fn subclasses(&self, per_class: usize) -> Vec<Option<usize>> {
        let highest = |scores: &[f32]| {
            let top = argmax(scores);
            let tied = scores.iter().filter(|score| **score >= scores[top]).count();
            (tied == 1).then_some(top)
        };
        self.scores.chunks_exact(per_class).map(highest).collect()
    }
}

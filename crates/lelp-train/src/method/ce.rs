//! Cross-entropy on labels.

use super::loss::collapsed_cross_entropy;
use super::supervision::Supervision;
use super::{Method, TermSum};

/// Cross-entropy on labels; rows without one are left out.
#[derive(Debug)]
pub struct CrossEntropy<'a> {
    supervision: Supervision<'a>,
}

impl<'a> CrossEntropy<'a> {
    /// Over checked supervision that has labels.
    pub(super) fn new(supervision: Supervision<'a>) -> Self {
        Self { supervision }
    }
}

impl Method for CrossEntropy<'_> {
    fn outputs(&self) -> usize {
        self.supervision.classes
    }

    fn subclasses(&self) -> usize {
        1
    }

    fn terms(&self) -> &'static [&'static str] {
        &["cross_entropy"]
    }

    fn teaches(&self, row: usize) -> bool {
        self.supervision.label(row).is_some()
    }

    fn gradient(
        &self,
        rows: &[u32],
        batch: usize,
        outputs: &[f32],
        gradient: &mut [f32],
        sums: &mut [TermSum],
    ) {
        let width = self.outputs();
        gradient.fill(0.0);
        for ((&row, outputs), gradient) in
            rows.iter().zip(outputs.chunks_exact(width)).zip(gradient.chunks_exact_mut(width))
        {
            if let Some(label) = self.supervision.label(row as usize) {
                let weight = 1.0 / batch as f64;
                sums[0].add(collapsed_cross_entropy(label, 1, outputs, weight, gradient));
            }
        }
    }
}

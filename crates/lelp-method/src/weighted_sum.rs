//! Several methods at once, each with its weight.

use super::{Batch, Gradients, Method, NamedArray, RowWise, StateError, TermSum};

/// A method with its weight in the sum.
pub(super) struct Part<'a> {
    pub(super) weight: f64,
    pub(super) method: Box<dyn Method + 'a>,
}

/// The weighted sum of the losses of its parts.
///
/// Every part's terms are logged unweighted, those of weight 0 too; what a part of weight 0 would teach does not count
/// as teaching.
pub struct WeightedSum<'a> {
    /// At least one; the first decides the outputs.
    parts: Vec<Part<'a>>,
    terms: Vec<&'static str>,
}

impl<'a> WeightedSum<'a> {
    /// The sum of `parts`, all over students of the same outputs.
    pub(super) fn new(parts: Vec<Part<'a>>) -> Self {
        let terms = parts.iter().flat_map(|part| part.method.terms()).copied().collect();
        Self { parts, terms }
    }
}

impl Method for WeightedSum<'_> {
    fn outputs(&self) -> usize {
        self.parts[0].method.outputs()
    }

    fn subclasses(&self) -> usize {
        self.parts[0].method.subclasses()
    }

    fn terms(&self) -> &[&'static str] {
        &self.terms
    }

    fn teaches(&self, row: usize) -> bool {
        self.parts.iter().any(|part| part.weight > 0.0 && part.method.teaches(row))
    }

    fn embedding(&self) -> Option<usize> {
        self.parts.iter().find_map(|part| part.method.embedding())
    }

    fn row_wise(&self) -> Option<&dyn RowWise> {
        self.parts.iter().all(|part| part.method.row_wise().is_some()).then_some(self as &dyn RowWise)
    }

    fn learn(&mut self, batch: &Batch<'_>, gradients: &mut Gradients<'_>, mut sums: &mut [TermSum]) {
        for Part { weight, method } in &mut self.parts {
            let (own, rest) = sums.split_at_mut(method.terms().len());
            method.learn(&Batch { share: *weight * batch.share, ..*batch }, gradients, own);
            sums = rest;
        }
    }

    fn step(&mut self, learning_rate: f32) {
        self.parts.iter_mut().for_each(|part| part.method.step(learning_rate));
    }

    fn state(&self) -> Vec<NamedArray> {
        self.parts.iter().flat_map(|part| part.method.state()).collect()
    }

    fn load_state(&mut self, state: &[NamedArray]) -> Result<(), StateError> {
        self.parts.iter_mut().try_for_each(|part| part.method.load_state(state))
    }
}

impl RowWise for WeightedSum<'_> {
    fn gradient(&self, batch: &Batch<'_>, gradients: &mut Gradients<'_>, mut sums: &mut [TermSum]) {
        for Part { weight, method } in &self.parts {
            let (own, rest) = sums.split_at_mut(method.terms().len());
            let rows = method.row_wise().expect("a sum is row-wise only if all its parts are");
            rows.gradient(&Batch { share: *weight * batch.share, ..*batch }, gradients, own);
            sums = rest;
        }
    }
}

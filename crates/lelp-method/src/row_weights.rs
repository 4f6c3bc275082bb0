//! A loss whose rows do not all weigh the same.

use crate::{Batch, Gradients, Method, RowWise, TermSum};

/// A loss of single rows, each with a weight of its own; terms are logged unweighted.
pub(crate) struct WeightedRows<'a> {
    method: Box<dyn Method + 'a>,
    /// `[training rows]`
    weights: Vec<f64>,
}

impl<'a> WeightedRows<'a> {
    /// `method` with `weights` `[training rows]`; none where its loss cannot be taken apart into rows.
    pub(crate) fn new(method: Box<dyn Method + 'a>, weights: Vec<f64>) -> Option<Self> {
        method.row_wise().is_some().then_some(())?;
        Some(Self { method, weights })
    }
}

impl Method for WeightedRows<'_> {
    fn outputs(&self) -> usize {
        self.method.outputs()
    }

    fn subclasses(&self) -> usize {
        self.method.subclasses()
    }

    fn terms(&self) -> &[&'static str] {
        self.method.terms()
    }

    fn teaches(&self, row: usize) -> bool {
        self.method.teaches(row)
    }

    fn row_wise(&self) -> Option<&dyn RowWise> {
        Some(self)
    }

    fn learn(&mut self, batch: &Batch<'_>, gradients: &mut Gradients<'_>, sums: &mut [TermSum]) {
        self.gradient(batch, gradients, sums);
    }
}

impl RowWise for WeightedRows<'_> {
    fn gradient(&self, batch: &Batch<'_>, gradients: &mut Gradients<'_>, sums: &mut [TermSum]) {
        let rows = self.method.row_wise().expect("checked when it was made");
        let width = self.method.outputs();
        let places = batch.rows.chunks(1).zip(batch.outputs.chunks(width));
        for ((row, outputs), gradient) in places.zip(gradients.outputs.chunks_mut(width)) {
            let share = batch.share * self.weights[row[0] as usize];
            let batch = Batch { rows: row, share, outputs, embedding: &[] };
            rows.gradient(&batch, &mut Gradients { outputs: gradient, embedding: &mut [] }, sums);
        }
    }
}

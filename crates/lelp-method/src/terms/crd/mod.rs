//! Contrastive representation distillation.

mod contrast;
mod negatives;
mod view;

pub use contrast::{Contrast, contrast};

use lelp::{Parameter, Values};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::auxiliary_term::Term;
use crate::degeneracy::{Degeneracy, Severity};
use crate::embeddings::{AROUND_DEFAULT, EmbeddingPair};
use crate::error::MethodError;
use crate::needs::Needs;
use crate::state::{copy_array, read_count};
use crate::supervision::Supervision;
use crate::{Batch, Gradients, Method, NamedArray, StateError, TermSum};
use contrast::{contrast_rows, inner_product};
use negatives::Negatives;
use view::{Names, View};

const PARAMETERS: [Parameter; 5] = [
    Parameter::new("weight", Values::NonNegative, "weight of the contrast between embeddings")
        .searched(AROUND_DEFAULT),
    Parameter::new("dimensions", Values::Count, "columns that both embeddings are projected to"),
    Parameter::new("negatives", Values::Count, "rows of other classes that each row is told apart from"),
    Parameter::new("contrast_temperature", Values::Positive, "sharpness of the comparison; small is sharp"),
    Parameter::new(
        "momentum",
        Values::Share,
        "share of a row's memory that stays when the row is seen again",
    ),
];

/// Settings of `crd`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CrdTerm {
    /// Weight of the contrast.
    pub weight: f64,
    /// Columns that both embeddings are projected to. Two memories keep them for every training row.
    pub dimensions: usize,
    /// Negatives of each row.
    pub negatives: usize,
    /// Sharpness of the comparison; small is sharp.
    pub contrast_temperature: f64,
    /// Share of a row's memory that stays when the row is seen again, 0 to 1.
    pub momentum: f64,
}

impl Default for CrdTerm {
    /// Tian, Krishnan and Isola 2020, arXiv:1910.10699, but for the negatives: theirs are 16384, sixteen times the work.
    fn default() -> Self {
        Self { weight: 0.8, dimensions: 128, negatives: 1024, contrast_temperature: 0.07, momentum: 0.5 }
    }
}

impl Term for CrdTerm {
    fn name(&self) -> &'static str {
        "crd"
    }

    fn summary(&self) -> &'static str {
        "which teacher embedding is a row's own, among those of other classes"
    }

    fn source(&self) -> &'static str {
        "Tian, Krishnan and Isola 2020, arXiv:1910.10699"
    }

    fn parameters(&self) -> &'static [Parameter] {
        &PARAMETERS
    }

    /// A row without a label has the teacher's class, whose rows are no negatives of it: hence the logits.
    fn needs(&self) -> Needs {
        Needs { row_ids: true, logits: true, ..Needs::of_embeddings() }
    }

    fn degeneracy(&self, classes: usize) -> Option<Degeneracy> {
        (other_classes(classes) == 1).then_some(Degeneracy {
            method: self.name(),
            severity: Severity::Warned,
            why: "all negatives of a row are of the one other class, so that nothing is learned inside a class",
            instead: "`rkd` or `fitnet`, which see inside a class",
        })
    }

    fn build<'a>(
        &self,
        pair: EmbeddingPair<'a>,
        supervision: Supervision<'a>,
    ) -> Result<Box<dyn Method + 'a>, MethodError> {
        let logits = supervision.checked_logits(self.name())?;
        Ok(Box::new(CrdLoss::new(pair, *self, &supervision, logits)?))
    }
}

/// Classes that the negatives of a row can be of.
fn other_classes(classes: usize) -> usize {
    classes.saturating_sub(1)
}

/// The contrast on whole batches: each view of a row against the other view's memory.
///
/// # Source
/// Tian, Krishnan and Isola 2020, arXiv:1910.10699, section 3; memories, momentum, negatives of other classes and the
/// normaliser `Z`, one a view and fixed on the first batch, from the authors' code.
#[derive(Debug)]
pub struct CrdLoss<'a> {
    pair: EmbeddingPair<'a>,
    settings: CrdTerm,
    negatives: Negatives,
    student: View,
    teacher: View,
    /// `Z` of the student's and the teacher's views; 0 before the first batch.
    normalisers: [f32; 2],
    /// Batches seen.
    steps: u64,
    rows: usize,
    /// The teacher's embeddings of the batch.
    embeddings: Vec<f32>,
}

impl<'a> CrdLoss<'a> {
    /// Between checked embeddings, with negatives by label or by the teacher's checked logits.
    pub(super) fn new(
        pair: EmbeddingPair<'a>,
        settings: CrdTerm,
        supervision: &Supervision<'_>,
        logits: &[f32],
    ) -> Result<Self, MethodError> {
        let (rows, dimensions) = (supervision.rows, settings.dimensions);
        let view = |projection, memory, width| {
            View::new(Names { projection, memory }, width, dimensions, rows, &pair.student)
                .ok_or(MethodError::Memory { method: "crd", rows, columns: dimensions })
        };
        let negatives = Negatives::new(supervision, logits, pair.student.seed)
            .ok_or(MethodError::Missing { method: "crd", what: "rows of two classes" })?;
        Ok(Self {
            negatives,
            student: view("crd.student.projection", "crd.student.memory", pair.student.embedding)?,
            teacher: view("crd.teacher.projection", "crd.teacher.memory", pair.teacher.width())?,
            normalisers: [0.0; 2],
            steps: 0,
            rows,
            embeddings: Vec::new(),
            pair,
            settings,
        })
    }

    /// Rows of other classes for each row of the batch, `[rows, negatives]`; both views get the same.
    fn draw(&self, rows: &[u32]) -> Vec<u32> {
        let draw = |&row: &u32| self.negatives.draw(self.steps, row, self.settings.negatives);
        rows.par_iter().flat_map_iter(draw).collect()
    }

    /// Fixes `Z` of each view: the mean of `exp(v . m / temperature)` over this batch, times the training rows.
    fn fix_normalisers(&mut self, rows: &[u32], drawn: &[u32]) {
        let CrdTerm { dimensions, negatives, contrast_temperature, .. } = self.settings;
        let views =
            [(&self.student.units, &self.teacher.memory), (&self.teacher.units, &self.student.memory)];
        for (normaliser, (units, memory)) in self.normalisers.iter_mut().zip(views) {
            let sum = |(place, (row, drawn)): (usize, (&u32, &[u32]))| -> f64 {
                let exponential = |&row: &u32| {
                    let memory = &memory[row as usize * dimensions..][..dimensions];
                    (inner_product(units.row(place), memory) / contrast_temperature).exp()
                };
                exponential(row) + drawn.iter().map(exponential).sum::<f64>()
            };
            let batch = rows.par_iter().zip(drawn.par_chunks_exact(negatives)).enumerate();
            let sums: Vec<f64> = batch.map(sum).collect();
            let mean = sums.into_iter().sum::<f64>() / (rows.len() * (negatives + 1)) as f64;
            *normaliser = (mean * self.rows as f64) as f32;
        }
    }

    /// The loss of one view against the other's memory; leaves the gradient in the view's projection.
    fn hold(&mut self, which: usize, rows: &[u32], drawn: &[u32], weight: f64) -> TermSum {
        let CrdTerm { dimensions, negatives, contrast_temperature: temperature, .. } = self.settings;
        let share = negatives as f64 / self.rows as f64;
        let log_offset = f64::from(self.normalisers[which]).ln() + share.ln();
        let settings = Contrast { temperature, log_offset };
        let (view, other) = match which {
            STUDENT => (&mut self.student, &self.teacher),
            _ => (&mut self.teacher, &self.student),
        };
        let View { projection, units, .. } = view;
        let units = &*units;
        let parts = projection.visit(|first, _, projection_gradient| {
            let (mut sum, mut gradient) = (TermSum::default(), vec![0.0; dimensions]);
            for (place, projection_gradient) in
                (first..).zip(projection_gradient.chunks_exact_mut(dimensions))
            {
                let (own, others) = (rows[place], &drawn[place * negatives..][..negatives]);
                gradient.fill(0.0);
                let unit = units.row(place);
                sum.add(contrast_rows(unit, &other.memory, own, others, settings, weight, &mut gradient));
                units.through(place, &gradient, projection_gradient);
            }
            sum
        });
        let mut sum = TermSum::default();
        for part in parts {
            sum.merge(part);
        }
        sum
    }
}

/// Places of the views in terms and normalisers.
const STUDENT: usize = 0;
const TEACHER: usize = 1;

impl Method for CrdLoss<'_> {
    fn outputs(&self) -> usize {
        self.pair.outputs()
    }

    fn subclasses(&self) -> usize {
        self.pair.subclasses
    }

    fn terms(&self) -> &[&'static str] {
        &["crd_student", "crd_teacher"]
    }

    fn teaches(&self, _row: usize) -> bool {
        true
    }

    fn embedding(&self) -> Option<usize> {
        Some(self.pair.student.embedding)
    }

    fn learn(&mut self, batch: &Batch<'_>, gradients: &mut Gradients<'_>, sums: &mut [TermSum]) {
        let (rows, weight) = (batch.rows, self.settings.weight * batch.share);
        self.pair.read(rows, &mut self.embeddings);
        self.student.project(batch.embedding);
        self.teacher.project(&self.embeddings);
        let drawn = self.draw(rows);
        if self.normalisers.contains(&0.0) {
            self.fix_normalisers(rows, &drawn);
        }
        for which in [STUDENT, TEACHER] {
            sums[which].merge(self.hold(which, rows, &drawn, weight));
        }
        self.student.projection.backward(gradients.embedding);
        self.teacher.projection.backward(&mut []);
        for view in [&mut self.student, &mut self.teacher] {
            view.remember(rows, self.settings.momentum as f32);
        }
        self.steps += 1;
    }

    fn step(&mut self, learning_rate: f32) {
        self.student.projection.step(learning_rate);
        self.teacher.projection.step(learning_rate);
    }

    fn state(&self) -> Vec<NamedArray> {
        let mut state = self.student.state();
        state.extend(self.teacher.state());
        state.push(NamedArray::new("crd.normalisers", &self.normalisers));
        state.push(NamedArray::count("crd.steps", self.steps));
        state
    }

    fn load_state(&mut self, state: &[NamedArray]) -> Result<(), StateError> {
        self.student.load_state(state)?;
        self.teacher.load_state(state)?;
        copy_array(state, "crd.normalisers", &mut self.normalisers)?;
        self.steps = read_count(state, "crd.steps")?;
        Ok(())
    }
}

#![doc = include_str!("../docs/adding-a-method.md")]

mod alpha;
mod auxiliary_term;
mod checked_values;
mod degeneracy;
mod dense;
mod distillation;
mod embeddings;
mod error;
mod float;
mod loss;
mod losses;
mod method_settings;
mod named_settings;
mod needs;
mod objective;
mod optimizer;
mod registry;
mod regressor;
mod row_weights;
mod softmax;
mod split_distillation;
mod split_source;
mod state;
mod subclass_teacher;
mod supervision;
mod term_sum;
mod terms;
#[cfg(test)]
mod testing;
mod weighted_sum;

pub use alpha::Alpha;
pub use auxiliary_term::{AuxiliaryTerm, Term, TermObject};
pub use degeneracy::{Degeneracy, DegeneracyError, Severity};
pub use dense::{BatchOutputs, Dense, DenseNetwork, ForwardCache};
pub use distillation::distillation;
pub use embeddings::EmbeddingPair;
pub use error::{MethodError, MethodSettingsError};
pub use float::Float;
pub use loss::{Loss, LossObject, MethodSettings};
pub use losses::ce::{CeSettings, CrossEntropy, balanced_weights, collapsed_cross_entropy};
pub use losses::dist::{DistLoss, DistSettings, correlation_distance};
pub use losses::dkd::{DkdLoss, DkdSettings, decoupled_distillation};
pub use losses::kd::{KdSettings, SoftTargetLoss};
pub use losses::kd_with_term::KdWithTerm;
pub use losses::lskd::{LskdLoss, LskdSettings, standardise, standardised_distillation};
pub use losses::split::SplitMethod;
pub use losses::subclass::SubclassSettings;
pub use method_settings::MethodDescription;
pub use needs::Needs;
pub use objective::Objective;
pub use optimizer::{Optimizer, OptimizerState, adagrad};
pub use softmax::soft_labels;
pub use split_distillation::split_distillation;
pub use split_source::SplitSource;
pub use state::{NamedArray, StateError, copy_array, read_count};
pub use subclass_teacher::{SubclassTeacherSettings, auxiliary};
pub use supervision::{StudentShape, Supervision, TeacherEmbeddings};
pub use term_sum::TermSum;
pub use terms::crd::{Contrast, CrdLoss, CrdTerm, contrast};
pub use terms::fitnet::{FitnetLoss, FitnetTerm, squared_error};
pub use terms::rkd::{RkdLoss, RkdTerm, angle_distance, distance_distance};
pub use terms::vid::{VidLoss, VidTerm, gaussian_bound};
pub use weighted_sum::WeightedSum;

/// Rows of a batch that are worked on together; fixed, so that sums do not depend on the threads.
pub const SHARD_ROWS: usize = 32;

/// What a student gives for the rows of a batch, or for some of them.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// Places in the training set.
    pub rows: &'a [u32],
    /// What the loss of one row weighs: the loss of the batch is the sum over its rows of `share * loss of the row`.
    /// One over the rows of the whole batch, times the method's weight in a objective.
    pub share: f64,
    /// The student's outputs, `[rows, outputs]`.
    pub outputs: &'a [f32],
    /// The student's embedding, the input of its last linear layer, `[rows, width]`; empty for methods that do not
    /// read it.
    pub embedding: &'a [f32],
}

impl<'a> Batch<'a> {
    /// The rows one by one: place in the training set, outputs, and the part of `gradient` `[rows, outputs]` that is
    /// the row's.
    pub fn row_by_row<'g>(
        &self,
        gradient: &'g mut [f32],
    ) -> impl Iterator<Item = (usize, &'a [f32], &'g mut [f32])> + use<'a, 'g> {
        let width = (self.outputs.len() / self.rows.len().max(1)).max(1);
        let rows =
            self.rows.iter().zip(self.outputs.chunks_exact(width)).zip(gradient.chunks_exact_mut(width));
        rows.map(|((&row, outputs), gradient)| (row as usize, outputs, gradient))
    }
}

/// Where a method adds its gradients.
#[derive(Debug)]
pub struct Gradients<'a> {
    /// In the student's outputs, `[rows, outputs]`.
    pub outputs: &'a mut [f32],
    /// In the student's embedding, `[rows, width]`; empty for methods that do not read it.
    pub embedding: &'a mut [f32],
}

/// What a student is held against.
///
/// A method knows no framework: it reads plain arrays and adds gradients to plain arrays, and the student takes both
/// gradients through its own backward pass. Methods are made by [`Objective::build`] or [`MethodSettings::build`].
pub trait Method: Send + Sync {
    /// Outputs the student must have, `classes * subclasses`.
    fn outputs(&self) -> usize;

    /// Outputs of each class.
    fn subclasses(&self) -> usize;

    /// Names of the unweighted terms, in the order in which they are added up.
    fn terms(&self) -> &[&'static str];

    /// Whether a row teaches anything; rows that do not are left out of training.
    fn teaches(&self, row: usize) -> bool;

    /// Columns of the student's embedding, for methods that read it.
    fn embedding(&self) -> Option<usize> {
        None
    }

    /// The method as one that takes a batch apart, where it can: it is then run on several threads.
    fn row_wise(&self) -> Option<&dyn RowWise> {
        None
    }

    /// Loss and gradients of a whole batch.
    ///
    /// *Adds* the gradient of the loss to `gradients`, and each unweighted term to `sums`, one for each name of
    /// [`Method::terms`]. The gradients of the method's own variables are kept for [`Method::step`]; its buffers
    /// (memory banks) move on.
    fn learn(&mut self, batch: &Batch<'_>, gradients: &mut Gradients<'_>, sums: &mut [TermSum]);

    /// Moves the method's own variables along the gradients of the last batch.
    fn step(&mut self, _learning_rate: f32) {}

    /// Variables, their optimizer's memory and buffers: all that a training needs to go on as if it had not stopped.
    fn state(&self) -> Vec<NamedArray> {
        Vec::new()
    }

    /// Takes over what [`Method::state`] gave under the same settings; arrays of other names are left alone.
    fn load_state(&mut self, _state: &[NamedArray]) -> Result<(), StateError> {
        Ok(())
    }
}

/// A method whose loss of a row depends on that row alone, and which has no variables.
pub trait RowWise: Sync {
    /// As [`Method::learn`], for some of the rows of a batch.
    fn gradient(&self, batch: &Batch<'_>, gradients: &mut Gradients<'_>, sums: &mut [TermSum]);
}

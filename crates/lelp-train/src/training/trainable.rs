//! What the training loop asks of a model.

use lelp_method::{Method, NamedArray, StateError, TermSum};

/// A model that the training loop trains on inputs of type `I`.
///
/// Methods run inside a thread pool of the loop's choice and use as many threads as it has, with the
/// same results whatever their number.
pub trait Trainable<I: ?Sized>: Send + Sync {
    /// Outputs for each row.
    fn outputs(&self) -> usize;

    /// Columns of its embedding, the input of its last linear layer.
    fn embedding(&self) -> usize;

    /// One step of gradient descent on the rows `rows` of `inputs`, of the method's variables too; adds to `sums` each
    /// unweighted term.
    ///
    /// Gives the gradient's length where the student measures it; if that is no number, nothing has moved.
    fn step(
        &mut self,
        inputs: &I,
        rows: &[u32],
        method: &mut dyn Method,
        learning_rate: f32,
        sums: &mut [TermSum],
    ) -> Option<f64>;

    /// Outputs of the rows from `first` on into `outputs` `[rows, outputs]`, on this thread.
    fn forward(&self, inputs: &I, first: usize, outputs: &mut [f32]);

    /// Remembers the parameters as they are, in place of those remembered before.
    fn remember(&mut self);

    /// Goes back to the parameters remembered last, if any.
    fn restore(&mut self);

    /// What a row costs beside the longest of its batch, where rows are padded to that.
    fn padded_cost(&self, _inputs: &I, _row: usize) -> Option<usize> {
        None
    }

    /// Everything that a training needs to go on as if it had not stopped; none for students that train so
    /// fast that they start over.
    fn state(&self) -> Option<Vec<NamedArray>> {
        None
    }

    /// Takes over what [`Trainable::state`] gave under the same settings.
    fn load_state(&mut self, _state: &[NamedArray]) -> Result<(), StateError> {
        Ok(())
    }
}

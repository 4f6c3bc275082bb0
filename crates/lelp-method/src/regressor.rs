//! Layers of a method's own, between the embeddings of student and teacher.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::state::{NamedArray, StateError};
use super::supervision::StudentShape;
use crate::{DenseNetwork, ForwardCache, SHARD_ROWS};

/// A small network that is trained along with the student, run over a batch in shards of fixed size.
#[derive(Debug)]
pub(super) struct Regressor {
    name: &'static str,
    network: DenseNetwork,
    shards: Vec<ForwardCache>,
}

impl Regressor {
    /// A network with layer sizes `sizes` and random parameters; `name` is that of its arrays in a state.
    pub(super) fn new(name: &'static str, sizes: &[usize], student: &StudentShape) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(student.seed);
        // A stream for each name: networks of one method must not start alike, nor like the student.
        let stream =
            name.bytes().fold(1_u64, |sum, byte| sum.wrapping_mul(257).wrapping_add(u64::from(byte)));
        random.set_stream(stream);
        let network = DenseNetwork::random(sizes, student.optimizer, 0.0, &mut random);
        Self { name, network, shards: Vec::new() }
    }

    /// Runs `inputs` `[rows, inputs]` through the network.
    pub(super) fn forward(&mut self, inputs: &[f32]) {
        let shard = SHARD_ROWS * self.network.inputs();
        let network = &self.network;
        self.shards.resize_with(inputs.len().div_ceil(shard), || ForwardCache::new(network));
        self.shards.par_iter_mut().zip(inputs.par_chunks(shard)).for_each(|(pass, inputs)| {
            pass.inputs_mut(inputs.len()).copy_from_slice(inputs);
            network.forward(pass);
        });
    }

    /// Calls `visit` for each shard with the place of its first row, its outputs `[rows, outputs]`, and the gradient in
    /// them, which `visit` adds to; gives what it gave, in order.
    pub(super) fn visit<T: Send>(&mut self, visit: impl Fn(usize, &[f32], &mut [f32]) -> T + Sync) -> Vec<T> {
        let each = |(shard, pass): (usize, &mut ForwardCache)| {
            let (outputs, gradient) = pass.outputs_and_gradient();
            gradient.fill(0.0);
            visit(shard * SHARD_ROWS, outputs, gradient)
        };
        self.shards.par_iter_mut().enumerate().map(each).collect()
    }

    /// From the gradient in the outputs to those in the parameters and, added to `gradient` `[rows, inputs]`, in the
    /// inputs, where it is not empty.
    pub(super) fn backward(&mut self, gradient: &mut [f32]) {
        let network = &self.network;
        if gradient.is_empty() {
            self.shards.par_iter_mut().for_each(|pass| network.backward(pass, false));
            return;
        }
        let gradients = gradient.par_chunks_mut(SHARD_ROWS * network.inputs());
        self.shards.par_iter_mut().zip(gradients).for_each(|(pass, gradient)| {
            network.backward(pass, true);
            gradient.iter_mut().zip(pass.input_gradient()).for_each(|(sum, slope)| *sum += slope);
        });
    }

    /// Moves the parameters along the gradients of the last batch.
    pub(super) fn step(&mut self, learning_rate: f32) {
        self.network.step(self.shards.iter_mut(), learning_rate);
    }

    pub(super) fn state(&self) -> Vec<NamedArray> {
        self.network.state(self.name)
    }

    pub(super) fn load_state(&mut self, state: &[NamedArray]) -> Result<(), StateError> {
        self.network.load_state(self.name, state)
    }
}

//! Affine layers with `ReLU` between them, and their exact gradients.

use ::lelp::vector::{affine, weighted_sum};
use multiversion::multiversion;
use rand::{Rng, RngExt};

use crate::{Batch, Gradients, NamedArray, Optimizer, OptimizerState, StateError, copy_array};

/// A trainable affine layer: `weight` `[outputs, inputs]`, `bias` `[outputs]`.
#[derive(Debug, Clone)]
pub struct Dense {
    inputs: usize,
    /// The weight, then the bias: one array, so that an optimizer needs one memory.
    parameters: Vec<f32>,
    outputs: usize,
}

impl Dense {
    /// Uniform in `+-1 / sqrt(inputs)`, weight and bias alike (the default of `PyTorch`'s `Linear`).
    pub fn random(inputs: usize, outputs: usize, random: &mut impl Rng) -> Self {
        let bound = 1.0 / (inputs as f32).sqrt();
        let parameters =
            (0..(inputs + 1) * outputs).map(|_| bound * (2.0 * random.random::<f32>() - 1.0)).collect();
        Self { inputs, parameters, outputs }
    }

    /// A layer of this weight `[outputs, inputs]` and bias `[outputs]`.
    ///
    /// # Panics
    /// If the two do not fit together.
    #[must_use]
    pub fn new(inputs: usize, weight: &[f32], bias: &[f32]) -> Self {
        assert_eq!(weight.len(), inputs * bias.len(), "a weight of {inputs} inputs");
        Self { inputs, parameters: [weight, bias].concat(), outputs: bias.len() }
    }

    /// Weight `[outputs, inputs]` and bias `[outputs]`.
    #[must_use]
    pub fn weight_and_bias(&self) -> (&[f32], &[f32]) {
        self.parameters.split_at(self.inputs * self.outputs)
    }

    /// Columns of an input.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs
    }
}

/// Layers in a row, `ReLU` between them, none after the last.
#[derive(Debug, Clone)]
pub struct DenseNetwork {
    layers: Vec<Dense>,
    optimizers: Vec<OptimizerState>,
    decay: f32,
}

/// What one shard of rows leaves behind on its way through a network, and its gradients.
#[derive(Debug, Clone, Default)]
pub struct ForwardCache {
    /// Inputs of each layer, after `ReLU`, `[rows, inputs]`; the last is the network's outputs.
    values: Vec<Vec<f32>>,
    /// Gradients in the same places.
    gradients: Vec<Vec<f32>>,
    /// Gradients of each layer's parameters, summed over the rows of the shard.
    parameters: Vec<Vec<f32>>,
    /// A gradient in the inputs of the last layer that does not come through it, `[rows, inputs]`, or empty.
    embedding_gradient: Vec<f32>,
}

/// Outputs and embedding (the inputs of the last layer) of a pass, and the places for the gradients in them.
#[derive(Debug)]
pub struct BatchOutputs<'a> {
    /// `[rows, outputs]`
    pub outputs: &'a [f32],
    /// `[rows, inputs of the last layer]`, or empty.
    pub embedding: &'a [f32],
    /// As `outputs`.
    pub output_gradient: &'a mut [f32],
    /// As `embedding`.
    pub embedding_gradient: &'a mut [f32],
}

impl<'a> BatchOutputs<'a> {
    /// What a method reads, and where it adds its gradients.
    #[must_use]
    pub fn split(self, rows: &'a [u32], share: f64) -> (Batch<'a>, Gradients<'a>) {
        let BatchOutputs { outputs, embedding, output_gradient, embedding_gradient } = self;
        let batch = Batch { rows, share, outputs, embedding };
        (batch, Gradients { outputs: output_gradient, embedding: embedding_gradient })
    }
}

impl DenseNetwork {
    /// A network with layer sizes `sizes`: inputs, hidden layers, outputs.
    pub fn random(sizes: &[usize], optimizer: Optimizer, decay: f32, random: &mut impl Rng) -> Self {
        let layers: Vec<Dense> =
            sizes.windows(2).map(|pair| Dense::random(pair[0], pair[1], random)).collect();
        let optimizers =
            layers.iter().map(|layer| OptimizerState::new(optimizer, layer.parameters.len())).collect();
        Self { layers, optimizers, decay }
    }

    /// The layers, first to last.
    #[must_use]
    pub fn layers(&self) -> &[Dense] {
        &self.layers
    }

    /// Takes over the parameters of a network of the same sizes, not its optimizer's memory.
    pub fn copy_parameters(&mut self, from: &[Dense]) {
        self.layers.clone_from_slice(from);
    }

    /// Parameters and the optimizer's memory of them, for a checkpoint; names begin with `name`.
    #[must_use]
    pub fn state(&self, name: &str) -> Vec<NamedArray> {
        let layers = self.layers.iter().zip(&self.optimizers).enumerate();
        let state = layers.flat_map(|(place, (layer, optimizer))| {
            let name = format!("{name}.{place}");
            let parameters = NamedArray::new(&*name, &layer.parameters);
            [parameters].into_iter().chain(optimizer.state(&name))
        });
        state.collect()
    }

    /// Takes over what [`DenseNetwork::state`] gave for a network of the same sizes and optimizer.
    pub fn load_state(&mut self, name: &str, state: &[NamedArray]) -> Result<(), StateError> {
        for (place, (layer, optimizer)) in self.layers.iter_mut().zip(&mut self.optimizers).enumerate() {
            let name = format!("{name}.{place}");
            copy_array(state, &name, &mut layer.parameters)?;
            optimizer.load_state(&name, state)?;
        }
        Ok(())
    }

    /// Inputs of the last layer.
    #[must_use]
    pub fn embedding(&self) -> usize {
        self.layers[self.layers.len() - 1].inputs
    }

    /// Inputs of the first layer.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.layers[0].inputs
    }

    /// Outputs of the last layer.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.layers[self.layers.len() - 1].outputs
    }

    /// Runs the rows in `pass.inputs_mut` through the layers.
    pub fn forward(&self, pass: &mut ForwardCache) {
        let rows = pass.rows(self);
        for (place, layer) in self.layers.iter().enumerate() {
            let (before, after) = pass.values.split_at_mut(place + 1);
            after[0].resize(rows * layer.outputs, 0.0);
            let (weight, bias) = layer.weight_and_bias();
            affine(layer.inputs, weight, bias, &before[place], &mut after[0]);
            if place + 1 < self.layers.len() {
                after[0].iter_mut().for_each(|value| *value = value.max(0.0));
            }
        }
    }

    /// From the gradient in the outputs to those in all parameters, and in the inputs if `inputs`.
    pub fn backward(&self, pass: &mut ForwardCache, inputs: bool) {
        let rows = pass.rows(self);
        for (place, layer) in self.layers.iter().enumerate().rev() {
            let (before, after) = pass.gradients.split_at_mut(place + 1);
            let (gradients, values) = (&after[0], &pass.values[place]);
            let parameters = &mut pass.parameters[place];
            parameters.resize(layer.parameters.len(), 0.0);
            let (weight, bias) = parameters.split_at_mut(layer.inputs * layer.outputs);
            weight_gradient(layer.inputs, values, gradients, weight, bias);
            if place == 0 && !inputs {
                continue;
            }
            before[place].resize(rows * layer.inputs, 0.0);
            input_gradient(layer.inputs, layer.weight_and_bias().0, gradients, &mut before[place]);
            if place + 1 == self.layers.len() {
                before[place].iter_mut().zip(&pass.embedding_gradient).for_each(|(sum, slope)| *sum += slope);
            }
            if place > 0 {
                // ReLU: where it gave 0, nothing comes back.
                for (slope, value) in before[place].iter_mut().zip(values) {
                    *slope = if *value > 0.0 { *slope } else { 0.0 };
                }
            }
        }
    }

    /// One step of the optimizer along the gradients of all passes, added up in their order.
    pub fn step<'a>(&mut self, mut passes: impl Iterator<Item = &'a mut ForwardCache>, rate: f32) {
        let Some(total) = passes.next() else { return };
        for pass in passes {
            for (total, part) in total.parameters.iter_mut().zip(&pass.parameters) {
                total.iter_mut().zip(part).for_each(|(sum, slope)| *sum += slope);
            }
        }
        for ((layer, optimizer), gradient) in
            self.layers.iter_mut().zip(&mut self.optimizers).zip(&total.parameters)
        {
            optimizer.step(&mut layer.parameters, gradient, rate, self.decay);
        }
    }
}

impl ForwardCache {
    /// Buffers for a pass through `network`.
    #[must_use]
    pub fn new(network: &DenseNetwork) -> Self {
        let layers = network.layers.len();
        Self {
            values: vec![Vec::new(); layers + 1],
            gradients: vec![Vec::new(); layers + 1],
            parameters: vec![Vec::new(); layers],
            embedding_gradient: Vec::new(),
        }
    }

    /// The inputs `[rows, inputs]` of the next pass, to be filled.
    pub fn inputs_mut(&mut self, values: usize) -> &mut [f32] {
        self.values[0].resize(values, 0.0);
        &mut self.values[0]
    }

    /// Outputs `[rows, outputs]`, and the place for their gradient.
    pub fn outputs_and_gradient(&mut self) -> (&[f32], &mut [f32]) {
        let outputs = &self.values[self.values.len() - 1];
        let last = self.gradients.len() - 1;
        self.gradients[last].resize(outputs.len(), 0.0);
        (outputs, &mut self.gradients[last])
    }

    /// The ends of the pass that a method sees, with gradients of 0; those of the embedding only if it is `read`.
    pub fn ends(&mut self, read: bool) -> BatchOutputs<'_> {
        let last = self.values.len() - 1;
        let outputs = &self.values[last];
        let embedding = if read { &self.values[last - 1][..] } else { &[] };
        for (gradients, length) in
            [(&mut self.gradients[last], outputs.len()), (&mut self.embedding_gradient, embedding.len())]
        {
            gradients.clear();
            gradients.resize(length, 0.0);
        }
        let (output_gradient, embedding_gradient) = (&mut self.gradients[last], &mut self.embedding_gradient);
        BatchOutputs { outputs, embedding, output_gradient, embedding_gradient }
    }

    /// Gradient in the inputs `[rows, inputs]`.
    #[must_use]
    pub fn input_gradient(&self) -> &[f32] {
        &self.gradients[0]
    }

    fn rows(&self, network: &DenseNetwork) -> usize {
        self.values[0].len() / network.inputs()
    }
}

/// `weight = gradients^T inputs`, `bias = sum of gradients`; rows are added in order.
#[multiversion(targets("x86_64+avx2"))]
fn weight_gradient(width: usize, inputs: &[f32], gradients: &[f32], weight: &mut [f32], bias: &mut [f32]) {
    let outputs = bias.len();
    let gradients = gradients.chunks_exact(outputs);
    for (place, (weight, bias)) in weight.chunks_exact_mut(width).zip(bias).enumerate() {
        let column = gradients.clone().map(|row| row[place]);
        *bias = column.clone().sum();
        weighted_sum(weight, column.zip(inputs.chunks_exact(width)));
    }
}

/// `inputs = gradients weight`.
#[multiversion(targets("x86_64+avx2"))]
fn input_gradient(width: usize, weight: &[f32], gradients: &[f32], inputs: &mut [f32]) {
    let outputs = weight.len() / width;
    for (input, gradients) in inputs.chunks_exact_mut(width).zip(gradients.chunks_exact(outputs)) {
        weighted_sum(input, gradients.iter().copied().zip(weight.chunks_exact(width)));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::float_cmp, reason = "a test may panic, and asks for the same bits")]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// What the loss below weighs the inputs of the last layer by.
    const PULL: f32 = 0.375;

    /// Sum over rows of `weights . outputs` and of the last layer's inputs times [`PULL`], in `f64` throughout.
    fn plain_loss(layers: &[Dense], inputs: &[f32], weights: &[f32]) -> f64 {
        let width = layers[0].inputs;
        let mut loss = 0.0;
        for row in inputs.chunks_exact(width) {
            let mut values: Vec<f64> = row.iter().map(|&value| f64::from(value)).collect();
            for (place, layer) in layers.iter().enumerate() {
                if place + 1 == layers.len() {
                    loss += f64::from(PULL) * values.iter().sum::<f64>();
                }
                let (weight, bias) = layer.weight_and_bias();
                values = weight
                    .chunks_exact(layer.inputs)
                    .zip(bias)
                    .map(|(weight, bias)| {
                        let sum: f64 = weight.iter().zip(&values).map(|(w, v)| f64::from(*w) * v).sum();
                        let value = sum + f64::from(*bias);
                        if place + 1 < layers.len() { value.max(0.0) } else { value }
                    })
                    .collect();
            }
            loss += values.iter().zip(weights).map(|(v, w)| v * f64::from(*w)).sum::<f64>();
        }
        loss
    }

    #[test]
    fn gradients_are_slopes_at_awkward_sizes() {
        for sizes in [vec![1, 2], vec![3, 5, 2], vec![17, 33, 3]] {
            let mut random = ChaCha8Rng::seed_from_u64(3);
            let mut network = DenseNetwork::random(&sizes, Optimizer::Sgd, 0.0, &mut random);
            let mut inputs: Vec<f32> = (0..5 * sizes[0]).map(|_| random.random::<f32>() - 0.5).collect();
            let weights: Vec<f32> = (0..network.outputs()).map(|_| random.random::<f32>() - 0.5).collect();
            let mut pass = ForwardCache::new(&network);
            pass.inputs_mut(inputs.len()).copy_from_slice(&inputs);
            network.forward(&mut pass);
            let ends = pass.ends(true);
            ends.embedding_gradient.fill(PULL);
            for gradients in ends.output_gradient.chunks_exact_mut(weights.len()) {
                gradients.copy_from_slice(&weights);
            }
            network.backward(&mut pass, true);

            let step = 1.0 / 4096.0;
            for layer in 0..network.layers.len() {
                for place in 0..network.layers[layer].parameters.len() {
                    let kept = network.layers[layer].parameters[place];
                    let mut at = |value: f32| {
                        network.layers[layer].parameters[place] = value;
                        (plain_loss(&network.layers, &inputs, &weights), f64::from(value))
                    };
                    let ((high, above), (low, below)) = (at(kept + step), at(kept - step));
                    at(kept);
                    let slope = (high - low) / (above - below);
                    assert!((slope - f64::from(pass.parameters[layer][place])).abs() < 1e-4);
                }
            }
            for place in 0..inputs.len() {
                let kept = inputs[place];
                let mut at = |value: f32| {
                    inputs[place] = value;
                    (plain_loss(&network.layers, &inputs, &weights), f64::from(value))
                };
                let ((high, above), (low, below)) = (at(kept + step), at(kept - step));
                at(kept);
                assert!(
                    ((high - low) / (above - below) - f64::from(pass.input_gradient()[place])).abs() < 1e-4
                );
            }
        }
    }

    #[test]
    fn batches_and_single_rows_give_the_same_bits() {
        let mut random = ChaCha8Rng::seed_from_u64(5);
        let network = DenseNetwork::random(&[19, 7], Optimizer::Sgd, 0.0, &mut random);
        let inputs: Vec<f32> = (0..5 * 19).map(|_| random.random()).collect();
        let mut pass = ForwardCache::new(&network);
        pass.inputs_mut(inputs.len()).copy_from_slice(&inputs);
        network.forward(&mut pass);
        let (weight, bias) = network.layers[0].weight_and_bias();
        for (input, outputs) in inputs.chunks_exact(19).zip(pass.outputs_and_gradient().0.chunks_exact(7)) {
            let mut single = [0.0; 7];
            affine(19, weight, bias, input, &mut single);
            assert_eq!(single, outputs);
        }
    }
}

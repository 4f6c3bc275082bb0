//! `AdamW` with clipping by the global norm, layer-wise learning rates, and row-sparse steps of the token table.

use burn::tensor::{Tensor, TensorData};

use super::batch::TokenBatch;
use super::cpu::adamw::{self as fused, AdamWStep};
use super::device::is_cpu;
use super::network::{EncoderNetwork, StepGradients};
use super::ops;
use super::parameters::{flat, read, to_vec};
use lelp_method::{NamedArray, StateError, read_count};

/// Settings of `AdamW`, with the defaults of `torch.optim.AdamW`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamW {
    /// Decay rates of the first and second moment.
    pub betas: (f64, f64),
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// Decoupled from the gradient; biases and norms have none.
    pub weight_decay: f64,
    /// Longest gradient, over all tensors together; none for any.
    pub clip: Option<f64>,
    /// What the learning rate is multiplied by for each layer below the head; 1 for one rate everywhere.
    pub layer_decay: f64,
}

impl Default for AdamW {
    fn default() -> Self {
        Self { betas: (0.9, 0.999), epsilon: 1e-8, weight_decay: 0.01, clip: Some(1.0), layer_decay: 1.0 }
    }
}

/// An optimiser's memory.
#[derive(Debug)]
pub struct AdamWState {
    settings: AdamW,
    steps: i32,
    moments: Vec<Moments>,
}

#[derive(Debug)]
struct Moments {
    first: Tensor<1>,
    second: Tensor<1>,
}

impl AdamWState {
    /// Before the first step.
    #[must_use]
    pub fn new(network: &EncoderNetwork, settings: AdamW) -> Self {
        let list = network.parameters.list();
        let zeros = |length: usize| flat(vec![0.0; length], network.parameters.device());
        let moments = list
            .iter()
            .map(|parameter| {
                let length = parameter.values.dims()[0];
                Moments { first: zeros(length), second: zeros(length) }
            })
            .collect();
        Self { settings, steps: 0, moments }
    }

    /// Steps taken.
    #[must_use]
    pub fn steps(&self) -> u64 {
        u64::from(self.steps.unsigned_abs())
    }

    /// Moves the parameters against their gradients.
    ///
    /// Of the token table only the rows of `batch` move, and only their moments decay, as in
    /// `torch.optim.SparseAdam`; weight decay too reaches a row when it is read.
    ///
    /// Gives the gradient's length over all tensors; if that is no number, nothing moves.
    pub fn step(
        &mut self,
        network: &mut EncoderNetwork,
        batch: &TokenBatch,
        gradients: StepGradients,
        learning_rate: f64,
    ) -> f64 {
        let gradients: Vec<Option<Gradient>> =
            gradients.into_iter().map(|gradient| gradient.map(Gradient::new)).collect();
        let length = gradients.iter().flatten().map(Gradient::squares).sum::<f64>().sqrt();
        if !length.is_finite() {
            return length;
        }
        self.steps = self.steps.saturating_add(1);
        // As `torch.nn.utils.clip_grad_norm_`.
        let scale = self.settings.clip.map_or(1.0, |clip| (clip / (length + 1e-6)).min(1.0));
        let list = network.parameters.list_mut();
        for (place, (parameter, gradient)) in list.iter_mut().zip(gradients).enumerate() {
            let Some(gradient) = gradient else { continue };
            let rate = learning_rate * self.settings.layer_decay.powf(parameter.depth as f64);
            let step = self.adam_step(rate, parameter.decays, scale);
            // The first is the token table, of which the batch has some rows.
            let rows = (place == 0).then(|| (&batch.unique[..], parameter.tensor.shape[1]));
            let (moments, values) = (&mut self.moments[place], &mut parameter.values);
            match (gradient, rows) {
                (Gradient::OnHost(gradient), Some((unique, width))) => {
                    moments.step_rows(values, floats(&gradient), step, unique, width);
                }
                (Gradient::OnHost(gradient), None) => moments.step(values, floats(&gradient), step),
                (Gradient::OnDevice(gradient), Some((unique, width))) => {
                    moments.step_rows_on_device(values, gradient, step, unique, width);
                }
                (Gradient::OnDevice(gradient), None) => moments.step_on_device(values, gradient, step),
            }
        }
        length
    }

    fn adam_step(&self, rate: f64, decays: bool, gradient_scale: f64) -> AdamWStep {
        let AdamW { betas: (beta_1, beta_2), epsilon, weight_decay, .. } = self.settings;
        AdamWStep {
            gradient_scale: gradient_scale as f32,
            keep: if decays { (1.0 - rate * weight_decay) as f32 } else { 1.0 },
            rate: (rate / (1.0 - beta_1.powi(self.steps))) as f32,
            second_scale: (1.0 / (1.0 - beta_2.powi(self.steps)).sqrt()) as f32,
            beta_1: beta_1 as f32,
            beta_2: beta_2 as f32,
            epsilon: epsilon as f32,
        }
    }

    /// Steps and both moments of every tensor, by its name.
    #[must_use]
    pub fn state(&self, network: &EncoderNetwork) -> Vec<NamedArray> {
        let mut state = vec![NamedArray::count("steps", self.steps())];
        for (parameter, moments) in network.parameters.list().iter().zip(&self.moments) {
            for (kind, values) in [("first", &moments.first), ("second", &moments.second)] {
                let name = format!("{kind}.{}", parameter.tensor.classifier_name);
                state.push(NamedArray { name, values: to_vec(values.clone()) });
            }
        }
        state
    }

    /// Takes over what [`state`](Self::state) gave.
    pub fn load_state(&mut self, network: &EncoderNetwork, state: &[NamedArray]) -> Result<(), StateError> {
        self.steps = i32::try_from(read_count(state, "steps")?).unwrap_or(i32::MAX);
        let device = network.parameters.device();
        for (parameter, moments) in network.parameters.list().iter().zip(&mut self.moments) {
            for (kind, values) in [("first", &mut moments.first), ("second", &mut moments.second)] {
                let name = format!("{kind}.{}", parameter.tensor.classifier_name);
                *values = read(state, &name, values.dims()[0], device)?;
            }
        }
        Ok(())
    }
}

/// A gradient where it can be worked on: in memory on the CPU, else on its device.
enum Gradient {
    OnHost(TensorData),
    OnDevice(Tensor<1>),
}

impl Gradient {
    fn new(gradient: Tensor<1>) -> Self {
        if is_cpu(&gradient.device()) { Self::OnHost(gradient.into_data()) } else { Self::OnDevice(gradient) }
    }

    /// Sum of squares, in `f64` on the CPU.
    fn squares(&self) -> f64 {
        match self {
            Self::OnHost(gradient) => fused::squares(floats(gradient)),
            Self::OnDevice(gradient) => f64::from(to_vec(gradient.clone().powi_scalar(2).sum())[0]),
        }
    }
}

fn floats(data: &TensorData) -> &[f32] {
    data.as_slice().expect("the encoder's tensors are f32")
}

/// A tensor's values, changed in place where nobody else holds them.
fn in_place(tensor: &mut Tensor<1>, change: impl FnOnce(&mut [f32])) {
    let device = tensor.device();
    let held = std::mem::replace(tensor, Tensor::empty([0], &device));
    let mut data: TensorData = held.into_data();
    change(data.as_mut_slice().expect("the encoder's tensors are f32"));
    *tensor = Tensor::from_data(data, &device);
}

impl Moments {
    fn step(&mut self, values: &mut Tensor<1>, gradient: &[f32], step: AdamWStep) {
        in_place(values, |values| {
            in_place(&mut self.first, |first| {
                in_place(&mut self.second, |second| fused::step(values, gradient, first, second, step));
            });
        });
    }

    /// `gradient` `[unique, width]` of the rows `unique`.
    fn step_rows(
        &mut self,
        values: &mut Tensor<1>,
        gradient: &[f32],
        step: AdamWStep,
        unique: &[u32],
        width: usize,
    ) {
        in_place(values, |values| {
            in_place(&mut self.first, |first| {
                in_place(&mut self.second, |second| {
                    for (&row, gradient) in unique.iter().zip(gradient.chunks_exact(width)) {
                        let row = row as usize * width..(row as usize + 1) * width;
                        let (first, second) = (&mut first[row.clone()], &mut second[row.clone()]);
                        fused::block(&mut values[row], gradient, first, second, step);
                    }
                });
            });
        });
    }

    fn step_on_device(&mut self, values: &mut Tensor<1>, gradient: Tensor<1>, step: AdamWStep) {
        let gradient = gradient * step.gradient_scale;
        self.first = self.first.clone() * step.beta_1 + gradient.clone() * (1.0 - step.beta_1);
        self.second = self.second.clone() * step.beta_2 + gradient.powi_scalar(2) * (1.0 - step.beta_2);
        let down = self.second.clone().sqrt() * step.second_scale + step.epsilon;
        *values = values.clone() * step.keep - self.first.clone() * step.rate / down;
    }

    fn step_rows_on_device(
        &mut self,
        values: &mut Tensor<1>,
        gradient: Tensor<1>,
        step: AdamWStep,
        unique: &[u32],
        width: usize,
    ) {
        let length = gradient.dims()[0];
        let matrix =
            |tensor: &Tensor<1>| -> Tensor<2> { tensor.clone().reshape([tensor.dims()[0] / width, width]) };
        let read = |tensor: &Tensor<1>| ops::rows(matrix(tensor), unique).reshape([length]);
        let mut rows = Self { first: read(&self.first), second: read(&self.second) };
        let before = read(values);
        let mut after = before.clone();
        rows.step_on_device(&mut after, gradient, step);
        *values = ops::add_rows(matrix(values), unique, matrix(&(after - before))).flatten(0, 1);
        let moved = |old: &Tensor<1>, new: Tensor<1>| {
            let change = new - read(old);
            ops::add_rows(matrix(old), unique, matrix(&change)).flatten(0, 1)
        };
        self.first = moved(&self.first, rows.first);
        self.second = moved(&self.second, rows.second);
    }
}

//! One model's view of the rows: a projection of its embedding to unit length, and the memory of those seen last.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::regressor::Regressor;
use crate::state::{NamedArray, StateError, copy_array};
use crate::supervision::StudentShape;

/// Names of a view's arrays in a state.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names {
    pub(super) projection: &'static str,
    pub(super) memory: &'static str,
}

#[derive(Debug)]
pub(super) struct View {
    names: Names,
    pub(super) projection: Regressor,
    /// Unit vectors `[rows, dimensions]` of all training rows, as last seen.
    pub(super) memory: Vec<f32>,
    /// Projections of the batch.
    pub(super) units: Units,
}

/// Projections of a batch at unit length, and the lengths that they had.
#[derive(Debug, Default)]
pub(super) struct Units {
    dimensions: usize,
    /// `[rows, dimensions]`
    values: Vec<f32>,
    lengths: Vec<f64>,
}

impl Units {
    pub(super) fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.dimensions..][..self.dimensions]
    }

    /// From the gradient in unit vector `row` to that in its projection, added to `projection_gradient`.
    pub(super) fn through(&self, row: usize, gradient: &[f64], projection_gradient: &mut [f32]) {
        let unit = self.row(row);
        let along: f64 = unit.iter().zip(gradient).map(|(u, g)| f64::from(*u) * g).sum();
        let share = 1.0 / self.lengths[row].max(LEAST_LENGTH);
        for ((slope, unit), gradient) in projection_gradient.iter_mut().zip(unit).zip(gradient) {
            *slope += (share * (gradient - along * f64::from(*unit))) as f32;
        }
    }
}

impl View {
    /// Random parameters, and a memory of random directions. None if there is no room for the memory.
    pub(super) fn new(
        names: Names,
        width: usize,
        dimensions: usize,
        rows: usize,
        student: &StudentShape,
    ) -> Option<Self> {
        let projection = Regressor::new(names.projection, &[width, dimensions], student);
        let mut memory = Vec::new();
        memory.try_reserve_exact(rows.checked_mul(dimensions)?).ok()?;
        let mut random = ChaCha8Rng::seed_from_u64(student.seed);
        random.set_stream(names.memory.len() as u64);
        memory.resize_with(rows * dimensions, || 2.0 * random.random::<f32>() - 1.0);
        memory.chunks_exact_mut(dimensions).for_each(normalise);
        let units = Units { dimensions, ..Units::default() };
        Some(Self { names, projection, memory, units })
    }

    /// Projects `embeddings` `[rows, width]` and brings the projections to unit length.
    pub(super) fn project(&mut self, embeddings: &[f32]) {
        self.projection.forward(embeddings);
        let units = &mut self.units;
        units.values = self.projection.visit(|_, outputs, _| outputs.to_vec()).concat();
        units.lengths.clear();
        for unit in units.values.chunks_exact_mut(units.dimensions) {
            units.lengths.push(length(unit));
            normalise(unit);
        }
    }

    /// Moves the memory of the batch's rows towards what was seen: `momentum * old + (1 - momentum) * new`, to unit length.
    pub(super) fn remember(&mut self, rows: &[u32], momentum: f32) {
        let dimensions = self.units.dimensions;
        for (place, &row) in rows.iter().enumerate() {
            let memory = &mut self.memory[row as usize * dimensions..][..dimensions];
            memory
                .iter_mut()
                .zip(self.units.row(place))
                .for_each(|(old, new)| *old = momentum * *old + (1.0 - momentum) * new);
            normalise(memory);
        }
    }

    pub(super) fn state(&self) -> Vec<NamedArray> {
        let mut state = self.projection.state();
        state.push(NamedArray::new(self.names.memory, &self.memory));
        state
    }

    pub(super) fn load_state(&mut self, state: &[NamedArray]) -> Result<(), StateError> {
        self.projection.load_state(state)?;
        copy_array(state, self.names.memory, &mut self.memory)
    }
}

/// A shorter vector is taken to have this length.
const LEAST_LENGTH: f64 = 1e-12;

fn length(values: &[f32]) -> f64 {
    values.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt()
}

fn normalise(values: &mut [f32]) {
    let length = length(values).max(LEAST_LENGTH);
    for value in values {
        *value = (f64::from(*value) / length) as f32;
    }
}

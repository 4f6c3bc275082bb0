//! The null space of a classifier head, and the estimate of a head that is not known.

use crate::error::FitError;
use crate::linalg::{add_scaled, dot, symmetric_eigen};
use crate::moments::Sums;

/// Singular values of a head below this share of the largest are rounding (heads are stored in `f32`).
const RANK_TOLERANCE: f64 = 1e-6;
/// Eigenvalues of the embeddings' scatter below this share of the largest say nothing about a head:
/// products of `f32` are no better.
const SCATTER_TOLERANCE: f64 = 1e-7;

/// An orthonormal basis of the null space, held as the reflections that turn it onto the last axes.
///
/// With `H = H_1 ... H_rank` (Householder), the head's row space is spanned by the first `rank` columns
/// of `H` and the null space by the others, so nothing of size `[width, width]` is stored.
pub(crate) struct NullSpace {
    width: usize,
    /// Unit vectors `v`, `H_k = I - 2 v v^T`.
    reflections: Vec<Vec<f64>>,
}

impl NullSpace {
    /// The whole space: no direction is read.
    pub(crate) fn whole(width: usize) -> Self {
        Self { width, reflections: Vec::new() }
    }

    /// What `softmax(embeddings weight^T + bias)` does not read of an embedding; `weight` is `[classes, width]`.
    ///
    /// Probabilities depend only on differences between the rows of `weight`, so the mean row is taken
    /// away first (ours): heads `[0; w]` and `[w0; w1]` with `w = w1 - w0` are one teacher and get one space.
    pub(crate) fn of_head(weight: &[f64], width: usize) -> Result<Self, FitError> {
        let classes = weight.len() / width;
        let rows = less_their_mean(weight, width);
        let mut gram = vec![0.0; classes * classes];
        for (place, value) in gram.iter_mut().enumerate() {
            *value = dot(row(&rows, place / classes, width), row(&rows, place % classes, width));
        }
        let eigen = symmetric_eigen(&gram, classes)?;
        let smallest = eigen.values[0] * RANK_TOLERANCE * RANK_TOLERANCE; // squared singular values
        let mut space = Self::whole(width);
        for (value, mixture) in eigen.values.iter().zip(eigen.vectors.chunks_exact(classes)) {
            if *value > smallest && *value > 0.0 && space.rank() < width {
                let mut basis = vec![0.0; width];
                mixture
                    .iter()
                    .enumerate()
                    .for_each(|(c, &m)| add_scaled(&mut basis, m, row(&rows, c, width)));
                space.read_also(basis);
            }
        }
        Ok(space)
    }

    /// Dimensions that the head reads.
    pub(crate) fn rank(&self) -> usize {
        self.reflections.len()
    }

    /// Dimensions that it does not.
    pub(crate) fn dimensions(&self) -> usize {
        self.width - self.rank()
    }

    /// Takes `vector` out of the null space: one more reflection, which turns it onto the next axis.
    fn read_also(&mut self, mut vector: Vec<f64>) {
        let axis = self.rank();
        self.reflections.iter().for_each(|v| reflect(v, &mut vector));
        vector[..axis].fill(0.0); // already read
        let norm = dot(&vector, &vector).sqrt();
        // Away from the axis, not towards it: the sum cannot cancel.
        vector[axis] += norm.copysign(vector[axis]);
        let norm = dot(&vector, &vector).sqrt();
        self.reflections.push(vector.into_iter().map(|x| x / norm).collect());
    }

    /// A symmetric `[width, width]` matrix seen from the null space: `B^T matrix B`,
    /// `B` `[width, dimensions]` its basis.
    pub(crate) fn compress(&self, mut matrix: Vec<f64>) -> Vec<f64> {
        self.reflections.iter().for_each(|v| reflect_both_sides(v, &mut matrix));
        let kept = matrix.chunks_exact(self.width).skip(self.rank());
        kept.flat_map(|row| row[self.rank()..].iter().copied()).collect()
    }

    /// An orthonormal basis of what the head reads, `[rank, width]`.
    pub(crate) fn read_basis(&self) -> Vec<f64> {
        let axis = |k| {
            let mut vector = vec![0.0; self.width];
            vector[k] = 1.0;
            self.reflections.iter().rev().for_each(|v| reflect(v, &mut vector));
            vector
        };
        (0..self.rank()).flat_map(axis).collect()
    }

    /// The part of `vector` that lies in the null space, `[width]`.
    pub(crate) fn keep(&self, vector: &[f64]) -> Vec<f64> {
        let mut turned = vector.to_vec();
        self.reflections.iter().for_each(|v| reflect(v, &mut turned));
        self.expand(&turned[self.rank()..])
    }

    /// A vector of the null space, `[dimensions]`, as one of the whole space, `[width]`.
    pub(crate) fn expand(&self, inner: &[f64]) -> Vec<f64> {
        let mut vector = vec![0.0; self.rank()];
        vector.extend_from_slice(inner);
        self.reflections.iter().rev().for_each(|v| reflect(v, &mut vector));
        vector
    }
}

/// `vector <- (I - 2 v v^T) vector`.
fn reflect(v: &[f64], vector: &mut [f64]) {
    let twice = 2.0 * dot(v, vector);
    add_scaled(vector, -twice, v);
}

/// `A <- (I - 2 v v^T) A (I - 2 v v^T)` for symmetric `A`: with `p = A v` and `q = 2p - 2 (v.p) v`,
/// `A - v q^T - q v^T`.
fn reflect_both_sides(v: &[f64], matrix: &mut [f64]) {
    let width = v.len();
    let p: Vec<f64> = matrix.chunks_exact(width).map(|row| dot(row, v)).collect();
    let overlap = dot(v, &p);
    let q: Vec<f64> = p.iter().zip(v).map(|(p, v)| 2.0 * (p - overlap * v)).collect();
    for (i, row) in matrix.chunks_exact_mut(width).enumerate() {
        add_scaled(row, -v[i], &q);
        add_scaled(row, -q[i], v);
    }
}

fn less_their_mean(rows: &[f64], width: usize) -> Vec<f64> {
    let count = (rows.len() / width) as f64;
    let mut mean = vec![0.0; width];
    rows.chunks_exact(width).for_each(|row| add_scaled(&mut mean, 1.0 / count, row));
    let mut centred = rows.to_vec();
    centred.chunks_exact_mut(width).for_each(|row| add_scaled(row, -1.0, &mean));
    centred
}

fn row(rows: &[f64], index: usize, width: usize) -> &[f64] {
    &rows[index * width..][..width]
}

/// A head estimated from embeddings and centred logits.
pub(crate) struct EstimatedHead {
    /// `[classes, width]`.
    pub(crate) weight: Vec<f64>,
    /// Share of the logits' variance that it explains.
    pub(crate) explained: f64,
}

/// Least squares of the logits on the embeddings, with an intercept (the moments are centred).
///
/// Of the many solutions on collinear embeddings the shortest is taken: directions in which the
/// embeddings do not vary get no weight.
pub(crate) fn estimate_head(pooled: &Sums, width: usize) -> Result<EstimatedHead, FitError> {
    let classes = pooled.mean().len() - width;
    let eigen = symmetric_eigen(&pooled.scatter(width), width)?;
    let smallest = eigen.values[0] * SCATTER_TOLERANCE;
    let mut weight = vec![0.0; classes * width];
    let (mut explained, mut total) = (0.0, 0.0);
    for (class, weight) in weight.chunks_exact_mut(width).enumerate() {
        let logit = width + class;
        let cross: Vec<f64> = (0..width).map(|column| pooled.scatter_at(logit, column)).collect();
        for (&value, vector) in eigen.values.iter().zip(eigen.vectors.chunks_exact(width)) {
            if value > smallest && value > 0.0 {
                add_scaled(weight, dot(vector, &cross) / value, vector);
            }
        }
        explained += dot(weight, &cross);
        total += pooled.scatter_at(logit, logit);
    }
    Ok(EstimatedHead {
        weight,
        explained: if total > 0.0 { (explained / total).clamp(0.0, 1.0) } else { 0.0 },
    })
}

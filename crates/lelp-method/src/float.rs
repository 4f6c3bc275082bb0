//! One formula for `f32` and `f64`.

// Loops over rows are compiled twice, inside a function that may use AVX2: they have to be inlined there.
#![allow(clippy::inline_always)]

/// Lanes in which the columns of two rows are added up.
const LANES: usize = 8;

/// A number that losses read and add gradients to: students work in `f32`; tests hold the same code against
/// numerical derivatives in `f64`. Sums run in `f64` for both.
pub trait Float: Copy + Into<f64> + Send + Sync {
    /// Adds `value`, rounded to this type.
    fn add(&mut self, value: f64);
}

impl Float for f32 {
    #[inline]
    fn add(&mut self, value: f64) {
        *self += value as f32;
    }
}

impl Float for f64 {
    #[inline]
    fn add(&mut self, value: f64) {
        *self += value;
    }
}

/// The sum of `term` over the columns of two rows, in fixed lanes.
#[inline(always)]
pub(super) fn sum_in_lanes<F: Float, S: Float>(a: &[F], b: &[S], term: impl Fn(f64, f64) -> f64) -> f64 {
    let (a_blocks, a_rest) = a.as_chunks::<LANES>();
    let (b_blocks, b_rest) = b.as_chunks::<LANES>();
    let mut lanes = [0.0; LANES];
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        for lane in 0..LANES {
            lanes[lane] += term(a[lane].into(), b[lane].into());
        }
    }
    let rest = a_rest.iter().zip(b_rest).map(|(&a, &b)| term(a.into(), b.into()));
    lanes.into_iter().sum::<f64>() + rest.sum::<f64>()
}

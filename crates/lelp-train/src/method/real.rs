//! One formula for `f32` and `f64`.

/// A number that losses read and add gradients to: students work in `f32`; tests hold the same code against
/// slopes in `f64`. Sums run in `f64` for both.
pub trait Real: Copy + Into<f64> + Send + Sync {
    /// Adds `value`, rounded to this type.
    fn add(&mut self, value: f64);
}

impl Real for f32 {
    #[inline]
    fn add(&mut self, value: f64) {
        *self += value as f32;
    }
}

impl Real for f64 {
    #[inline]
    fn add(&mut self, value: f64) {
        *self += value;
    }
}

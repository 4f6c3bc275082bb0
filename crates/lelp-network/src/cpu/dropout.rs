//! Dropout whose mask is a function of a key and a place, so that it need not be kept, does not depend
//! on threads, and comes back when a training is resumed.

// Loops must be compiled inside the function that may use AVX2, so they have to be inlined there.
#![allow(clippy::inline_always)]

use lelp::hash::{GOLDEN, mix};
use multiversion::multiversion;
use rayon::prelude::*;

/// Dropout at one place of one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Dropout {
    key: u32,
    /// Values whose hash is below are dropped.
    threshold: u32,
    /// What the others are multiplied by.
    scale: f32,
}

impl Dropout {
    /// Keeps everything.
    pub(crate) const NONE: Self = Self { key: 0, threshold: 0, scale: 1.0 };

    /// Drops values with `probability` (0 or more, below 1); `key` names step and place.
    pub(crate) fn new(probability: f32, key: u64) -> Self {
        #[allow(clippy::cast_sign_loss, reason = "a probability is not negative")]
        let threshold = (f64::from(probability) * 2f64.powi(32)) as u32;
        let key = mix(key.wrapping_add(GOLDEN)) as u32; // neighbouring keys get unrelated masks
        Self { key, threshold, scale: 1.0 / (1.0 - probability) }
    }

    /// Whether nothing is dropped.
    pub(crate) fn is_none(self) -> bool {
        self.threshold == 0
    }

    /// Share of places that is kept.
    pub(crate) fn kept(self) -> f64 {
        1.0 / f64::from(self.scale)
    }

    /// 0 for a dropped place, else what it is multiplied by.
    #[inline(always)]
    pub(crate) fn factor(self, place: u32) -> f32 {
        // The finalizer "lowbias32" (C. Wellons, "Prospecting for Hash Functions").
        let mut hash = place ^ self.key;
        hash = (hash ^ (hash >> 16)).wrapping_mul(0x7feb_352d);
        hash = (hash ^ (hash >> 15)).wrapping_mul(0x846c_a68b);
        hash ^= hash >> 16;
        if hash < self.threshold { 0.0 } else { self.scale }
    }
}

/// `values` with dropout, on all threads.
pub(crate) fn dropped(values: &[f32], dropout: Dropout) -> Vec<f32> {
    const BLOCK: usize = 1 << 14;
    let mut result = values.to_vec();
    result.par_chunks_mut(BLOCK).enumerate().for_each(|(block, result)| {
        apply(result, (block * BLOCK) as u32, dropout);
    });
    result
}

/// Multiplies by the factors of the places from `first` on.
#[multiversion(targets("x86_64+avx2"))]
pub(super) fn apply(values: &mut [f32], first: u32, dropout: Dropout) {
    let mut place = first;
    for value in values.iter_mut() {
        *value *= dropout.factor(place);
        place = place.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_dropped_is_the_probability_and_keys_differ() {
        let dropped =
            |dropout: Dropout| (0..100_000).map(|place| dropout.factor(place) == 0.0).collect::<Vec<_>>();
        let (a, b) = (dropped(Dropout::new(0.1, 1)), dropped(Dropout::new(0.1, 2)));
        let share =
            |mask: &[bool]| mask.iter().filter(|&&dropped| dropped).count() as f64 / mask.len() as f64;
        assert!((share(&a) - 0.1).abs() < 0.004 && (share(&b) - 0.1).abs() < 0.004);
        let both: Vec<bool> = a.iter().zip(&b).map(|(a, b)| *a && *b).collect();
        assert!((share(&both) - 0.01).abs() < 0.002, "masks of two keys are independent");
        assert!((Dropout::new(0.1, 1).scale - 1.0 / 0.9).abs() < 1e-6);
        assert!(dropped(Dropout::NONE).iter().all(|&dropped| !dropped));
    }
}

//! Made-up teachers for tests.

use std::num::NonZeroUsize;

use rand::RngExt;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::moments::{ClassMoments, Members, MomentsBuilder};
use crate::signals::{Embeddings, Head, Signals, SignalsParts};
use crate::subclass::{DirectionsFit, LelpSettings};

pub(crate) const ONE: NonZeroUsize = NonZeroUsize::MIN;

pub(crate) fn number(value: usize) -> NonZeroUsize {
    NonZeroUsize::new(value).unwrap()
}

/// Uniform numbers in -1..1.
pub(crate) fn noise(count: usize, seed: u64) -> Vec<f32> {
    let mut random = ChaCha20Rng::seed_from_u64(seed);
    (0..count).map(|_| random.random::<f32>() * 2.0 - 1.0).collect()
}

/// A teacher with a random head, and embeddings of unequal spread about `mean`; logits are the head's own.
pub(crate) struct Teacher {
    pub(crate) embeddings: Vec<f32>,
    pub(crate) logits: Vec<f32>,
    pub(crate) head: Head,
    pub(crate) width: usize,
    pub(crate) classes: usize,
}

impl Teacher {
    pub(crate) fn new(rows: usize, width: usize, classes: usize, mean: f32) -> Self {
        let mut embeddings = noise(rows * width, 1);
        for row in embeddings.chunks_exact_mut(width) {
            row.iter_mut().enumerate().for_each(|(j, x)| *x *= 1.0 / (1.0 + 0.1 * j as f32));
        }
        let weight = noise(classes * width, 2);
        let mut teacher = Self {
            logits: Vec::new(),
            head: Head::new(&weight, &vec![0.0; classes], width).unwrap(),
            embeddings,
            width,
            classes,
        };
        teacher.answer(); // of embeddings about 0, so that every class has members
        teacher.embeddings.iter_mut().for_each(|x| *x += mean);
        teacher
    }

    /// Takes the head's logits of the embeddings.
    pub(crate) fn answer(&mut self) {
        let head = self.head.weight().chunks_exact(self.width);
        let logit = |row: &[f32], weight: &[f32]| -> f64 {
            row.iter().zip(weight).map(|(x, w)| f64::from(*x) * f64::from(*w)).sum()
        };
        let rows = self.embeddings.chunks_exact(self.width);
        self.logits = rows.flat_map(|row| head.clone().map(|weight| logit(row, weight) as f32)).collect();
    }

    pub(crate) fn signals(&self) -> Signals<'_> {
        Signals::new(SignalsParts {
            embeddings: Embeddings::F32(&self.embeddings),
            width: self.width,
            logits: &self.logits,
            classes: self.classes,
            labels: None,
            first_row: 0,
        })
        .unwrap()
    }

    pub(crate) fn moments(&self) -> ClassMoments {
        let mut moments = MomentsBuilder::new(self.classes, self.width, ONE);
        moments.add(&self.signals(), Members::Teacher).unwrap();
        moments.finish()
    }

    pub(crate) fn fit(&self, settings: &LelpSettings) -> DirectionsFit {
        settings.fit_moments(&self.moments(), Some(&self.head), ONE).unwrap()
    }
}

/// Sample variance, normalised by `n - 1`.
pub(crate) fn variance(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (values.len() as f64 - 1.0)
}

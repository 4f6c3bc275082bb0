//! A classifier head on frozen embeddings while it learns: linear, or with one hidden layer.

use std::num::NonZeroUsize;

use lelp_method::{Dense, DenseNetwork, ForwardCache, Method, TermSum};
use lelp_model::head::ClassifierHead;
use lelp_model::layer::LayerError;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::{EmbeddingRows, EmbeddingRowsError, HeadSettings, Standardisation, check_layers};
use crate::training::{Shards, Trainable, exported_layer};

/// A head on standardised embeddings.
#[derive(Debug)]
pub struct TrainableHead {
    standardisation: Standardisation,
    network: DenseNetwork,
    shards: Shards,
    best: Option<Vec<Dense>>,
}

impl TrainableHead {
    /// A head with random parameters, standardised on the training set `inputs`.
    pub fn new(
        outputs: usize,
        inputs: &EmbeddingRows<'_>,
        settings: &HeadSettings,
        seed: u64,
    ) -> Result<Self, EmbeddingRowsError> {
        if outputs < 2 {
            return Err(EmbeddingRowsError::Outputs { outputs });
        }
        if inputs.rows() == 0 {
            return Err(EmbeddingRowsError::Empty);
        }
        let hidden = settings.hidden.map(NonZeroUsize::get);
        let sizes: Vec<usize> = [Some(inputs.width), hidden, Some(outputs)].into_iter().flatten().collect();
        check_layers(&sizes)?;
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let network = DenseNetwork::random(&sizes, settings.optimizer, settings.weight_decay, &mut random);
        let standardisation = Standardisation::fit(inputs);
        Ok(Self { standardisation, network, shards: Shards::default(), best: None })
    }

    /// The head on raw embeddings: the standardisation is folded into the first layer.
    ///
    /// # Errors
    /// [`LayerError::NotFinite`] after a training that diverged.
    pub fn model(&self) -> Result<ClassifierHead, LayerError> {
        let layers = self.network.layers();
        let first = self.standardisation.fold(&layers[0])?;
        let (hidden, output) = match layers.get(1) {
            None => (None, first),
            Some(output) => (Some(first), exported_layer(output)?),
        };
        Ok(ClassifierHead::new(hidden, output).expect("neighbouring layers of one network fit"))
    }
}

impl Trainable<EmbeddingRows<'_>> for TrainableHead {
    fn outputs(&self) -> usize {
        self.network.outputs()
    }

    fn embedding(&self) -> usize {
        self.network.embedding()
    }

    fn step(
        &mut self,
        inputs: &EmbeddingRows<'_>,
        rows: &[u32],
        method: &mut dyn Method,
        learning_rate: f32,
        sums: &mut [TermSum],
    ) -> Option<f64> {
        let standardisation = &self.standardisation;
        self.shards.learn(&self.network, rows, method, sums, &mut [], |_, part, values| {
            for (value, &row) in values.chunks_exact_mut(inputs.width).zip(part) {
                standardisation.apply(inputs.row(row as usize), value);
            }
        });
        self.network.step(self.shards.passes(), learning_rate);
        method.step(learning_rate);
        None
    }

    fn forward(&self, inputs: &EmbeddingRows<'_>, first: usize, outputs: &mut [f32]) {
        let (width, rows) = (inputs.width, outputs.len() / self.network.outputs());
        let mut pass = ForwardCache::new(&self.network);
        for (row, value) in pass.inputs_mut(rows * width).chunks_exact_mut(width).enumerate() {
            self.standardisation.apply(inputs.row(first + row), value);
        }
        self.network.forward(&mut pass);
        outputs.copy_from_slice(pass.outputs_and_gradient().0);
    }

    fn remember(&mut self) {
        self.best = Some(self.network.layers().to_vec());
    }

    fn restore(&mut self) {
        if let Some(layers) = &self.best {
            self.network.copy_parameters(layers);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::float_cmp, reason = "a test may panic, and asks for the same bits")]
mod tests {

    use std::sync::atomic::AtomicBool;

    use rand::RngExt;

    use super::*;
    use crate::training::{TrainSettings, Training, train};
    use lelp_method::{CeSettings, MethodSettings, Optimizer, StudentShape, Supervision};

    const ROWS: usize = 400;

    /// The class is whether the first two columns differ in sign: no linear head can tell. Columns have
    /// very unequal scales, and the last is constant.
    fn data() -> (Vec<f32>, Vec<Option<u32>>) {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let (mut values, mut labels) = (Vec::new(), Vec::new());
        for _ in 0..ROWS {
            let [a, b] = [(); 2].map(|()| random.random::<f32>() - 0.5);
            values.extend([1000.0 * a + 500.0, 0.001 * b, random.random(), 7.0]);
            labels.push(Some(u32::from(a * b > 0.0)));
        }
        (values, labels)
    }

    fn trained(hidden: usize, threads: usize) -> (TrainableHead, f64) {
        let (values, labels) = data();
        let inputs = EmbeddingRows::new(4, values.into()).unwrap();
        let supervision =
            Supervision { rows: ROWS, classes: 2, labels: Some(&labels), ..Supervision::default() };
        let shape = StudentShape { embedding: 4, optimizer: Optimizer::Adam, seed: 0 };
        let mut method = MethodSettings::from(CeSettings::default()).build(supervision, &shape).unwrap();
        let training = Training {
            inputs: &inputs,
            rows: ROWS,
            sampled: None,
            method: &mut *method,
            validation: None,
            checkpoints: None,
        };
        let settings = TrainSettings { epochs: 60, batch: 50, learning_rate: 0.02, ..TrainSettings::head() };
        let head = HeadSettings { hidden: NonZeroUsize::new(hidden), ..HeadSettings::default() };
        let mut student = TrainableHead::new(2, &inputs, &head, 0).unwrap();
        let threads = NonZeroUsize::new(threads).unwrap();
        let report = train(&mut student, training, &settings, threads, &mut |_| {}, &AtomicBool::new(false));
        let loss = report.unwrap().epochs.last().unwrap().terms[0].mean;
        (student, loss)
    }

    #[test]
    fn a_hidden_layer_learns_what_a_linear_head_cannot() {
        assert!(trained(32, 2).1 < 0.15);
        assert!(trained(0, 2).1 > 0.6);
    }

    #[test]
    fn the_folded_head_equals_the_student_on_raw_embeddings() {
        let (values, _) = data();
        let inputs = EmbeddingRows::new(4, values.into()).unwrap();
        for hidden in [0, 32] {
            let student = trained(hidden, 1).0;
            let head = student.model().unwrap();
            let mut outputs = vec![0.0; 2 * ROWS];
            student.forward(&inputs, 0, &mut outputs);
            let folded = head.apply(inputs.values.to_vec()).logits;
            for (folded, output) in folded.iter().zip(&outputs) {
                assert!((folded - output).abs() < 1e-3 * output.abs().max(1.0), "{folded} {output}");
            }
        }
    }

    #[test]
    fn threads_do_not_change_a_head() {
        assert_eq!(trained(8, 1).0.model().unwrap(), trained(8, 2).0.model().unwrap());
    }

    #[test]
    fn the_standardisation_has_mean_zero_and_variance_one() {
        let (values, _) = data();
        let inputs = EmbeddingRows::new(4, values.into()).unwrap();
        let standardisation = Standardisation::fit(&inputs);
        let mut sums = [(0.0_f64, 0.0_f64); 4];
        for row in 0..ROWS {
            let mut values = [0.0; 4];
            standardisation.apply(inputs.row(row), &mut values);
            for (sum, value) in sums.iter_mut().zip(values.map(f64::from)) {
                *sum = (sum.0 + value / ROWS as f64, sum.1 + value * value / ROWS as f64);
            }
        }
        for (column, (mean, square)) in sums.into_iter().enumerate() {
            let wanted = if column == 3 { 0.0 } else { 1.0 };
            assert!(mean.abs() < 1e-5 && (square - wanted).abs() < 1e-4, "{column}: {mean} {square}");
        }
    }

    #[test]
    fn embeddings_that_cannot_be_are_refused() {
        let shape = EmbeddingRows::new(3, vec![0.0; 4].into()).unwrap_err();
        assert_eq!(shape, EmbeddingRowsError::Shape { width: 3, values: 4 });
        let infinite = EmbeddingRows::new(2, vec![0.0, 0.0, 0.0, f32::NAN].into()).unwrap_err();
        assert_eq!(infinite, EmbeddingRowsError::NotFinite { row: 1, column: 1 });
    }
}

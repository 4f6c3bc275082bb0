//! A network on columns while it learns.

use std::num::NonZeroUsize;

use lelp_method::{Dense, DenseNetwork, ForwardCache, Method, OptimizerState, TermSum};
use lelp_model::head::ClassifierHead;
use lelp_model::layer::LayerError;
use lelp_model::mlp::CategoryTable;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::ColumnInputs;
use crate::head::{EmbeddingRowsError, HeadSettings, Standardisation, check_layers};
use crate::training::{Shards, Trainable, exported_layer};

/// First values of a category's words are uniform in plus and minus this: of the size of standardised numbers. Ours.
const BOUND: f32 = 0.5;

/// A dense network on standardised values and learned vectors of words.
#[derive(Debug)]
pub struct TrainableNetwork {
    standardisation: Standardisation,
    tables: Vec<WordTable>,
    network: DenseNetwork,
    weight_decay: f32,
    shards: Shards,
    /// Gradient in the inputs of the batch `[batch, inputs]`; empty where there are no categories.
    input_gradient: Vec<f32>,
    best: Option<(Vec<Dense>, Vec<CategoryTable>)>,
}

/// The vectors of a category's words, and how they follow their gradients.
#[derive(Debug)]
struct WordTable {
    table: CategoryTable,
    optimizer: OptimizerState,
    /// As the values.
    gradient: Vec<f32>,
}

impl TrainableNetwork {
    /// A network with random parameters, standardised on the training rows `inputs`.
    pub fn new(
        outputs: usize,
        inputs: &ColumnInputs,
        settings: &HeadSettings,
        seed: u64,
    ) -> Result<Self, EmbeddingRowsError> {
        if outputs < 2 {
            return Err(EmbeddingRowsError::Outputs { outputs });
        }
        if inputs.rows() == 0 {
            return Err(EmbeddingRowsError::Empty);
        }
        let layout = inputs.layout();
        let hidden = settings.hidden.map(NonZeroUsize::get);
        let sizes: Vec<usize> = [Some(layout.width()), hidden, Some(outputs)].into_iter().flatten().collect();
        check_layers(&sizes)?;
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let network = DenseNetwork::random(&sizes, settings.optimizer, settings.weight_decay, &mut random);
        let table = |(rows, width): (usize, usize)| {
            let mut values = vec![0.0; rows * width];
            // Row 0, of words that were never seen, says nothing.
            values[width..].fill_with(|| BOUND * (2.0 * random.random::<f32>() - 1.0));
            let (length, table) = (values.len(), CategoryTable { width, values });
            WordTable {
                table,
                optimizer: OptimizerState::new(settings.optimizer, length),
                gradient: vec![0.0; length],
            }
        };
        Ok(Self {
            standardisation: Standardisation::of(layout.dense_width(), inputs.dense()),
            tables: layout.category_tables().map(table).collect(),
            network,
            weight_decay: settings.weight_decay,
            shards: Shards::default(),
            input_gradient: Vec::new(),
            best: None,
        })
    }

    /// The layers on raw values, the standardisation folded into the first, and the vectors of the words.
    ///
    /// # Errors
    /// [`LayerError::NotFinite`] after a training that diverged.
    pub fn model(&self) -> Result<(ClassifierHead, Vec<CategoryTable>), LayerError> {
        let layers = self.network.layers();
        let words = self.tables.iter().map(|words| words.table.width).sum();
        let first = self.standardisation.with_unchanged(words).fold(&layers[0])?;
        let (hidden, output) = match layers.get(1) {
            None => (None, first),
            Some(output) => (Some(first), exported_layer(output)?),
        };
        let head = ClassifierHead::new(hidden, output).expect("neighbouring layers of one network fit");
        Ok((head, self.tables.iter().map(|words| words.table.clone()).collect()))
    }

    /// Adds the gradients of the batch's rows, in their order, to those of the words that they have, and takes a step.
    fn step_tables(&mut self, inputs: &ColumnInputs, rows: &[u32], rate: f32) {
        let mut start = inputs.layout().dense_width();
        let width = self.network.inputs();
        for (place, words) in self.tables.iter_mut().enumerate() {
            words.gradient.fill(0.0);
            let own = words.table.width;
            for (&row, gradient) in rows.iter().zip(self.input_gradient.chunks_exact(width)) {
                let word = inputs.words_of(row as usize)[place] as usize;
                let sums = &mut words.gradient[word * own..(word + 1) * own];
                sums.iter_mut().zip(&gradient[start..start + own]).for_each(|(sum, value)| *sum += value);
            }
            words.optimizer.step(&mut words.table.values, &words.gradient, rate, self.weight_decay);
            start += own;
        }
    }
}

/// Writes what the first layer reads of a row into `values` `[inputs]`.
fn fill(
    standardisation: &Standardisation,
    tables: &[WordTable],
    inputs: &ColumnInputs,
    row: usize,
    values: &mut [f32],
) {
    let (dense, mut rest) = values.split_at_mut(inputs.layout().dense_width());
    standardisation.apply(inputs.dense_row(row), dense);
    for (words, &word) in tables.iter().zip(inputs.words_of(row)) {
        let width = words.table.width;
        let (vector, behind) = rest.split_at_mut(width);
        vector.copy_from_slice(&words.table.values[word as usize * width..][..width]);
        rest = behind;
    }
}

impl Trainable<ColumnInputs> for TrainableNetwork {
    fn outputs(&self) -> usize {
        self.network.outputs()
    }

    fn embedding(&self) -> usize {
        self.network.embedding()
    }

    fn step(
        &mut self,
        inputs: &ColumnInputs,
        rows: &[u32],
        method: &mut dyn Method,
        learning_rate: f32,
        sums: &mut [TermSum],
    ) -> Option<f64> {
        let width = self.network.inputs();
        self.input_gradient.resize(if self.tables.is_empty() { 0 } else { rows.len() * width }, 0.0);
        let (standardisation, tables) = (&self.standardisation, &self.tables);
        let gradient = &mut self.input_gradient;
        self.shards.learn(&self.network, rows, method, sums, gradient, |_, part, values| {
            for (values, &row) in values.chunks_exact_mut(width).zip(part) {
                fill(standardisation, tables, inputs, row as usize, values);
            }
        });
        self.network.step(self.shards.passes(), learning_rate);
        self.step_tables(inputs, rows, learning_rate);
        method.step(learning_rate);
        None
    }

    fn forward(&self, inputs: &ColumnInputs, first: usize, outputs: &mut [f32]) {
        let (width, rows) = (self.network.inputs(), outputs.len() / self.network.outputs());
        let mut cache = ForwardCache::new(&self.network);
        for (row, values) in (first..).zip(cache.inputs_mut(rows * width).chunks_exact_mut(width)) {
            fill(&self.standardisation, &self.tables, inputs, row, values);
        }
        self.network.forward(&mut cache);
        outputs.copy_from_slice(cache.outputs_and_gradient().0);
    }

    fn remember(&mut self) {
        let tables = self.tables.iter().map(|words| words.table.clone()).collect();
        self.best = Some((self.network.layers().to_vec(), tables));
    }

    fn restore(&mut self) {
        if let Some((layers, tables)) = &self.best {
            self.network.copy_parameters(layers);
            self.tables.iter_mut().zip(tables).for_each(|(words, best)| words.table.clone_from(best));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::float_cmp, reason = "a test may panic, and asks for the same bits")]
mod tests {
    use std::sync::atomic::AtomicBool;

    use lelp_data::{ColumnValues, Table};
    use lelp_method::{CeSettings, MethodSettings, Optimizer, StudentShape, Supervision};
    use lelp_model::mlp::{MlpConfig, MlpModel};
    use lelp_model::{Predictor, load_model};

    use super::*;
    use crate::network::{ColumnChoice, input_columns};
    use crate::training::{TrainSettings, Training, train};

    const ROWS: usize = 360;
    const ONE: NonZeroUsize = NonZeroUsize::MIN;

    /// The class follows from no column alone: whether a number is above the other, turned around by a category. Every
    /// seventh number and every eleventh category is missing; a constant column stands beside them.
    fn data() -> (Table, Vec<Option<u32>>) {
        let mut random = ChaCha8Rng::seed_from_u64(5);
        let (mut vectors, mut numbers, mut words, mut labels) = (vec![], vec![], vec![], vec![]);
        for row in 0..ROWS {
            let [a, b] = [(); 2].map(|()| random.random::<f32>() - 0.5);
            let turned = row % 3 == 1;
            vectors.extend([300.0 * a, 4.0]);
            numbers.push((row % 7 > 0).then_some(f64::from(b) * 1e-3));
            words.push((row % 11 > 0).then(|| ["red", "green", "blue"][row % 3].to_owned()));
            labels.push(Some(u32::from((a > 0.0) != turned)));
        }
        let table = Table::new(vec![
            ("place".to_owned(), ColumnValues::Vector { width: 2, values: vectors }),
            ("height".to_owned(), ColumnValues::Number(numbers)),
            ("colour".to_owned(), ColumnValues::Category(words)),
        ]);
        (table.unwrap(), labels)
    }

    fn trained(hidden: usize, threads: usize) -> (TrainableNetwork, ColumnInputs, MlpModel, f64) {
        let (table, labels) = data();
        let width = NonZeroUsize::new(3).unwrap();
        let columns = input_columns(&table, ColumnChoice { text: true, category_width: width });
        let inputs = ColumnInputs::new(&table, &columns, 0, &[]).unwrap();
        let supervision =
            Supervision { rows: ROWS, classes: 2, labels: Some(&labels), ..Supervision::default() };
        let hidden = NonZeroUsize::new(hidden);
        let head = HeadSettings { hidden, ..HeadSettings::default() };
        let mut student = TrainableNetwork::new(2, &inputs, &head, 0).unwrap();
        let shape = StudentShape { embedding: student.embedding(), optimizer: Optimizer::Adam, seed: 0 };
        let mut method = MethodSettings::from(CeSettings::default()).build(supervision, &shape).unwrap();
        let training = Training {
            inputs: &inputs,
            rows: ROWS,
            sampled: None,
            method: &mut *method,
            validation: None,
            checkpoints: None,
        };
        let settings = TrainSettings { epochs: 80, batch: 45, learning_rate: 0.02, ..TrainSettings::head() };
        let threads = NonZeroUsize::new(threads).unwrap();
        let report = train(&mut student, training, &settings, threads, &mut |_| {}, &AtomicBool::new(false));
        let loss = report.unwrap().epochs.last().unwrap().terms[0].mean;
        let (head, tables) = student.model().unwrap();
        let labels = ["no", "yes"].map(str::to_owned).to_vec();
        let config = MlpConfig { labels, subclasses: ONE, hidden, columns, encoder: None };
        let model = MlpModel::new(config, tables, head, None).unwrap();
        (student, inputs, model, loss)
    }

    #[test]
    fn a_hidden_layer_learns_how_a_vector_and_a_category_work_together_and_a_linear_network_does_not() {
        assert!(trained(24, 2).3 < 0.3, "{}", trained(24, 2).3);
        assert!(trained(0, 2).3 > 0.5);
    }

    #[test]
    fn the_saved_model_answers_as_the_network_that_learned() {
        let (table, _) = data();
        for hidden in [0, 24] {
            let (student, inputs, model, _) = trained(hidden, 1);
            let mut outputs = vec![0.0; 2 * ROWS];
            student.forward(&inputs, 0, &mut outputs);
            let logits = model.logits(&table).unwrap();
            for (logit, output) in logits.iter().zip(&outputs) {
                assert!((logit - output).abs() < 1e-3 * output.abs().max(1.0), "{logit} {output}");
            }
            let folder = tempfile::tempdir().unwrap();
            model.save(folder.path()).unwrap();
            assert_eq!(load_model(folder.path(), ONE).unwrap().logits(&table).unwrap(), logits);
        }
    }

    #[test]
    fn threads_do_not_change_a_network() {
        let [one, two] = [1, 2].map(|threads| trained(8, threads).0.model().unwrap());
        assert_eq!(one, two);
    }
}

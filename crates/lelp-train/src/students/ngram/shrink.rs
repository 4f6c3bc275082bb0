//! A smaller n-gram student: few rows of its table, in few bits, taught once more by the student that it was.

use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;

use lelp_data::Table;
use lelp_method::{MethodError, MethodSettings, Objective, StudentShape, Supervision};
use lelp_model::PredictError;
use lelp_model::ngram::{NgramModel, RowFeatures, TablePrecision};
use thiserror::Error;

use super::{NgramStudentError, NgramTrainSettings, TrainableNgram, features_of_table};
use crate::students::bags::FeatureBags;
use crate::training::{TrainError, TrainSettings, Training, thread_pool, train};

/// How the smaller student learns: few epochs at a lower rate than at first, as it begins near its end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShrinkSettings {
    /// Passes over the texts after rows have gone; 0 for none.
    pub epochs: usize,
    /// Largest learning rate.
    pub learning_rate: f32,
    /// Seed of the order of the texts, and of dropout.
    pub seed: u64,
}

impl Default for ShrinkSettings {
    fn default() -> Self {
        Self { epochs: 5, learning_rate: 0.02, seed: 0 }
    }
}

/// Why a student cannot be made smaller.
#[derive(Debug, Error)]
pub enum ShrinkError {
    /// Its table is rounded, or pruned, already.
    #[error(
        "the table of the student is rounded already, and only one in 32 bits can be made smaller: use the student that it was made of"
    )]
    Rounded(TablePrecision),
    /// Its static embeddings would stay as large as they are.
    #[error("a student with static embeddings cannot be made smaller: only a table of n-grams can")]
    Static,
    /// The texts cannot be read, or the student cannot answer.
    #[error(transparent)]
    Answer(#[from] PredictError),
    /// The smaller student cannot be built.
    #[error(transparent)]
    Student(#[from] NgramStudentError),
    /// It cannot learn from the answers of the larger one.
    #[error(transparent)]
    Method(#[from] MethodError),
    /// Training failed.
    #[error(transparent)]
    Train(#[from] TrainError),
}

/// A student, and what texts say of the rows of its table.
#[derive(Debug)]
pub struct Shrinker<'a> {
    model: &'a NgramModel,
    inputs: FeatureBags,
    /// Outputs of the student before the collapse, `[texts, classes * subclasses]`.
    outputs: Vec<f32>,
    /// Buckets that occur in the texts, the most important first.
    buckets: Vec<u32>,
    /// What each bucket weighs in the means of the texts, `[buckets]`.
    weights: Vec<f64>,
    threads: NonZeroUsize,
}

impl<'a> Shrinker<'a> {
    /// Reads `texts`, the training texts or others like them: no label is needed.
    ///
    /// # Definition
    /// A bucket's importance is the squared length of its row times the sum of `1 / n^2` over its occurrences in the texts,
    /// `n` the number of features of the text: what the means of the texts lose without it, one bucket at a time.
    pub fn new(model: &'a NgramModel, texts: &Table, threads: NonZeroUsize) -> Result<Self, ShrinkError> {
        let Some(values) = model.table().values() else {
            return Err(ShrinkError::Rounded(model.table().precision()));
        };
        if model.static_embeddings().is_some() {
            return Err(ShrinkError::Static);
        }
        let features = RowFeatures::new(&model.config().features, &model.config().columns)
            .map_err(NgramStudentError::from)?;
        let inputs = thread_pool(threads)?
            .install(|| features_of_table(texts, &features))
            .map_err(PredictError::from)?;
        let (mut scratch, mut outputs) = (model.scratch(), Vec::new());
        for row in 0..inputs.rows() {
            outputs.extend_from_slice(model.outputs_of_buckets(inputs.row(row), &mut scratch));
        }
        let mut weights = vec![0.0_f64; model.table().buckets()];
        for row in 0..inputs.rows() {
            let features = inputs.row(row);
            let share = (features.len() as f64).powi(-2);
            for &bucket in features {
                weights[bucket as usize] += share;
            }
        }
        let rows = weights.iter().zip(values.chunks_exact(model.table().width()));
        let squared = |row: &[f32]| row.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>();
        let importance: Vec<f64> = rows.map(|(weight, row)| weight * squared(row)).collect();
        let occur = 0..importance.len() as u32;
        let mut buckets: Vec<u32> = occur.filter(|&bucket| importance[bucket as usize] > 0.0).collect();
        buckets.sort_by(|&a, &b| importance[b as usize].total_cmp(&importance[a as usize]).then(a.cmp(&b)));
        Ok(Self { model, inputs, outputs, buckets, weights, threads })
    }

    /// Rows of the table that the texts read, and that say something.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.buckets.len()
    }

    /// The student with the `rows` most important rows of its table, and one for all other features, after further training:
    /// its outputs are held against those of the student that it was, all subclasses as classes, by `kd` at temperature 1.
    ///
    /// The row of the others begins as the mean of the rows that go, each by its weight in the means of the texts; features
    /// that no text has take it too.
    pub fn shrink(
        &self,
        rows: usize,
        precision: TablePrecision,
        settings: &ShrinkSettings,
        cancelled: &AtomicBool,
    ) -> Result<NgramModel, ShrinkError> {
        let mut kept = self.buckets[..rows.min(self.buckets.len())].to_vec();
        kept.sort_unstable();
        let mut others = self.mean_of_others(&kept);
        if settings.epochs == 0 {
            let pruned = self.model.pruned(&kept, &others, precision);
            return pruned.ok_or(ShrinkError::Rounded(precision));
        }
        // Any bucket that is not kept stands for all of them; a table without one has no others.
        let buckets = self.model.table().buckets() as u32;
        let stand_in = (0..buckets).find(|bucket| kept.binary_search(bucket).is_err());
        let smaller = self.learn(&kept, stand_in, &others, settings, cancelled)?;
        if let (Some(bucket), Some(values)) = (stand_in, smaller.table().values()) {
            let width = others.len();
            others.copy_from_slice(&values[bucket as usize * width..][..width]);
        }
        smaller.pruned(&kept, &others, precision).ok_or(ShrinkError::Rounded(precision))
    }

    /// Mean of the rows of buckets that occur in the texts and are not kept, by their weights; 0 where there are none.
    fn mean_of_others(&self, kept: &[u32]) -> Vec<f32> {
        let width = self.model.table().width();
        let values = self.model.table().values().expect("the table was found to be in 32 bits");
        let (mut sum, mut total) = (vec![0.0_f64; width], 0.0);
        for &bucket in self.buckets.iter().filter(|bucket| kept.binary_search(bucket).is_err()) {
            let weight = self.weights[bucket as usize];
            total += weight;
            for (sum, &value) in sum.iter_mut().zip(&values[bucket as usize * width..][..width]) {
                *sum += weight * f64::from(value);
            }
        }
        sum.into_iter().map(|sum| if total > 0.0 { (sum / total) as f32 } else { 0.0 }).collect()
    }

    /// The student trained on with the row of `stand_in`, which begins as `others`, in place of those that are not kept.
    fn learn(
        &self,
        kept: &[u32],
        stand_in: Option<u32>,
        others: &[f32],
        settings: &ShrinkSettings,
        cancelled: &AtomicBool,
    ) -> Result<NgramModel, ShrinkError> {
        let inputs = self.inputs.mapped(|bucket| match kept.binary_search(&bucket) {
            Ok(_) => bucket,
            Err(_) => stand_in.unwrap_or(bucket),
        });
        let train_settings = TrainSettings {
            epochs: settings.epochs,
            learning_rate: settings.learning_rate,
            seed: settings.seed,
            ..TrainSettings::ngram()
        };
        let learning = NgramTrainSettings { optimizer: train_settings.optimizer, dropout: 0.0 };
        let mut student = TrainableNgram::of_model(self.model, &inputs, &learning, settings.seed)?;
        if let Some(bucket) = stand_in {
            student.set_row(bucket, others);
        }
        let supervision = Supervision {
            rows: inputs.rows(),
            classes: self.model.config().outputs(),
            logits: Some(&self.outputs),
            ..Supervision::default()
        };
        let shape = StudentShape {
            embedding: self.model.config().last_inputs(),
            optimizer: learning.optimizer,
            seed: settings.seed,
        };
        let kd = MethodSettings::named("kd").expect("a registered method");
        let mut method = Objective { base: kd, add: Vec::new() }.build(supervision, &shape)?;
        let training = Training {
            inputs: std::slice::from_ref(&inputs),
            rows: inputs.rows(),
            sampled: None,
            method: method.as_mut(),
            validation: None,
            checkpoints: None,
        };
        train(&mut student, training, &train_settings, self.threads, &mut |_| {}, cancelled)?;
        Ok(student.model()?)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::sync::atomic::AtomicBool;

    use lelp_data::{Table, Text};
    use lelp_model::Predictor;
    use lelp_model::layer::{Layer, OutputLayers};
    use lelp_model::ngram::{FeatureTable, NgramConfig};

    use super::*;

    const BUCKETS: usize = 1 << 10;

    /// A student whose table says something of every bucket, and texts of some hundred words.
    fn model() -> NgramModel {
        let mut config = NgramConfig::new(vec!["no".to_owned(), "yes".to_owned()], 2);
        config.features.buckets = BUCKETS;
        (config.width, config.hidden) = (5, None);
        let values = (0..5 * BUCKETS).map(|i| ((i * 37 % 101) as f32 - 50.0) / 20.0).collect();
        let table = FeatureTable::new(BUCKETS, 5, values).unwrap();
        let output = Layer::new(5, (0..20).map(|i| (i as f32).sin() * 2.0).collect(), vec![0.1; 4]).unwrap();
        NgramModel::new(config, table, None, OutputLayers { hidden: None, output }).unwrap()
    }

    fn texts() -> Table {
        let texts: Vec<String> =
            (0..400_usize).map(|i| format!("w{} w{} rare{i}", i * i % 23, i % 7)).collect();
        Table::from_texts(&texts.iter().map(|text| text.as_str().into()).collect::<Vec<Text<'_>>>()).unwrap()
    }

    /// Mean distance of the two students' probabilities of the second class.
    fn distance(model: &NgramModel, smaller: &NgramModel) -> f64 {
        let probabilities = |model: &NgramModel| -> Vec<f64> {
            let logits = model.logits(&texts()).unwrap();
            logits.chunks(2).map(|pair| 1.0 / (1.0 + f64::from(pair[0] - pair[1]).exp())).collect()
        };
        let (large, small) = (probabilities(model), probabilities(smaller));
        large.iter().zip(&small).map(|(a, b)| (a - b).abs()).sum::<f64>() / large.len() as f64
    }

    #[test]
    fn a_student_that_keeps_all_rows_answers_alike_and_one_that_learns_again_better_than_one_that_does_not() {
        let (model, threads, cancel) = (model(), NonZeroUsize::MIN, AtomicBool::new(false));
        let shrinker = Shrinker::new(&model, &texts(), threads).unwrap();
        assert!(shrinker.rows() > 500, "{}", shrinker.rows());
        let shrink = |rows, epochs| {
            let settings = ShrinkSettings { epochs, learning_rate: 0.1, ..ShrinkSettings::default() };
            shrinker.shrink(rows, TablePrecision::PrunedInt8, &settings, &cancel).unwrap()
        };
        assert!(distance(&model, &shrink(BUCKETS, 0)) < 0.01);
        let (as_it_was, taught) = (distance(&model, &shrink(60, 0)), distance(&model, &shrink(60, 20)));
        assert!(taught < 0.97 * as_it_was, "{as_it_was} {taught}");
        assert_eq!(shrink(60, 1).table().bytes(), BUCKETS / 8 + 61 * (5 + 2));
    }

    #[test]
    fn threads_change_no_bit_and_a_rounded_student_is_refused() {
        let (model, cancel) = (model(), AtomicBool::new(false));
        let shrink = |threads: usize| {
            let shrinker = Shrinker::new(&model, &texts(), NonZeroUsize::new(threads).unwrap()).unwrap();
            let settings = ShrinkSettings { epochs: 2, ..ShrinkSettings::default() };
            let small = shrinker.shrink(100, TablePrecision::PrunedInt4, &settings, &cancel).unwrap();
            small.logits(&texts()).unwrap()
        };
        assert_eq!(shrink(1), shrink(2));
        let error = Shrinker::new(&model.quantized(), &texts(), NonZeroUsize::MIN).unwrap_err();
        assert!(matches!(error, ShrinkError::Rounded(TablePrecision::Int8)));
    }
}

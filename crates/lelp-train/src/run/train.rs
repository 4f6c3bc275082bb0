//! The one training loop.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lelp::metrics::MetricsError;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use thiserror::Error;

use super::evaluate::{Score, Validation, evaluate};
use super::record::{EpochRecord, Event, TermRecord, TrainReport, ValidationRecord};
use super::settings::{SettingsError, TrainSettings};
use crate::method::{Method, TermSum};
use crate::model::Student;

/// What a student is trained on.
pub struct Training<'a, I: ?Sized> {
    /// Inputs of the training set.
    pub inputs: &'a I,
    /// Rows of the training set.
    pub rows: usize,
    /// What the student is held against; its own variables are trained along.
    pub method: &'a mut dyn Method,
    /// A validation set, to stop early and keep the best epoch; without one the last epoch is kept.
    pub validation: Option<Validation<'a, I>>,
}

/// Why training ended without a student.
#[derive(Debug, Error)]
pub enum TrainError {
    /// A setting out of its range.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// Method and student differ in outputs.
    #[error("the method needs {needed} outputs, but the student has {outputs}")]
    Outputs {
        /// Outputs of the method.
        needed: usize,
        /// Outputs of the student.
        outputs: usize,
    },
    /// The method was made for another student.
    #[error("the method reads an embedding of width {needed}, but the student's has {width}")]
    Embedding {
        /// Columns that the method reads.
        needed: usize,
        /// Columns of the student's embedding.
        width: usize,
    },
    /// Nothing to learn from.
    #[error("none of the {rows} training rows teaches the student anything")]
    NothingToLearn {
        /// Training rows.
        rows: usize,
    },
    /// More rows than a row number can name.
    #[error("{rows} training rows are more than 4294967295")]
    TooManyRows {
        /// Training rows.
        rows: usize,
    },
    /// The validation set cannot be scored: no rows, a label outside the classes, or outputs that are not numbers.
    #[error("the student cannot be scored on the validation set")]
    Validation(#[from] MetricsError),
    /// The loss is infinite or not a number.
    #[error("{term} became {value} in epoch {epoch}, batch {batch}: lower the learning rate")]
    Diverged {
        /// Name of the term.
        term: &'static str,
        /// Its value.
        value: f64,
        /// Epoch, from 1.
        epoch: usize,
        /// Batch, from 1.
        batch: usize,
    },
    /// Someone asked to stop.
    #[error("stopped in epoch {epoch}, as asked")]
    Cancelled {
        /// Epoch, from 1.
        epoch: usize,
    },
    /// The system gave no threads.
    #[error("cannot start {threads} threads")]
    Threads {
        /// Threads asked for.
        threads: NonZeroUsize,
        /// The system's reason.
        source: rayon::ThreadPoolBuildError,
    },
}

/// A pool of `threads` threads: no work of this crate runs on rayon's global one.
pub(crate) fn thread_pool(threads: NonZeroUsize) -> Result<rayon::ThreadPool, TrainError> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads.get())
        .build()
        .map_err(|source| TrainError::Threads { threads, source })
}

/// Trains `student`, and leaves it with the parameters of its best epoch.
///
/// Each epoch goes over the rows that teach in a new order; the learning rate falls linearly from step
/// to step. After each epoch `watch` hears of it. `cancelled` is looked at after every batch.
pub fn train<I, S>(
    student: &mut S,
    training: Training<'_, I>,
    settings: &TrainSettings,
    threads: NonZeroUsize,
    watch: &mut (dyn FnMut(Event<'_>) + Send),
    cancelled: &AtomicBool,
) -> Result<TrainReport, TrainError>
where
    I: ?Sized + Sync,
    S: Student<I>,
{
    let order = rows_that_teach(student, &training, settings)?;
    thread_pool(threads)?.install(|| Loop { training, settings, order, cancelled, watch }.run(student))
}

/// Checks settings and outputs, and lists the rows to learn from.
fn rows_that_teach<I: ?Sized, S: Student<I>>(
    student: &S,
    training: &Training<'_, I>,
    settings: &TrainSettings,
) -> Result<Vec<u32>, TrainError> {
    settings.check()?;
    let (rows, method, outputs) = (training.rows, &*training.method, student.outputs());
    if method.outputs() != outputs {
        return Err(TrainError::Outputs { needed: method.outputs(), outputs });
    }
    if let Some(needed) = method.embedding().filter(|&needed| needed != student.embedding()) {
        return Err(TrainError::Embedding { needed, width: student.embedding() });
    }
    let rows_32 = u32::try_from(rows).map_err(|_| TrainError::TooManyRows { rows })?;
    let order: Vec<u32> = (0..rows_32).filter(|&row| method.teaches(row as usize)).collect();
    if order.is_empty() { Err(TrainError::NothingToLearn { rows }) } else { Ok(order) }
}

struct Loop<'a, 'b, I: ?Sized> {
    training: Training<'b, I>,
    settings: &'a TrainSettings,
    /// Rows in the order of the epoch.
    order: Vec<u32>,
    cancelled: &'a AtomicBool,
    watch: &'a mut (dyn FnMut(Event<'_>) + Send),
}

impl<I: ?Sized + Sync> Loop<'_, '_, I> {
    fn run<S: Student<I>>(mut self, student: &mut S) -> Result<TrainReport, TrainError> {
        let start = Instant::now();
        let mut random = ChaCha8Rng::seed_from_u64(self.settings.seed);
        let mut best: Option<(usize, Score)> = None;
        let mut epochs = Vec::new();
        for epoch in 1..=self.settings.epochs {
            self.order.shuffle(&mut random);
            let (sums, time) = self.epoch(student, epoch)?;
            let subclasses = self.training.method.subclasses();
            let validation = self.training.validation.as_ref();
            let score = validation.map(|set| evaluate(student, set, subclasses)).transpose()?;
            let better = score.is_some_and(|score| best.is_none_or(|(_, best)| score.beats(&best)));
            if let (true, Some(score)) = (better, score) {
                best = Some((epoch, score));
                student.keep();
            }
            epochs.push(self.record(epoch, &sums, time, score, better || score.is_none()));
            (self.watch)(Event::Epoch(&epochs[epoch - 1]));
            let best_epoch = best.map_or(epoch, |(best, _)| best);
            if self.settings.patience > 0 && epoch - best_epoch >= self.settings.patience {
                break;
            }
        }
        student.restore();
        let best_epoch = best.map_or(epochs.len(), |(epoch, _)| epoch);
        Ok(TrainReport { epochs, best_epoch, rows: self.order.len(), seconds: start.elapsed().as_secs_f64() })
    }

    /// All batches of one epoch; gives the sums of the terms and the time taken.
    fn epoch<S: Student<I>>(
        &mut self,
        student: &mut S,
        epoch: usize,
    ) -> Result<(Vec<TermSum>, Duration), TrainError> {
        let start = Instant::now();
        let rows = self.order.len();
        let mut sums = vec![TermSum::default(); self.training.method.terms().len()];
        let mut done = 0;
        for (batch, part) in self.order.chunks(self.settings.batch).enumerate() {
            let rate = self.learning_rate(epoch, done);
            let Training { inputs, method, .. } = &mut self.training;
            student.step(inputs, part, &mut **method, rate, &mut sums);
            if let Some(place) = sums.iter().position(|sum| !sum.sum.is_finite()) {
                let (term, value) = (method.terms()[place], sums[place].sum);
                return Err(TrainError::Diverged { term, value, epoch, batch: batch + 1 });
            }
            if self.cancelled.load(Ordering::Relaxed) {
                return Err(TrainError::Cancelled { epoch });
            }
            done += part.len();
            (self.watch)(Event::Batch { epoch, done, rows });
        }
        Ok((sums, start.elapsed()))
    }

    /// The learning rate after `done` rows of `epoch`.
    fn learning_rate(&self, epoch: usize, done: usize) -> f32 {
        let passed = (epoch - 1) as f64 + done as f64 / self.order.len() as f64;
        let left = 1.0 - passed / self.settings.epochs as f64;
        (f64::from(self.settings.learning_rate) * left) as f32
    }

    fn record(
        &self,
        epoch: usize,
        sums: &[TermSum],
        time: Duration,
        score: Option<Score>,
        best: bool,
    ) -> EpochRecord {
        let names = self.training.method.terms();
        let term =
            |(&name, sum): (&&'static str, &TermSum)| TermRecord { name, mean: sum.mean(), rows: sum.rows };
        let validation = self.training.validation.as_ref().zip(score).map(|(validation, score)| {
            let Score { right, negative_log_likelihood } = score;
            ValidationRecord { metric: validation.metric, value: right, negative_log_likelihood }
        });
        EpochRecord {
            epoch,
            learning_rate: self.learning_rate(epoch, self.order.len()),
            terms: names.iter().zip(sums).map(term).collect(),
            validation,
            best,
            seconds: time.as_secs_f64(),
            examples_per_second: self.order.len() as f64 / time.as_secs_f64().max(1e-9),
        }
    }
}

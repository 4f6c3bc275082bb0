//! The one training loop.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use lelp::metrics::MetricsError;
use thiserror::Error;

use super::checkpoint::{CheckpointError, Checkpoints, Progress};
use super::evaluate::{Score, Validation, evaluate};
use super::order::{Order, SampledRows};
use super::record::{EpochRecord, Event, TermRecord, TrainReport, ValidationRecord};
use super::settings::{TrainSettings, TrainSettingsError};
use super::trainable::Trainable;
use lelp_method::{Method, StateError, TermSum};

/// What a student is trained on.
pub struct Training<'a, I: ?Sized> {
    /// Inputs of the training set.
    pub inputs: &'a I,
    /// Rows of the training set.
    pub rows: usize,
    /// Rows of it that count for less than the others.
    pub sampled: Option<SampledRows>,
    /// What the student is held against; its own variables are trained along.
    pub method: &'a mut dyn Method,
    /// A validation set, to stop early and keep the best epoch; without one the last epoch is kept.
    pub validation: Option<Validation<'a, I>>,
    /// Where to write down how far it came, for students that train long.
    pub checkpoints: Option<&'a Checkpoints>,
}

/// Why training ended without a student.
#[derive(Debug, Error)]
pub enum TrainError {
    /// A setting out of its range.
    #[error(transparent)]
    Settings(#[from] TrainSettingsError),
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
    #[error("stopped in epoch {epoch}, as asked{}", .checkpoint.as_ref().map_or_else(String::new, |file| format!("; the same command goes on from `{}`", file.display())))]
    Cancelled {
        /// Epoch, from 1.
        epoch: usize,
        /// What the training can go on from.
        checkpoint: Option<PathBuf>,
    },
    /// A checkpoint cannot be written or read, or is of another training.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
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
/// Each epoch goes over the rows that teach in a new order; the learning rate follows the schedule from step
/// to step. Calls `observer` after every batch and epoch, and stops soon after `cancelled` is set. Where there is
/// a checkpoint, the training goes on from it, to the same parameters as one that was never stopped.
pub fn train<I, S>(
    student: &mut S,
    training: Training<'_, I>,
    settings: &TrainSettings,
    threads: NonZeroUsize,
    observer: &mut (dyn FnMut(Event<'_>) + Send),
    cancelled: &AtomicBool,
) -> Result<TrainReport, TrainError>
where
    I: ?Sized + Sync,
    S: Trainable<I>,
{
    let rows = rows_that_teach(student, &training, settings)?;
    let order = Order::new(rows, training.sampled, settings.batch, settings.seed);
    thread_pool(threads)?.install(|| Loop { training, settings, order, cancelled, observer }.run(student))
}

/// Checks settings and outputs, and lists the rows to learn from.
fn rows_that_teach<I: ?Sized, S: Trainable<I>>(
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
    order: Order,
    cancelled: &'a AtomicBool,
    observer: &'a mut (dyn FnMut(Event<'_>) + Send),
}

impl<I: ?Sized + Sync> Loop<'_, '_, I> {
    fn run<S: Trainable<I>>(mut self, student: &mut S) -> Result<TrainReport, TrainError> {
        let start = Instant::now();
        let mut progress = self.resume(student)?;
        let mut right = None;
        for epoch in 1..=self.settings.epochs {
            if epoch >= progress.epoch && self.out_of_patience(&progress) {
                break;
            }
            let inputs = self.training.inputs;
            self.order.next_epoch(|row| student.padded_cost(inputs, row as usize));
            if epoch >= progress.epoch {
                self.epoch(student, &mut progress)?;
                right = self.end_of_epoch(student, &mut progress)?.or(right);
            }
        }
        student.restore();
        let Progress { best, epochs, .. } = progress;
        let best_epoch = best.map_or(epochs.len(), |(epoch, _)| epoch);
        let seconds = start.elapsed().as_secs_f64();
        Ok(TrainReport { epochs, best_epoch, rows: self.order.rows(), seconds, right })
    }

    /// The start, or the place of a checkpoint, with student and method as they were there.
    fn resume<S: Trainable<I>>(&mut self, student: &mut S) -> Result<Progress, TrainError> {
        let terms = self.training.method.terms().len();
        let start = Progress::new(terms);
        let Some(checkpoints) = self.training.checkpoints else { return Ok(start) };
        let Some(resumed) = checkpoints.read()? else { return Ok(start) };
        let unfit = |error: StateError| checkpoints.unfit(&error);
        student.load_state(&resumed.student).map_err(unfit)?;
        self.training.method.load_state(&resumed.method).map_err(unfit)?;
        if resumed.progress.sums.len() != terms {
            return Err(checkpoints.unfit(&"it has other terms").into());
        }
        (self.observer)(Event::Resumed { epoch: resumed.progress.epoch, done: resumed.progress.done });
        Ok(resumed.progress)
    }

    fn out_of_patience(&self, progress: &Progress) -> bool {
        let done = progress.epochs.len();
        let best = progress.best.map_or(done, |(best, _)| best);
        self.settings.patience.is_some_and(|patience| done - best >= patience.get())
    }

    /// The batches of an epoch that are not done.
    fn epoch<S: Trainable<I>>(&mut self, student: &mut S, progress: &mut Progress) -> Result<(), TrainError> {
        let (start, before) = (Instant::now(), progress.seconds);
        let mut saved = Instant::now();
        while progress.done < self.order.rows() {
            let rate = self.learning_rate(progress.epoch, progress.done);
            let Training { inputs, method, .. } = &mut self.training;
            let batch = self.order.batch(progress.done);
            let norm = student.step(inputs, batch, &mut **method, rate, &mut progress.sums);
            let terms = method.terms();
            check_finite(terms, norm, progress, self.settings.batch)?;
            progress.done += batch.len();
            progress.seconds = before + start.elapsed().as_secs_f64();
            let (epoch, done, rows) = (progress.epoch, progress.done, self.order.rows());
            (self.observer)(Event::Batch {
                epoch,
                done,
                rows,
                learning_rate: rate,
                terms,
                sums: &progress.sums,
            });
            if self.cancelled.load(Ordering::Relaxed) {
                let checkpoint = self.write(student, progress)?;
                return Err(TrainError::Cancelled { epoch, checkpoint });
            }
            if self.training.checkpoints.is_some_and(|checkpoints| saved.elapsed() >= checkpoints.every()) {
                self.write(student, progress)?;
                saved = Instant::now();
            }
        }
        Ok(())
    }

    /// Validates, keeps what is better than all before, and turns to the next epoch. Gives the rows that are answered
    /// rightly, where the epoch is the best so far.
    fn end_of_epoch<S: Trainable<I>>(
        &mut self,
        student: &mut S,
        progress: &mut Progress,
    ) -> Result<Option<Vec<bool>>, TrainError> {
        let subclasses = self.training.method.subclasses();
        let validation = self.training.validation.as_ref();
        let select = self.settings.select;
        let scored = validation.map(|set| evaluate(student, set, subclasses, select)).transpose()?;
        let (score, right) = scored.unzip();
        let best = progress.best;
        let better = score.is_some_and(|score| best.is_none_or(|(_, best)| score.beats(&best)));
        if let (true, Some(score)) = (better, score) {
            progress.best = Some((progress.epoch, score));
            student.remember();
        }
        let record = self.record(progress, score, better || score.is_none());
        (self.observer)(Event::Epoch(&record));
        progress.epochs.push(record);
        progress.next_epoch();
        self.write(student, progress)?;
        Ok(right.filter(|_| better))
    }

    /// Writes a checkpoint, where one is wanted and the student has something to go on from.
    fn write<S: Trainable<I>>(
        &self,
        student: &S,
        progress: &Progress,
    ) -> Result<Option<PathBuf>, TrainError> {
        let Some(checkpoints) = self.training.checkpoints else { return Ok(None) };
        let Some(state) = student.state() else { return Ok(None) };
        checkpoints.write(progress, &state, &self.training.method.state())?;
        Ok(Some(checkpoints.file().to_owned()))
    }

    /// The learning rate after `done` rows of `epoch`.
    fn learning_rate(&self, epoch: usize, done: usize) -> f32 {
        let passed = (epoch - 1) as f64 + done as f64 / self.order.rows() as f64;
        let factor =
            self.settings.schedule.factor(passed / self.settings.epochs as f64, self.settings.warmup);
        (f64::from(self.settings.learning_rate) * factor) as f32
    }

    fn record(&self, progress: &Progress, score: Option<Score>, best: bool) -> EpochRecord {
        let names = self.training.method.terms();
        let term = |(&name, sum): (&&'static str, &TermSum)| TermRecord {
            name: name.to_owned(),
            mean: sum.mean(),
            rows: sum.rows,
        };
        let validation = self.training.validation.as_ref().zip(score);
        let validation = validation.map(|(validation, score)| ValidationRecord::of(score, validation.metric));
        EpochRecord {
            epoch: progress.epoch,
            learning_rate: self.learning_rate(progress.epoch, self.order.rows()),
            terms: names.iter().zip(&progress.sums).map(term).collect(),
            validation,
            best,
            seconds: progress.seconds,
            examples_per_second: self.order.rows() as f64 / progress.seconds.max(1e-9),
        }
    }
}

/// Refuses a batch whose loss or gradient is not a number; the last checkpoint is older, and good.
fn check_finite(
    terms: &[&'static str],
    norm: Option<f64>,
    progress: &Progress,
    batch: usize,
) -> Result<(), TrainError> {
    let sums = progress.sums.iter().map(|sum| sum.sum);
    let values = terms.iter().copied().zip(sums).chain(norm.map(|norm| ("the gradient's length", norm)));
    match values.into_iter().find(|(_, value)| !value.is_finite()) {
        None => Ok(()),
        Some((term, value)) => {
            let (epoch, batch) = (progress.epoch, progress.done / batch + 1);
            Err(TrainError::Diverged { term, value, epoch, batch })
        }
    }
}

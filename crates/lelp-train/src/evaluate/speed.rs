//! How long a model takes for a text, by repeats: one measurement alone says nothing, as whatever else the machine did is
//! in it.

use std::sync::atomic::AtomicBool;

use lelp_data::Dataset;
use lelp_model::{PredictError, Predictor};
use serde::Serialize;

use super::{TIMED_TEXTS, answer};

/// Times of a text, in microseconds, over several passes over the same rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Speed {
    /// Passes.
    pub repeats: usize,
    /// The middle one.
    pub median: f64,
    /// The fastest.
    pub low: f64,
    /// The slowest.
    pub high: f64,
}

/// An odd number, so that the median is one of them.
const REPEATS: usize = 5;
/// What a pass may take, in microseconds: the figure is a remark beside those that the answers are for.
const PASS: f64 = 500_000.0;
/// Fewer texts than this show the start of a pass more than the pass.
const FEWEST_TEXTS: usize = 8;

/// Answers the first rows of `data` five times; `usual` is about how many microseconds a text takes.
///
/// # Errors
/// As [`answer`].
pub fn speed(
    model: &dyn Predictor,
    data: &Dataset,
    usual: f64,
    cancel: &AtomicBool,
) -> Result<Speed, PredictError> {
    let mut rows = TIMED_TEXTS;
    while rows > FEWEST_TEXTS && rows as f64 * usual > PASS {
        rows /= 2;
    }
    let rows = rows.min(data.rows());
    let some = data.select(&(0..rows).collect::<Vec<_>>());
    let mut times = Vec::with_capacity(REPEATS);
    for _ in 0..REPEATS {
        let answers = answer(model, &some, &mut |_| {}, cancel)?;
        times.push(answers.elapsed.as_secs_f64() * 1e6 / rows as f64);
    }
    times.sort_by(f64::total_cmp);
    Ok(Speed { repeats: REPEATS, median: times[REPEATS / 2], low: times[0], high: times[REPEATS - 1] })
}

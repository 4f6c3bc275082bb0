#![deny(unsafe_code)]
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::float_cmp, reason = "tests fail by panicking, and compare bytes")
)]
//! Learning Embedding Linear Projections (LELP): the mathematics, arrays in and arrays out.
//!
//! A classifier with few classes says little about an example: with two classes, one number. LELP
//! (Loo, Iliopoulos, Hu and Vee, arXiv:2409.20449) takes more from its last embedding: it splits each
//! class into subclasses along linear directions, and a student is trained on the finer soft labels.
//!
//! Data goes one way: [`Signals`] (what a teacher says about a data set) -> [`SplitStatisticsBuilder`] (one pass,
//! any number of chunks) -> a [`FittedSplit`] -> targets `[rows, classes * per_class]`, on which
//! any student can be trained -> [`collapse`] (student outputs to class logits) -> [`metrics`].
//!
//! ```
//! use std::num::NonZeroUsize;
//! use lelp::{Embeddings, Head, LelpSettings, MakerSettings, Members, Signals, SignalsParts};
//! use lelp::{SplitStatisticsBuilder, TargetSettings, collapse, split_entropy};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Eight examples, embeddings of width 4; the teacher's head reads the first column only.
//! let embeddings: Vec<f32> = (0..32_u16).map(|i| f32::from(i * 37 % 19) - 9.0).collect();
//! let head = Head::new(&[-1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0], &[0.0, 0.0], 4)?;
//! let logits: Vec<f32> = embeddings.chunks(4).flat_map(|row| [-row[0], row[0]]).collect();
//! let signals = Signals::new(SignalsParts {
//!     embeddings: Embeddings::F32(&embeddings),
//!     width: 4,
//!     logits: &logits,
//!     classes: 2,
//!     labels: None,
//!     first_row: 0,
//! })?;
//!
//! // Any target maker of the registry; `MakerSettings::named("kmeans")` would be another.
//! let two = NonZeroUsize::new(2).expect("two");
//! let maker: MakerSettings = LelpSettings { subclasses: two, ..LelpSettings::default() }.into();
//!
//! let threads = NonZeroUsize::MIN;
//! let (classes, width) = (signals.classes(), signals.width());
//! let mut statistics = SplitStatisticsBuilder::new(maker.requirements(), classes, width, threads);
//! statistics.add(&signals, Members::Teacher, None)?; // once per chunk of a large data set
//!
//! let fit = maker.fit(&statistics.finish(), Some(&head), threads)?;
//! let targets = fit.targets(&signals, None, TargetSettings::default(), threads)?; // [8, 2 * 2]
//! assert_eq!(targets.len(), 8 * 2 * 2);
//!
//! // Each row of targets sums to one, and over a class to the teacher's probability of the class.
//! assert!((targets[..4].iter().sum::<f32>() - 1.0).abs() < 1e-6);
//! assert!(split_entropy(&targets, 2, 2)? <= 1.0); // in bits
//!
//! // A student trained on them answers with classes.
//! let outputs: Vec<f32> = targets.iter().map(|t| t.ln()).collect();
//! assert_eq!(collapse(&outputs, 2, 2)?.len(), 8 * 2);
//! # Ok(())
//! # }
//! ```
//!
//! # Threads, seeds, bytes
//! Threads and seeds are arguments. Rows are worked in blocks of a fixed size that are merged in order:
//! the same inputs, settings and seed give the same bytes with any number of threads.

mod blocks;
mod calibration;
mod clustering;
mod collapse;
mod counted;
mod error;
mod error_chain;
mod linalg;
mod parameter;
mod plane;
mod principal_components;
mod rotation;
mod subspace;
mod teacher_check;

pub mod artifact;
pub mod exponential;
pub mod hash;
pub mod metrics;
pub mod moments;
pub mod signals;
pub mod stats;
pub mod subclass;

pub use calibration::{CalibrationTemperature, CalibrationTemperatureError};
pub use clustering::Perplexity;
pub use collapse::{collapse, log_softmax, softmax};
pub use counted::counted;
pub use error::{FitError, ShapeError, SignalsError};
pub use error_chain::ErrorChain;
pub use lelp_core::{Classified, ErrorKind, log_sum_exp, vector};
pub use moments::{ClassMoments, Members, MomentsBuilder, argmax};
pub use parameter::{LARGEST_COUNT, Parameter, Search, SettingError, Values};
pub use plane::project_to_plane;
pub use principal_components::principal_components;
pub use rotation::Rotation;
pub use signals::{Embeddings, Head, Signals, SignalsParts};
pub use subclass::{Beta, SplitWeight, TargetSettings, Temperature};
pub use subclass::{BetaAtEntropy, EntropyError, beta_at_entropy, split_entropy};
pub use subclass::{ClassReport, FineLabels, FittedSplit, HeadSource, SplitReport};
pub use subclass::{LelpSettings, MakerSettings, MakerSettingsError};
pub use subclass::{Requirements, SubclassFit, TargetMaker};
pub use subclass::{SplitStatistics, SplitStatisticsBuilder};
pub use teacher_check::{TeacherCheck, TeacherFinding, look_like_probabilities};

#[cfg(test)]
mod testing;

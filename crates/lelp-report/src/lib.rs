//! What a distillation found, and how well its students answer.
//!
//! | from | to | with |
//! |---|---|---|
//! | signals, a split and the rows they were made of | each subclass in words and numbers | [`inspect`] |
//! | signals and a split | spectra, a two-dimensional projection, subclasses | [`analysis`] |
//! | a run's folder | a [`RunReport`](run_report::RunReport) | [`read`] |
//! | a run report | one HTML file that loads nothing else | [`page`] |

pub mod analysis;
mod classified;
pub mod inspect;
pub mod page;
pub mod read;
pub mod run_report;

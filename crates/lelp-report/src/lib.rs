//! What a distillation found, and how its students do.
//!
//! | what | where |
//! |---|---|
//! | signals, a split and texts -> what each subclass is | [`inspect`] |
//! | a run's folder -> what there is to tell of it | [`read::read`] -> [`story::Story`] |
//! | signals and a split -> spectra, a map, subclasses | [`look`] |
//! | a story -> one HTML file that needs nothing else | [`page::page`] |

pub mod inspect;
pub mod look;
pub mod page;
pub mod read;
pub mod story;

//! What a distillation found, and how its students do.
//!
//! | what | where |
//! |---|---|
//! | signals, a split and texts -> what each subclass is | [`inspect`] |

pub mod inspect;

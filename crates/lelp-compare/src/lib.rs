//! Honest comparison of distillation methods: data sets x teachers x students x methods x seeds.
//!
//! Data goes one way:
//!
//! | step | where |
//! |---|---|
//! | recipe -> data sets, teachers, students, methods | [`recipe`] |
//! | data set and teacher -> signals | [`prepare`] |
//! | method -> trials, all methods the same number | [`space`] |
//! | trial -> validation score; best trial -> a student for each seed -> test, read once | [`run`], [`measure`] |
//! | each of them -> a line of `results.jsonl` | [`record`], [`store`] |
//! | in place of a search: task -> the split that pays, by small students | [`auto`] |
//! | lines -> tables with tests of significance | [`summary`] |

pub mod auto;
pub mod correct_rows;
pub mod measure;
pub mod prepare;
pub mod progress;
pub mod recipe;
pub mod record;
pub mod run;
pub mod space;
pub mod store;
pub mod summary;

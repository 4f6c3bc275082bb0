//! The `lelp` command as a person uses it.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod cache;
mod cascade;
mod compare;
mod crashes;
mod encoders;
mod end_to_end;
mod error_texts;
mod errors;
mod evaluation;
mod help;
mod inspect;
mod limits;
mod mutations;
mod one_command;
mod one_writer;
mod own_data;
mod parsers;
mod precision;
mod readme;
mod report;
mod requests;
mod same_bytes;
mod serve;
mod shrink;
mod skewed_classes;
mod split_source;
mod spoilt;
mod static_embeddings;
mod support;
mod tables;
mod teacher_checks;
mod writing;

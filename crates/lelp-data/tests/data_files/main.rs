//! Data sets, signals and imports as files: what is read back, and what each hostile file is told.
#![allow(clippy::unwrap_used)] // a test fails by panicking
#![allow(clippy::float_cmp, clippy::cast_possible_wrap)] // values are small whole numbers, exact in every type

mod arrow_files;
mod brought_files;
mod brought_labels;
mod columns;
mod damaged_parquet;
mod data_sets;
mod hostile_data;
mod hostile_signals;
mod imports;
mod parquet_files;
mod signals;
mod tables;

//! The encoder's operations on plain arrays, with their gradients by hand: what the CPU runs.
//!
//! Every function works on row-major slices on the threads of the current rayon pool, and gives the same
//! bytes whatever their number: rows are independent, and sums over rows are taken in blocks of a fixed
//! size that are added up in order.

pub(crate) mod activation;
pub(crate) mod adamw;
pub(crate) mod attention;
pub(crate) mod dropout;
pub(crate) mod linear;
pub(crate) mod norm;
mod product;

/// Rows that are worked on together.
const BLOCK_ROWS: usize = 32;

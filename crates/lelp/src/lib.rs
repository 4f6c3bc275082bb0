#![forbid(unsafe_code)]
//! Learning Embedding Linear Projections (LELP): the mathematics, arrays in and arrays out.

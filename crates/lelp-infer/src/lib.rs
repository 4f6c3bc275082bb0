//! Models that answer: n-gram students and text encoders, without a training framework.

pub mod classifier;
pub mod encoder;
pub mod model;
pub mod ngram;
pub mod pull;
pub mod storage;
pub mod teacher;

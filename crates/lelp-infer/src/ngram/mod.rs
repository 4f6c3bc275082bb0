//! The n-gram student: hashed words, word bigrams and character n-grams over a mean-pooled table.

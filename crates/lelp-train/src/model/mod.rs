//! Students and heads that learn.

//! An error and what caused it, for a line of a log or a report.

use std::error::Error;
use std::fmt;

/// Displays an error followed by its causes, on one line: `error: cause: cause of the cause`. A cause that the error before it
/// has told is left out, as some libraries print it as part of the error.
#[derive(Debug, Clone, Copy)]
pub struct ErrorChain<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for ErrorChain<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = self.0.to_string();
        out.write_str(&told)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            let because = error.to_string();
            if !told.contains(&because) {
                write!(out, ": {because}")?;
                told = because;
            }
            cause = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::Targets;

    #[derive(Debug, thiserror::Error)]
    #[error("no answer: {0}")]
    struct Telling(#[source] std::io::Error);

    #[test]
    fn a_cause_that_was_told_is_not_repeated() {
        let error = Telling(std::io::Error::other("connection refused"));
        assert_eq!(ErrorChain(&error).to_string(), "no answer: connection refused");
    }

    #[test]
    fn causes_follow_the_error_on_its_line() {
        let error = Targets::from_bytes(b"not a file").unwrap_err();
        let text = ErrorChain(&error).to_string();
        let cause = error.source().unwrap();
        assert_eq!(text, format!("{error}: {cause}"));
    }
}

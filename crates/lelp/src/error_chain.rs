//! An error and what caused it, for a line of a log or a report.

use std::error::Error;
use std::fmt;

/// Displays an error followed by its causes, on one line: `error: cause: cause of the cause`.
#[derive(Debug, Clone, Copy)]
pub struct ErrorChain<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for ErrorChain<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(out, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::Targets;

    #[test]
    fn causes_follow_the_error_on_its_line() {
        let error = Targets::from_bytes(b"not a file").unwrap_err();
        let text = ErrorChain(&error).to_string();
        let cause = error.source().unwrap();
        assert_eq!(text, format!("{error}: {cause}"));
    }
}

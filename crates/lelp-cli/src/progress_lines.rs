//! Progress where no terminal shows a bar, as in a log file: a line now and then.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::TermLike;

/// Work that ends sooner says nothing; no two lines are closer.
const SHORTEST: Duration = Duration::from_secs(10);
/// No two lines are farther apart.
const LONGEST: Duration = Duration::from_mins(5);

/// What bars are drawn on: of what they draw, a line is written as often as a reader wants one.
#[derive(Debug)]
pub(crate) struct ProgressLines {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    begun: Instant,
    written: Instant,
    /// What is drawn just now.
    drawn: String,
}

impl ProgressLines {
    pub(crate) fn new() -> Self {
        let begun = Instant::now();
        Self { state: Mutex::new(State { begun, written: begun, drawn: String::new() }) }
    }

    fn draw(&self, text: &str) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).drawn.push_str(text);
    }
}

impl State {
    /// The line to write at `now`, where it is time for one.
    fn line(&mut self, now: Instant) -> Option<String> {
        let line = std::mem::take(&mut self.drawn);
        let line = line.trim_end();
        let wait = ((now - self.begun) / 10).clamp(SHORTEST, LONGEST);
        if line.trim().is_empty() || now - self.written < wait {
            return None;
        }
        self.written = now;
        Some(line.to_owned())
    }
}

impl TermLike for ProgressLines {
    fn width(&self) -> u16 {
        200
    }

    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.draw(text);
        Ok(())
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.draw(text.trim_start_matches('\r'));
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        let line = self.state.lock().unwrap_or_else(PoisonError::into_inner).line(Instant::now());
        line.map_or(Ok(()), |line| writeln!(io::stderr().lock(), "{line}"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn lines_come_after_ten_seconds_and_less_often_the_longer_it_takes() {
        let begun = Instant::now();
        let mut state = State { begun, written: begun, drawn: String::new() };
        let mut said = Vec::new();
        for second in 0..4000 {
            state.drawn.push_str("  signals 5 of 10 rows    ");
            if let Some(line) = state.line(begun + Duration::from_secs(second)) {
                assert_eq!(line, "  signals 5 of 10 rows");
                said.push(second);
            }
        }
        assert_eq!(said[..3], [10, 20, 30]);
        assert!(said.len() < 60, "{said:?}");
        assert!(said.windows(2).all(|two| two[1] - two[0] <= 300), "{said:?}");
    }

    #[test]
    fn a_bar_that_is_cleared_says_nothing() {
        let begun = Instant::now();
        let mut state = State { begun, written: begun, drawn: "   ".to_owned() };
        assert_eq!(state.line(begun + Duration::from_mins(1)), None);
    }
}

//! Progress of one piece of work on a data set.

/// What is being done with a data set, and how far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProgressStep<'a> {
    /// Name of the data set.
    pub data: &'a str,
    /// What is done with it, such as `embedding`.
    pub activity: &'static str,
    /// Rows that are done.
    pub done: usize,
    /// Rows in all.
    pub rows: usize,
}

/// Called after each step, also from the thread that fine-tunes.
pub type ProgressCallback<'a> = dyn FnMut(ProgressStep<'_>) + Send + 'a;

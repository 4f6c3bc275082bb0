//! What is known about the training rows.

/// What a method asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// Labels, on some rows at least.
    pub labels: bool,
    /// The teacher's logits.
    pub logits: bool,
    /// Soft labels over subclasses.
    pub targets: bool,
}

/// What is known about the training rows, borrowed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Supervision<'a> {
    /// Training rows.
    pub rows: usize,
    /// Classes.
    pub classes: usize,
    /// Labels `[rows]`, each below `classes`, or none for a row.
    pub labels: Option<&'a [Option<u32>]>,
    /// The teacher's logits `[rows, classes]`.
    pub logits: Option<&'a [f32]>,
    /// Soft labels over subclasses `[rows, classes * subclasses]`, made with the method's temperature.
    pub targets: Option<&'a [f32]>,
}

impl<'a> Supervision<'a> {
    /// The label of a row.
    #[must_use]
    pub fn label(&self, row: usize) -> Option<usize> {
        self.labels.and_then(|labels| labels[row]).map(|label| label as usize)
    }

    /// The first label outside the classes, with its row.
    pub(super) fn label_outside(&self) -> Option<(usize, u32)> {
        let labels: &'a [Option<u32>] = self.labels?;
        let outside = |label: &Option<u32>| label.is_some_and(|label| label as usize >= self.classes);
        let row = labels.iter().position(outside)?;
        Some((row, labels[row]?))
    }
}

//! What to look for in a split, and how much of it to list.

use lelp::{Beta, Temperature};
use lelp_train::distill::SplitSharpness;

/// Settings of an inspection.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InspectSettings {
    /// How sharp the split is.
    pub sharp: SplitSharpness,
    /// Temperature of the teacher's probabilities, by which an entropy weighs the classes of a row.
    pub temperature: Temperature,
    /// Most typical rows that are listed of each subclass.
    pub typical: usize,
    /// Marks that are listed of each subclass.
    pub marks: usize,
    /// Rows of the subclass that must hold an n-gram before it is a mark.
    pub least_rows: usize,
}

impl Default for InspectSettings {
    /// The default sharpness, 3 rows and 8 marks; a mark is held by 5 rows, so that it is no accident of one text.
    fn default() -> Self {
        let (sharp, temperature) = (SplitSharpness::Beta(Beta::default()), Temperature::default());
        Self { sharp, temperature, typical: 3, marks: 8, least_rows: 5 }
    }
}

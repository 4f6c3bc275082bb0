//! Settings of an inspection.

use lelp::{Beta, Temperature};
use lelp_train::distill::SplitSharpness;

/// Settings of an inspection.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InspectSettings {
    /// How sharp the split is.
    pub sharp: SplitSharpness,
    /// Temperature of the teacher's probabilities, which weigh the classes of a row in the mean entropy.
    pub temperature: Temperature,
    /// Number of typical rows to list for each subclass.
    pub typical_rows: usize,
    /// Number of distinctive terms to list for each subclass.
    pub distinctive_terms: usize,
    /// Rows of the subclass that must contain a term before it is listed.
    pub least_rows: usize,
}

impl Default for InspectSettings {
    /// The default sharpness, 3 rows and 8 terms; a term needs 5 rows, so that a single text cannot make it distinctive.
    fn default() -> Self {
        let (sharp, temperature) = (SplitSharpness::Beta(Beta::default()), Temperature::default());
        Self { sharp, temperature, typical_rows: 3, distinctive_terms: 8, least_rows: 5 }
    }
}

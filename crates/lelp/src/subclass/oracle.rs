//! The upper bound: subclasses are the fine labels of the data.

use crate::error::FitError;
use crate::signals::Signals;
use crate::subclass::evidence::Evidence;
use crate::subclass::fine::FineLabels;

/// Which fine labels are the subclasses of which class.
///
/// The score of a row's own fine label is 1, that of the others in its class 0. A row whose fine label is
/// unknown, or does not occur in a class, is split evenly over that class's fine labels. Classes with fewer
/// fine labels than others are padded with subclasses that get nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OracleFit {
    /// `[classes]`, increasing fine labels, each with the number of rows it was seen in.
    pub(crate) fine: Vec<Vec<(u32, u64)>>,
    /// Names of all fine labels.
    pub(crate) fine_names: Option<Vec<String>>,
    pub(crate) label_names: Option<Vec<String>>,
}

impl OracleFit {
    /// The fine labels that occur in each class, counted by label where a row has one, else by teacher.
    pub(crate) fn fit(evidence: &Evidence) -> Result<Self, FitError> {
        let fine = evidence.fine()?.per_class();
        match fine.iter().position(Vec::is_empty) {
            Some(class) => Err(FitError::NoFineLabelsOfClass { class }),
            None => Ok(Self { fine, fine_names: None, label_names: None }),
        }
    }

    /// Number of classes.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.fine.len()
    }

    /// Subclasses of each class (S): as many as the class with the most fine labels has.
    #[must_use]
    pub fn per_class(&self) -> usize {
        self.fine.iter().map(Vec::len).max().unwrap_or(1)
    }

    /// For each class its fine labels, increasing, with the rows they were seen in.
    #[must_use]
    pub fn fine_labels(&self) -> &[Vec<(u32, u64)>] {
        &self.fine
    }

    /// Names of the fine labels, where they were given.
    #[must_use]
    pub fn fine_names(&self) -> Option<&[String]> {
        self.fine_names.as_deref()
    }

    /// Refuses rows without fine labels.
    pub(crate) fn check(signals: &Signals, fine: Option<FineLabels<'_>>) -> Result<(), FitError> {
        Ok(fine.ok_or(FitError::NoFineLabels)?.check(signals)?)
    }

    /// Writes the scores of the rows from `first` on into `rows`, `[n, outputs]`.
    pub(crate) fn write(&self, fine: FineLabels<'_>, first: usize, rows: &mut [f32]) {
        let per_class = self.per_class();
        for (row, scores) in rows.chunks_exact_mut(self.classes() * per_class).enumerate() {
            let own = fine.of(first + row);
            for (labels, scores) in self.fine.iter().zip(scores.chunks_exact_mut(per_class)) {
                scores.fill(f32::NEG_INFINITY);
                scores[..labels.len()].fill(0.0);
                let place = own.and_then(|own| {
                    labels.binary_search_by_key(&(own as u64), |(fine, _)| u64::from(*fine)).ok()
                });
                if let Some(place) = place {
                    scores[place] = 1.0;
                }
            }
        }
    }
}

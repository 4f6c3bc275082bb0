//! A fit with the names of its classes, as a file holds it.

use std::any::Any;
use std::ops::Deref;
use std::sync::Arc;

use crate::error::ShapeError;
use crate::subclass::maker::SubclassFit;

/// A fitted split, and the names of its classes and fine labels where they were given.
///
/// Scores, targets and reports are those of the [`SubclassFit`] that it dereferences to.
#[derive(Debug, Clone)]
pub struct FittedSplit {
    fit: Arc<dyn SubclassFit>,
    label_names: Option<Vec<String>>,
    fine_names: Option<Vec<String>>,
}

impl FittedSplit {
    /// Names of the classes.
    #[must_use]
    pub fn label_names(&self) -> Option<&[String]> {
        self.label_names.as_deref()
    }

    /// Names of the fine labels, by which those of later data are found.
    #[must_use]
    pub fn fine_names(&self) -> Option<&[String]> {
        self.fine_names.as_deref()
    }

    /// Gives the classes names.
    ///
    /// # Errors
    /// [`ShapeError`] if there are not as many names as classes.
    pub fn with_label_names(mut self, names: Vec<String>) -> Result<Self, ShapeError> {
        ShapeError::check("label names", names.len(), self.classes())?;
        self.label_names = Some(names);
        Ok(self)
    }

    /// Gives the fine labels names; a split that is not made of fine labels keeps none.
    #[must_use]
    pub fn with_fine_names(mut self, names: Vec<String>) -> Self {
        if self.settings().requirements().fine_labels {
            self.fine_names = Some(names);
        }
        self
    }
}

impl From<Box<dyn SubclassFit>> for FittedSplit {
    fn from(fit: Box<dyn SubclassFit>) -> Self {
        Self { fit: fit.into(), label_names: None, fine_names: None }
    }
}

impl<F: SubclassFit> From<F> for FittedSplit {
    fn from(fit: F) -> Self {
        Self { fit: Arc::new(fit), label_names: None, fine_names: None }
    }
}

impl Deref for FittedSplit {
    type Target = dyn SubclassFit;

    fn deref(&self) -> &Self::Target {
        &*self.fit
    }
}

impl PartialEq for FittedSplit {
    fn eq(&self, other: &Self) -> bool {
        let fit: &dyn Any = &*other.fit;
        self.fit.equals(fit)
            && (&self.label_names, &self.fine_names) == (&other.label_names, &other.fine_names)
    }
}

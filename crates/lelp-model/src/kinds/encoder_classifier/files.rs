//! The content of the files of an encoder and its head, read and checked.

use std::num::NonZeroUsize;
use std::path::Path;

use super::error::EncoderClassifierError;
use crate::checkpoint::{EncoderConfig, Weights};
use crate::head::ClassifierHead;
use crate::pooling::Pooling;
use crate::tokenizer::TextPreparation;

/// Everything in the folder but the tokenizer.
#[derive(Debug)]
pub(crate) struct ClassifierFiles {
    pub(crate) config: EncoderConfig,
    pub(crate) weights: Weights,
    pub(crate) pooling: Pooling,
    pub(crate) normalize: bool,
    pub(crate) max_length: Option<NonZeroUsize>,
    pub(crate) preparation: TextPreparation,
    pub(crate) head: ClassifierHead,
    pub(crate) labels: Vec<String>,
    /// As the folder says it; a folder made elsewhere does not.
    pub(crate) hash: Option<String>,
}

impl ClassifierFiles {
    /// Tokens kept of each text.
    pub(crate) fn max_length(&self) -> usize {
        self.max_length.map_or(usize::MAX, NonZeroUsize::get).min(self.config.longest())
    }

    /// Checks that head, encoder and labels fit together.
    pub(super) fn check(self, folder: &Path) -> Result<Self, EncoderClassifierError> {
        let (width, inputs) = (self.config.width, self.head.inputs());
        if width != inputs {
            return Err(EncoderClassifierError::Width {
                folder: folder.to_owned(),
                encoder: width,
                head: inputs,
            });
        }
        let (labels, classes) = (self.labels.len(), self.head.classes());
        if labels != classes {
            return Err(EncoderClassifierError::Labels { folder: folder.to_owned(), labels, classes });
        }
        if classes < 2 {
            return Err(EncoderClassifierError::OneClass { folder: folder.to_owned() });
        }
        let mut sorted: Vec<&String> = self.labels.iter().collect();
        sorted.sort_unstable();
        if let Some(twice) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(EncoderClassifierError::LabelTwice {
                folder: folder.to_owned(),
                label: twice[0].clone(),
            });
        }
        Ok(self)
    }
}

//! A loaded model with what requests are held against.

use std::num::NonZeroUsize;

use lelp_data::{ColumnKind, ColumnSettings, Field};
use lelp_model::{LoadOptions, Pairs, Predictor, folder_name};

use crate::answerer::Answerer;
use crate::error::ServeError;
use crate::fallback::Fallback;
use crate::operations::seconds_since_1970;
use crate::refusal::Refusal;
use crate::rows::OwnedText;
use crate::settings::ServeSettings;

/// A model that is being served. A reload puts another in its place; requests that hold this one end with it.
#[derive(Debug)]
pub(crate) struct ServedModel {
    /// The name that clients call it by.
    pub(crate) name: String,
    pub(crate) answerer: Answerer,
    pub(crate) columns: Columns,
    pub(crate) pairs: Pairs,
    /// Seconds since 1970 when it was loaded.
    pub(crate) loaded: u64,
    /// Who is asked where the model is not sure.
    pub(crate) fallback: Option<Fallback>,
}

/// The columns that the model reads, by the names that clients know.
#[derive(Debug)]
pub(crate) struct Columns {
    pub(crate) needed: Vec<Field>,
    /// A second text that need not be there.
    pub(crate) optional_pair: Option<Field>,
}

impl Columns {
    pub(crate) fn find(&self, name: &str) -> Option<&Field> {
        self.needed.iter().chain(&self.optional_pair).find(|field| field.name == name)
    }

    /// Whether they are a text, or a pair of texts, and nothing else.
    pub(crate) fn are_texts(&self) -> bool {
        self.needed.iter().all(|field| field.kind.is_text())
    }
}

impl ServedModel {
    /// Loads the model, and its teacher where it has one; blocks.
    pub(crate) fn load(settings: &ServeSettings, threads: NonZeroUsize) -> Result<Self, ServeError> {
        let folder = settings.model.as_path();
        let answerer =
            Answerer::load(folder, LoadOptions { precision: settings.precision, ..threads.into() })?;
        let predictor = answerer.predictor();
        let remembered = ColumnSettings::remembered(folder)?;
        let name =
            settings.name.clone().or_else(|| folder_name(folder)).unwrap_or_else(|| "model".to_owned());
        let pairs = Pairs::of(folder, predictor.schema())?;
        let fallback = settings.fallback.as_ref();
        let fallback =
            fallback.map(|own| Fallback::load(own, predictor, folder, pairs, threads)).transpose()?;
        let columns = columns(predictor, &remembered, pairs);
        Ok(Self { name, answerer, columns, pairs, loaded: seconds_since_1970(), fallback })
    }

    pub(crate) fn labels(&self) -> &[String] {
        self.answerer.predictor().labels()
    }

    /// Whether a list of two strings is a pair, and not two texts.
    pub(crate) fn reads_pairs(&self) -> bool {
        self.pairs != Pairs::Never
    }

    /// Texts alone are what the model reads, and single ones or pairs as it was made of.
    pub(crate) fn check_texts(&self, texts: &[OwnedText]) -> Result<(), Refusal> {
        if !self.columns.are_texts() {
            let columns = self.columns.describe();
            return Err(Refusal::shape(format!("the model reads {columns}: send rows of them to /rows")));
        }
        let wrong = |text: &OwnedText| match self.pairs {
            Pairs::Never => text.pair.is_some(),
            Pairs::Always => text.pair.is_none(),
            Pairs::Either => false,
        };
        match texts.iter().position(wrong) {
            None => Ok(()),
            Some(row) if self.pairs == Pairs::Never => {
                Err(Refusal::shape(format!("text {row} is a pair, but the model reads single texts")))
            }
            Some(row) => {
                Err(Refusal::shape(format!("text {row} is a single one, but the model reads pairs")))
            }
        }
    }
}

/// The columns by the names of the file that the model was made of.
fn columns(model: &dyn Predictor, remembered: &ColumnSettings, pairs: Pairs) -> Columns {
    let schema = model.schema();
    let mut needed = schema.needed().fields().to_vec();
    for field in &mut needed {
        let name = match field.kind {
            ColumnKind::Text => remembered.text.as_ref(),
            ColumnKind::TextPair => remembered.pair.as_ref(),
            _ => None,
        };
        field.name = name.cloned().unwrap_or_else(|| field.name.clone());
    }
    let pair_name = remembered.pair.as_deref().unwrap_or("text_pair");
    let pair_is_needed = schema.needed().pair().is_some();
    let optional = schema.reads_optional_pair() && pairs != Pairs::Never && !pair_is_needed;
    let optional_pair = optional.then(|| Field::new(pair_name, ColumnKind::TextPair));
    Columns { needed, optional_pair }
}

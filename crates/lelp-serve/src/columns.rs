//! The columns that a model reads, against which requests are held.

use std::collections::BTreeMap;

use lelp_data::{ColumnKind, ColumnSettings, ColumnType, Field};
use lelp_model::{Pairs, Predictor};

use crate::owned_text::OwnedText;
use crate::refusal::{Refusal, RefusalKind};

/// The columns that the model reads, by the names that clients know.
#[derive(Debug)]
pub(crate) struct Columns {
    pub(crate) needed: Vec<Field>,
    /// A second text that need not be there.
    pub(crate) optional_pair: Option<Field>,
    /// Columns that are written otherwise than the model reads them.
    pub(crate) types: BTreeMap<String, ColumnType>,
    /// Whether texts are single ones or pairs.
    pairs: Pairs,
}

impl Columns {
    /// Those of `model`, by the names of the file that it was made of.
    pub(crate) fn new(model: &dyn Predictor, remembered: &ColumnSettings, pairs: Pairs) -> Self {
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
        Self { needed, optional_pair, types: remembered.types.clone(), pairs }
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Field> {
        self.needed.iter().chain(&self.optional_pair).find(|field| field.name == name)
    }

    /// Whether they are a text, or a pair of texts, and nothing else.
    pub(crate) fn are_texts(&self) -> bool {
        self.needed.iter().all(|field| field.kind.is_text())
    }

    /// Columns that a model reads, in words.
    pub(crate) fn describe(&self) -> String {
        let fields = self.needed.iter().chain(&self.optional_pair);
        let kind = |field: &Field| match self.types.get(&field.name) {
            Some(of) => of.summary().to_owned(),
            None => field.kind.describe(),
        };
        let described = fields.map(|field| format!("`{}` ({})", field.name, kind(field)));
        described.collect::<Vec<_>>().join(", ")
    }

    /// Whether a list of two strings is a pair, and not two texts.
    pub(crate) fn reads_pairs(&self) -> bool {
        self.pairs != Pairs::Never
    }

    /// Texts alone are what the model reads, and single ones or pairs as it was made of.
    pub(crate) fn check_texts(&self, texts: &[OwnedText]) -> Result<(), Refusal> {
        if !self.are_texts() {
            let columns = self.describe();
            return Err(Refusal::shape(format!("the model reads {columns}: send rows of them to /rows")));
        }
        let wrong = |text: &OwnedText| match self.pairs {
            Pairs::Never => text.pair.is_some(),
            Pairs::Always => text.pair.is_none(),
            Pairs::Either => false,
        };
        let refusal = |message| Refusal::new(RefusalKind::OtherTexts, message);
        match texts.iter().position(wrong) {
            None => Ok(()),
            Some(row) if self.pairs == Pairs::Never => {
                Err(refusal(format!("text {row} is a pair, but the model reads single texts")))
            }
            Some(row) => Err(refusal(format!("text {row} is a single one, but the model reads pairs"))),
        }
    }
}

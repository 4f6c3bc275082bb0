//! A text of a request.

use lelp_data::Text;

/// A text, or a pair of texts, of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnedText {
    pub(crate) text: String,
    pub(crate) pair: Option<String>,
}

impl OwnedText {
    pub(crate) fn single(text: String) -> Self {
        Self { text, pair: None }
    }

    pub(crate) fn as_text(&self) -> Text<'_> {
        Text { text: &self.text, pair: self.pair.as_deref() }
    }
}

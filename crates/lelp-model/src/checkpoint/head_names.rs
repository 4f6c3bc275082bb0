//! Hugging Face's sequence classification heads: one hidden dense layer on the first token, then a linear layer.

/// What a family's sequence classifier puts on its encoder: `output(activation(hidden(first token)))`.
///
/// The *embedding* of a classifier is what goes into `output`, the *head* is `output` itself.
#[derive(Debug, PartialEq, Eq)]
pub struct HeadNames {
    /// The hidden dense layer, width to width.
    pub hidden: &'static str,
    /// Whether the hidden layer is the encoder's pooler: its name then stands behind the family's prefix.
    pub pooler: bool,
    /// Behind the hidden layer.
    pub activation: HeadActivation,
    /// Whether training drops out the first token's vector too; the embedding is dropped out by every family.
    pub dropout_before_hidden: bool,
    /// The linear layer, width to classes.
    pub output: &'static str,
}

/// Activation of a head's hidden layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HeadActivation {
    /// `max(x, 0)`.
    #[default]
    Relu,
    /// `tanh(x)`.
    Tanh,
}

impl HeadActivation {
    /// The activation of one value.
    #[must_use]
    pub fn apply(self, value: f32) -> f32 {
        match self {
            Self::Relu => value.max(0.0),
            Self::Tanh => value.tanh(),
        }
    }
}

pub(super) const BERT_HEAD: HeadNames = HeadNames {
    hidden: "pooler.dense",
    pooler: true,
    activation: HeadActivation::Tanh,
    dropout_before_hidden: false,
    output: "classifier",
};

/// ALBERT's pooler is the dense layer itself.
pub(super) const POOLER_ALONE_HEAD: HeadNames = HeadNames { hidden: "pooler", ..BERT_HEAD };

pub(super) const ROBERTA_HEAD: HeadNames = HeadNames {
    hidden: "classifier.dense",
    pooler: false,
    activation: HeadActivation::Tanh,
    dropout_before_hidden: true,
    output: "classifier.out_proj",
};

pub(super) const DISTILBERT_HEAD: HeadNames = HeadNames {
    hidden: "pre_classifier",
    pooler: false,
    activation: HeadActivation::Relu,
    dropout_before_hidden: false,
    output: "classifier",
};

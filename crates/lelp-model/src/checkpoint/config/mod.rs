//! `config.json` of a Hugging Face encoder, checked.

mod error;
mod file;

use std::path::Path;

use lelp_data::storage;

use super::adapter::holds_adapter;
use super::family::{Family, FirstPosition, TokenTypes};

pub use error::{EncoderConfigError, EncoderConfigFileError};

/// Sizes above this are refused: no encoder comes near, and products of two stay far below 2^63.
const LARGEST_SIZE: usize = 1 << 24;

/// More layers or outputs are refused too: a list is made of them before any weight is seen.
const MOST_LAYERS: usize = 1 << 10;
const MOST_OUTPUTS: usize = 1 << 14;

/// Outputs of a classifier whose config names none, as in `transformers`.
const DEFAULT_OUTPUTS: usize = 2;

/// Activation between the two feed-forward products.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// `x Phi(x)`, by the error function.
    Gelu,
    /// Its approximation by tanh: `x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))`.
    GeluTanh,
    /// `max(x, 0)`.
    Relu,
}

/// Buckets and reach of the relative position bias of `MPNet`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelativeBias {
    /// Rows of the learned table, both directions together.
    pub buckets: usize,
    /// Distances from here on share a bucket.
    pub farthest: usize,
}

impl RelativeBias {
    /// Bucket of `key - query = index - zero`.
    ///
    /// Distances below a quarter of the buckets have one each, larger ones share buckets logarithmically up
    /// to the farthest, and the sign chooses the half of the buckets.
    ///
    /// # Source
    /// Raffel et al. 2020, arXiv:1910.10683 (bidirectional buckets).
    #[must_use]
    pub fn bucket(self, index: usize, zero: usize) -> usize {
        let half = self.buckets / 2;
        let (side, distance) = if index > zero { (half, index - zero) } else { (0, zero - index) };
        let exact = half / 2;
        if distance < exact {
            return side + distance;
        }
        // In f32, as PyTorch does it: in f64 a distance on a bucket's edge could fall on the other side.
        let reach = (distance as f32 / exact as f32).ln() / (self.farthest as f32 / exact as f32).ln();
        #[allow(clippy::cast_sign_loss)] // `distance >= exact`, so the logarithm is not negative
        let far = exact + (reach * (half - exact) as f32) as usize;
        side + far.min(half - 1)
    }
}

/// Dropout probabilities, for training; answers use none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dropout {
    /// Behind the embeddings and every block.
    pub hidden: f32,
    /// On attention probabilities.
    pub attention: f32,
    /// In the classification head.
    pub classifier: f32,
}

/// What a classifier was trained for, as `problem_type` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemType {
    /// One class a text.
    SingleLabel,
    /// Any number of classes a text.
    MultiLabel,
    /// A number.
    Regression,
}

/// The shape of an encoder. [`parse`](Self::parse) gives a checked one; check again after a change.
#[derive(Debug, Clone, PartialEq)]
pub struct EncoderConfig {
    /// What sets the family apart.
    pub family: &'static Family,
    /// Rows of the token table.
    pub vocabulary: usize,
    /// Columns of the token table; the [`width`](Self::width) but for factorised families.
    pub embedding_width: usize,
    /// Width of the hidden vectors.
    pub width: usize,
    /// Layers that run.
    pub layers: usize,
    /// Attention heads, which share the width.
    pub heads: usize,
    /// Width between the two feed-forward products.
    pub inner: usize,
    /// Rows of the position table.
    pub positions: usize,
    /// Row of the position table that the first token uses.
    pub first_position: usize,
    /// Rows of the token type table; 0 where the family has none.
    pub token_types: usize,
    /// Id of the padding token.
    pub padding: u32,
    /// Epsilon of every layer normalisation.
    pub epsilon: f32,
    /// Between the feed-forward products.
    pub activation: Activation,
    /// Where the family has one.
    pub relative_bias: Option<RelativeBias>,
    /// For training.
    pub dropout: Dropout,
    /// Deviation of the normal distribution that new weights are drawn from.
    pub initializer_range: f32,
    /// `architectures`, such as `BertForSequenceClassification`; empty where the file does not say.
    pub architectures: Vec<String>,
    /// Names of a classifier's outputs in their order, where the file says so.
    pub labels: Option<Vec<String>>,
    /// What a classifier was trained for, where the file says so.
    pub problem: Option<ProblemType>,
}

impl EncoderConfig {
    /// Reads and checks `config.json` of `folder`.
    ///
    /// # Errors
    /// [`EncoderConfigFileError`] names the file.
    pub fn load(folder: &Path) -> Result<Self, EncoderConfigFileError> {
        let path = folder.join("config.json");
        if !path.exists() && holds_adapter(folder) {
            return Err(EncoderConfigFileError::Adapter(folder.to_owned()));
        }
        Self::parse(&storage::map(&path)?).map_err(|source| EncoderConfigFileError::Invalid { path, source })
    }

    /// Reads and checks the content of `config.json`.
    pub fn parse(json: &[u8]) -> Result<Self, EncoderConfigError> {
        let config = file::parse(json)?;
        config.check()?;
        Ok(config)
    }

    /// `config.json` of a sequence classifier with this encoder, or of the bare encoder where there are no labels.
    ///
    /// Reading it back gives this config; `transformers` reads it as the family's own class.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        file::to_bytes(self)
    }

    /// Refuses sizes and settings that no network can have.
    pub fn check(&self) -> Result<(), EncoderConfigError> {
        let sizes = [
            ("vocab_size", self.vocabulary),
            ("embedding_size", self.embedding_width),
            ("hidden_size", self.width),
            ("num_hidden_layers", self.layers),
            ("num_attention_heads", self.heads),
            ("intermediate_size", self.inner),
            ("max_position_embeddings", self.positions),
        ];
        let types = (self.family.token_types != TokenTypes::None).then_some(self.token_types);
        let sizes = sizes.into_iter().chain(types.map(|types| ("type_vocab_size", types)));
        for (field, value) in sizes {
            let largest = if field == "num_hidden_layers" { MOST_LAYERS } else { LARGEST_SIZE };
            if value == 0 || value > largest {
                return Err(EncoderConfigError::Size { field, value, largest });
            }
        }
        let (width, heads) = (self.width, self.heads);
        if !width.is_multiple_of(heads) {
            return Err(EncoderConfigError::Heads { width, heads });
        }
        let (positions, first) = (self.positions, self.first_position);
        if first >= positions {
            return Err(EncoderConfigError::Positions { positions, first });
        }
        self.check_numbers()
    }

    fn check_numbers(&self) -> Result<(), EncoderConfigError> {
        if !(self.epsilon > 0.0 && self.epsilon < 1.0) {
            return Err(EncoderConfigError::Epsilon { value: self.epsilon });
        }
        let Dropout { hidden, attention, classifier } = self.dropout;
        for (field, value) in [
            ("hidden_dropout_prob", hidden),
            ("attention_probs_dropout_prob", attention),
            ("classifier_dropout", classifier),
        ] {
            if !(0.0..1.0).contains(&value) {
                return Err(EncoderConfigError::Dropout { field, value });
            }
        }
        if !(self.initializer_range >= 0.0 && self.initializer_range.is_finite()) {
            return Err(EncoderConfigError::Initializer { value: self.initializer_range });
        }
        Ok(())
    }

    /// Tokens that the position table has room for.
    #[must_use]
    pub fn longest(&self) -> usize {
        self.positions - self.first_position
    }

    /// Width of one attention head.
    #[must_use]
    pub fn head_width(&self) -> usize {
        self.width / self.heads
    }

    /// Whether the network takes a type for each token.
    #[must_use]
    pub fn reads_token_types(&self) -> bool {
        self.family.token_types == TokenTypes::Input
    }

    /// Whether `architectures` names the family's sequence classifier.
    #[must_use]
    pub fn is_classifier(&self) -> bool {
        self.architectures.iter().any(|name| name == self.family.architecture)
    }

    /// Outputs of a classifier; where the config names none they are 2, as in `transformers`.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.labels.as_ref().map_or(DEFAULT_OUTPUTS, Vec::len)
    }
}

/// Row of the position table that the first token uses.
fn first_position(family: &Family, padding: u32) -> usize {
    match family.first_position {
        FirstPosition::Zero => 0,
        FirstPosition::BehindPadding => padding as usize + 1,
        FirstPosition::Fixed(row) => row,
    }
}

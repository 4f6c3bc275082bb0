//! The kind of student, and its sizes.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::ValueEnum;
use clap::builder::{PossibleValue, PossibleValuesParser};
use lelp_train::distill::{SettingsTable, SettingsTableError};
use lelp_train::students::encoder::LayerChoice;
use lelp_train::students::{STUDENT_KINDS, StudentSettings};

use super::model_name;

/// The kind of student and the sizes of every kind; a flag that the chosen kind does not have is refused.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Student")]
pub(crate) struct StudentArgs {
    /// Kind of student [default: ngram]
    #[arg(long, value_parser = student_kinds(), value_name = "STUDENT")]
    student: Option<String>,

    /// Width of an n-gram student's embedding table, or of an encoder from scratch [default: 32; that of --from]
    #[arg(long, value_name = "N")]
    width: Option<usize>,

    /// Units of the hidden layer of an n-gram or MLP student; 0 for none [default: 64; 256]
    #[arg(long, value_name = "N")]
    hidden: Option<usize>,

    /// Rows of an n-gram student's embedding table, a power of two [default: 262144]
    #[arg(long, value_name = "N")]
    buckets: Option<usize>,

    /// Longest run of words that an n-gram student hashes, 1 to 5 [default: 2]
    #[arg(long, value_name = "N")]
    word_order: Option<usize>,

    /// Shortest character n-gram; 0 for words alone [default: 0]
    #[arg(long, value_name = "N")]
    min_characters: Option<usize>,

    /// Longest character n-gram [default: that of --min-characters]
    #[arg(long, value_name = "N")]
    max_characters: Option<usize>,

    /// Dropout: probability of leaving out a feature of an n-gram student, or a value of an encoder
    /// [default: 0.2; as the encoder's config says]
    #[arg(long, value_name = "P")]
    dropout: Option<f32>,

    /// Width of static embeddings, vectors of word pieces that begin as an encoder's: those of a static student, or beside an
    /// n-gram student's table; 0 for none [default: 128; 0]
    #[arg(long, value_name = "N")]
    static_width: Option<usize>,

    /// Most bins that an n-gram student sorts the values of a number column into [default: 16]
    #[arg(long, value_name = "N")]
    bins: Option<NonZeroUsize>,

    /// Width of the vector that an MLP or linear student learns for each word of a category column [default: 8]
    #[arg(long, value_name = "N")]
    category_width: Option<NonZeroUsize>,

    /// Inverse of the weight of the L2 penalty of a student `tfidf` [default: the best of 1, 10 and 100 on the validation rows]
    #[arg(long, value_name = "C")]
    inverse_penalty: Option<f64>,

    /// Store an n-gram student's embedding table in 8 bits; the change in accuracy is printed
    #[arg(long)]
    int8: bool,

    /// Teacher or other encoder whose layers an encoder student takes
    #[arg(long, value_name = "DIR|MODEL", value_parser = model_name())]
    pub(crate) from: Option<String>,

    /// Number of layers of an encoder student [default: all of --from]
    #[arg(long, value_name = "N")]
    layers: Option<usize>,

    /// Which layers of --from are taken [default: lower]
    #[arg(long, value_enum, value_name = "WHICH")]
    spacing: Option<SpacingArg>,

    /// Start an encoder student from random weights instead of those of --from
    #[arg(long)]
    scratch: bool,

    /// Attention heads of an encoder from scratch [default: those of --from]
    #[arg(long, value_name = "N")]
    heads: Option<usize>,

    /// Feed-forward width of an encoder from scratch [default: that of --from]
    #[arg(long, value_name = "N")]
    inner: Option<usize>,

    /// Frozen encoder by whose embeddings an MLP or linear student reads texts, or whose vectors static embeddings begin as
    /// (a folder of model2vec too) [default: none; the teacher's]
    #[arg(long, value_name = "DIR|MODEL", value_parser = model_name())]
    pub(crate) encoder: Option<String>,

    /// Longest text in tokens for an encoder or MLP student; the rest is cut off [default: 512; as the encoder's folder says]
    #[arg(long, value_name = "N")]
    max_length: Option<NonZeroUsize>,
}

/// Which layers are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SpacingArg {
    /// The lowest.
    Lower,
    /// Evenly spaced ones, the top one among them.
    Even,
}

impl StudentArgs {
    /// Whether a flag names the kind.
    pub(crate) fn names_kind(&self) -> bool {
        self.student.is_some()
    }

    /// Sets the given flags in the `model` table of a recipe.
    pub(crate) fn set(&self, recipe: &mut SettingsTable) -> Result<(), SettingsTableError> {
        // The tag must be there as soon as the table is.
        if self.student.is_some() || !recipe.has("model") {
            let kind = self.student.as_deref().unwrap_or(StudentSettings::default().kind().name);
            recipe.set("model.student", Some(kind))?;
        }
        recipe.set("model.width", self.width)?;
        recipe.set("model.hidden", self.hidden)?;
        recipe.set("model.buckets", self.buckets)?;
        recipe.set("model.word_order", self.word_order)?;
        recipe.set("model.min_characters", self.min_characters)?;
        recipe.set("model.max_characters", self.max_characters)?;
        recipe.set("model.static_width", self.static_width)?;
        recipe.set("model.bins", self.bins)?;
        recipe.set("model.category_width", self.category_width)?;
        recipe.set("model.dropout", self.dropout)?;
        recipe.set("model.inverse_penalty", self.inverse_penalty)?;
        recipe.set("model.int8", self.int8.then_some(true))?;
        recipe.set("model.from", self.from.as_ref().map(PathBuf::from))?;
        recipe.set("model.layers", self.layers)?;
        recipe.set("model.spacing", self.spacing.map(LayerChoice::from))?;
        recipe.set("model.scratch", self.scratch.then_some(true))?;
        recipe.set("model.heads", self.heads)?;
        recipe.set("model.inner", self.inner)?;
        recipe.set("model.encoder", self.encoder.as_ref().map(PathBuf::from))?;
        recipe.set("model.max_length", self.max_length)
    }
}

/// The kinds of students, each with what it is.
fn student_kinds() -> PossibleValuesParser {
    PossibleValuesParser::new(
        STUDENT_KINDS.iter().map(|kind| PossibleValue::new(kind.name).help(kind.summary)),
    )
}

impl From<SpacingArg> for LayerChoice {
    fn from(spacing: SpacingArg) -> Self {
        match spacing {
            SpacingArg::Lower => Self::Lower,
            SpacingArg::Even => Self::Even,
        }
    }
}

//! Where inputs and labels are found in a data file.

use std::error::Error;

use lelp_data::{ColumnSettings, ColumnType};

/// Names of the columns that a model reads.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Columns")]
pub(crate) struct InputArgs {
    /// Column of the text [default: `text`; not needed where other columns are named]
    #[arg(long, value_name = "NAME")]
    pub(crate) text_column: Option<String>,

    /// Column of the second text of a pair [default: `text_pair` where there is one]
    #[arg(long, value_name = "NAME")]
    pub(crate) pair_column: Option<String>,

    /// Column of vectors: lists of numbers, or an array beside the file, as `embedding.npy` or `all.npz:embedding`
    #[arg(long, value_name = "NAME")]
    pub(crate) vector_column: Vec<String>,

    /// Columns of numbers
    #[arg(long, value_name = "A,B,..", value_delimiter = ',')]
    pub(crate) number_columns: Vec<String>,

    /// Columns of categories
    #[arg(long, value_name = "A,B,..", value_delimiter = ',')]
    pub(crate) category_columns: Vec<String>,

    #[arg(long, value_name = "NAME=TYPE,..", value_delimiter = ',', value_parser = typed, help = types_help())]
    pub(crate) column_types: Vec<(String, ColumnType)>,
}

fn types_help() -> String {
    let types = ColumnType::all().map(|own| format!("{}: {}", own.name(), own.summary()));
    format!("Columns of other types ({})", types.collect::<Vec<_>>().join("; "))
}

/// The column and its type out of `NAME=TYPE`.
fn typed(text: &str) -> Result<(String, ColumnType), Box<dyn Error + Send + Sync>> {
    let (name, column_type) = text.rsplit_once('=').ok_or("write the column and its type as `day=date`")?;
    Ok((name.to_owned(), column_type.parse()?))
}

/// Names of the columns, and of the classes.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Columns")]
pub(crate) struct ColumnArgs {
    #[command(flatten)]
    pub(crate) inputs: InputArgs,

    /// Column of the label, a name or a number; nothing is unlabelled [default: `label` where there is one]
    #[arg(long, value_name = "NAME")]
    pub(crate) label_column: Option<String>,

    /// Names of the classes in their order, as `negative,positive` [default: as the training file has them]
    #[arg(long, value_name = "A,B,..", value_delimiter = ',')]
    pub(crate) labels: Option<Vec<String>>,

    /// Labels that mean none, in place of -1, NA, NULL, None, nan and their like; '' where all are classes
    #[arg(long, value_name = "A,B,..", value_delimiter = ',')]
    pub(crate) missing_labels: Option<Vec<String>>,
}

impl InputArgs {
    /// The same as the library has it.
    pub(crate) fn settings(&self) -> ColumnSettings {
        ColumnSettings {
            text: self.text_column.clone(),
            pair: self.pair_column.clone(),
            vectors: self.vector_column.clone(),
            numbers: self.number_columns.clone(),
            categories: self.category_columns.clone(),
            types: self.column_types.iter().cloned().collect(),
            ..ColumnSettings::default()
        }
    }
}

impl ColumnArgs {
    /// The labels that mean none, where they are given.
    pub(crate) fn missing_labels(&self) -> Option<Vec<String>> {
        let marks = self.missing_labels.as_ref()?;
        Some(marks.iter().filter(|mark| !mark.is_empty()).cloned().collect())
    }

    /// The same as the library has it.
    pub(crate) fn settings(&self) -> ColumnSettings {
        ColumnSettings {
            label: self.label_column.clone(),
            labels: self.labels.clone(),
            missing_labels: self.missing_labels(),
            ..self.inputs.settings()
        }
    }
}

//! Where texts and labels are found in a data file.

use lelp_train::distill::ColumnSettings;

/// Names of the columns, and of the classes.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Columns")]
pub(crate) struct ColumnArgs {
    /// Column of the text [default: `text`]
    #[arg(long, value_name = "NAME")]
    pub(crate) text_column: Option<String>,

    /// Column of the second text of a pair [default: `text_pair` where there is one]
    #[arg(long, value_name = "NAME")]
    pub(crate) pair_column: Option<String>,

    /// Column of the label, a name or a number; nothing or -1 is unlabelled [default: `label` where there is one]
    #[arg(long, value_name = "NAME")]
    pub(crate) label_column: Option<String>,

    /// Names of the classes in their order, as `negative,positive` [default: as the training file has them]
    #[arg(long, value_name = "A,B,..", value_delimiter = ',')]
    pub(crate) labels: Option<Vec<String>>,
}

impl ColumnArgs {
    /// The same as the library has it.
    pub(crate) fn settings(&self) -> ColumnSettings {
        ColumnSettings {
            text: self.text_column.clone(),
            pair: self.pair_column.clone(),
            label: self.label_column.clone(),
            fine: None,
            labels: self.labels.clone(),
        }
    }
}

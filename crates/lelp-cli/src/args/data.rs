//! Where texts and labels are found in a data file.

/// Names of the columns.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Columns")]
pub(crate) struct ColumnArgs {
    /// Column of the text
    #[arg(long, value_name = "NAME", default_value = "text")]
    pub(crate) text_column: String,

    /// Column of the second text of a pair [default: `text_pair` where there is one]
    #[arg(long, value_name = "NAME")]
    pub(crate) pair_column: Option<String>,

    /// Column of the label, a name or a number; an empty one or -1 is unlabelled [default: `label` where there is one]
    #[arg(long, value_name = "NAME")]
    pub(crate) label_column: Option<String>,
}

/// Names of the classes.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Columns")]
pub(crate) struct LabelArgs {
    /// Names of the classes in the order of their numbers, as `negative,positive`
    #[arg(long, value_name = "A,B,..", value_delimiter = ',')]
    pub(crate) labels: Option<Vec<String>>,
}

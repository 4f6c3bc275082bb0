//! A user's own data, checked before anything is trained, and completed with held-out rows.

use std::path::{Path, PathBuf};

use lelp_data::{
    ColumnSettings, Dataset, Schema, Splits, hold_out_by_class, is_array_file, storage, write_json_lines,
};

use crate::command_error::CommandError;
use crate::data_notices;
use crate::failure::Failure;
use crate::printer::Printer;

/// Where a comparison finds data with labelled rows in all three splits, and the names of their columns.
pub(super) struct OwnData {
    pub(super) path: PathBuf,
    pub(super) columns: ColumnSettings,
    /// What is read besides texts decides who teaches and who learns.
    pub(super) schema: Schema,
}

/// The splits of a user's data, before anything is written.
pub(super) struct CheckedData {
    path: PathBuf,
    columns: ColumnSettings,
    splits: Splits,
}

/// Opens and checks the data; takes a second where training would take minutes.
pub(super) fn check(path: &Path, columns: ColumnSettings, printer: Printer) -> Result<CheckedData, Failure> {
    let splits = Splits::open(path, &columns.columns(), columns.labels.as_deref())?;
    data_notices::warn(splits.notices(), printer);
    if splits.train.labels().is_none() {
        return Err(CommandError::NoLabels { file: splits.train.file().to_owned() }.into());
    }
    Ok(CheckedData { path: path.to_owned(), columns, splits })
}

impl CheckedData {
    /// The data as they are where no split is missing; otherwise with what is missing held out of the training rows, and
    /// all of it written to `folder`.
    pub(super) fn complete(self, folder: &Path, printer: Printer) -> Result<OwnData, Failure> {
        let Self { path, columns, splits } = self;
        let labelled = |split: &Option<Dataset>| split.clone().filter(|data| data.labels().is_some());
        let mut train = splits.train;
        let mut complete = true;
        let mut held_out = |split: Option<Dataset>, name: &str| -> Result<Dataset, Failure> {
            if let Some(data) = split {
                return Ok(data);
            }
            let rows = hold_out_by_class(&train)?;
            let data = train.select(&rows.validation);
            printer.step(
                "held out",
                &format!(
                    "{} of {} training rows as {name} rows, a tenth of each class",
                    data.rows(),
                    train.rows()
                ),
            );
            train = train.select(&rows.train);
            complete = false;
            Ok(data)
        };
        let test = held_out(labelled(&splits.test), "test")?;
        let validation = held_out(labelled(&splits.validation), "validation")?;
        let schema = train.schema().clone();
        if complete {
            return Ok(OwnData { path, columns, schema });
        }
        if let Some(array) =
            columns.vectors.iter().find(|name| schema.column(name).is_some() && is_array_file(name))
        {
            return Err(CommandError::ArrayBeside { array: array.clone() }.into());
        }
        storage::create_folder(folder)?;
        for (name, data) in [("train", &train), ("validation", &validation), ("test", &test)] {
            write_json_lines(data, &columns.types, &folder.join(format!("{name}.jsonl")))?;
        }
        // They are called by their default names now, and what was unlabelled is null.
        let columns = ColumnSettings {
            labels: Some(train.label_names().to_vec()),
            missing_labels: Some(Vec::new()),
            text: None,
            pair: None,
            types: columns.types,
            ..ColumnSettings::of_schema(&schema)
        };
        Ok(OwnData { path: folder.to_owned(), columns, schema })
    }
}

//! A model and the labelled file that it is asked on.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use lelp_data::{ColumnRequest, Columns, Dataset};
use lelp_model::{LoadOptions, LoadedModel, Predictor, load_model};
use lelp_train::evaluate::{Answers, answer};

use crate::args::ColumnArgs;
use crate::data_notices;
use crate::failure::{Context, Failure};
use crate::model_columns::{asked_columns_and_classes, passes_over_pair};
use crate::printer::Printer;
use crate::progress::Rows;

/// A model, and data whose classes are its own.
pub(crate) struct AskedModel {
    pub(crate) model: LoadedModel,
    pub(crate) data: Dataset,
}

impl AskedModel {
    pub(crate) fn open(
        folder: &Path,
        file: &Path,
        columns: &ColumnArgs,
        options: impl Into<LoadOptions>,
        printer: Printer,
    ) -> Result<Self, Failure> {
        let model = load_model(folder, options)?;
        let given = columns.settings();
        let columns = asked_columns_and_classes(given.clone(), folder, model.as_ref())?;
        let names = columns.labels.as_deref().unwrap_or_default();
        let mut data = Dataset::open(file, &columns.columns())?;
        if passes_over_pair(&given, folder, model.as_ref(), data.schema(), file, printer)? {
            data = Dataset::open(file, &Columns { pair: ColumnRequest::No, ..columns.columns() })?;
        }
        let data = data.with_labels(names)?;
        data_notices::warn(data.notices(), printer);
        Ok(Self { model, data })
    }
}

/// Answers every row, until `cancel` is set.
pub(crate) fn answer_all(
    model: &dyn Predictor,
    data: &Dataset,
    file: &Path,
    doing: &str,
    cancel: &AtomicBool,
    printer: Printer,
) -> Result<Answers, Failure> {
    let bar = Rows::new(printer, doing, data.rows());
    let answers = answer(model, data, &mut |done| bar.set(done), cancel)
        .with_context(|| format!("answering `{}`", file.display()))?;
    bar.finish();
    Ok(answers)
}

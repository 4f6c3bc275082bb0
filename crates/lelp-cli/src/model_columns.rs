//! The columns that a model reads, as settings of data files.

use std::path::Path;

use lelp_data::{BoundedJsonError, ColumnSettings, Schema};
use lelp_model::{ModelSchema, Pairs, Predictor};

use crate::command_error::CommandError;
use crate::failure::Failure;
use crate::printer::Printer;

/// The names that the user gives to the classes `own`, in their order, or else these.
pub(crate) fn class_names<'a>(
    given: Option<&'a [String]>,
    own: &'a [String],
) -> Result<&'a [String], CommandError> {
    match given {
        Some(given) if given.len() != own.len() => {
            Err(CommandError::ClassNames { given: given.len(), own: own.to_vec() })
        }
        given => Ok(given.unwrap_or(own)),
    }
}

/// Names of the columns of data that the model in `folder` is asked on: those that are given, then those that it was made
/// of, then its own.
pub(crate) fn asked_columns(
    given: ColumnSettings,
    folder: &Path,
    schema: &ModelSchema,
) -> Result<ColumnSettings, BoundedJsonError> {
    Ok(given.or(ColumnSettings::remembered(folder)?).or(model_columns(schema)))
}

/// As [`asked_columns`], with the model's classes, under the names that are given for them. A name of one of the classes never
/// means that there is no label.
pub(crate) fn asked_columns_and_classes(
    given: ColumnSettings,
    folder: &Path,
    model: &dyn Predictor,
) -> Result<ColumnSettings, Failure> {
    let columns = asked_columns(given, folder, model.schema())?;
    let names = class_names(columns.labels.as_deref(), model.labels())?.to_vec();
    Ok(ColumnSettings { labels: Some(names), ..columns })
}

/// Whether a second text is passed over, which is told: the model in `folder` was made of single texts, and `file` has pairs.
/// A second text that the user names is refused.
pub(crate) fn passes_over_pair(
    given: &ColumnSettings,
    folder: &Path,
    model: &dyn Predictor,
    found: &Schema,
    file: &Path,
    printer: Printer,
) -> Result<bool, Failure> {
    let Some(pair) = found.pair() else { return Ok(false) };
    if Pairs::of(folder, model.schema())? != Pairs::Never {
        return Ok(false);
    }
    let column = found.fields()[pair].name.clone();
    if given.pair.is_some() {
        return Err(CommandError::PairForSingle { column }.into());
    }
    printer.warn(&format!(
        "the model was made of single texts: the second text of `{}` (column `{column}`) is not read",
        file.display()
    ));
    Ok(true)
}

/// Names of the columns that the model reads. For a model of texts alone they are the default names, as a text is found
/// by its kind, whatever the file calls it.
pub(crate) fn model_columns(schema: &ModelSchema) -> ColumnSettings {
    if schema.needed().is_text_only() {
        return ColumnSettings::default();
    }
    ColumnSettings::of_schema(schema.needed())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use lelp_data::{ColumnKind, Field, Schema};

    use super::*;

    #[test]
    fn columns_of_a_table_are_named_as_in_training() {
        let fields = vec![
            Field::new("query", ColumnKind::Text),
            Field::new("embedding", ColumnKind::Vector { width: 3 }),
            Field::new("clicks", ColumnKind::Number),
            Field::new("country", ColumnKind::Category),
        ];
        let columns = model_columns(&ModelSchema::columns(Schema::new(fields).unwrap()));
        assert_eq!((columns.text.as_deref(), columns.pair), (Some("query"), None));
        assert_eq!(
            [columns.vectors, columns.numbers, columns.categories].concat(),
            ["embedding", "clicks", "country"]
        );
    }

    #[test]
    fn a_text_may_be_in_a_column_of_any_name() {
        assert_eq!(model_columns(&ModelSchema::text_or_pair()), ColumnSettings::default());
    }
}

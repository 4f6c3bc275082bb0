//! What is said of rows that two splits have.

use std::path::{Path, PathBuf};

use lelp_data::{ColumnSettings, Dataset, SplitOverlap, Splits, read_json_if_there};
use serde::Deserialize;

use crate::failure::Failure;
use crate::printer::Printer;

/// From this share of a split on it is a warning.
const MANY: f64 = 0.01;

/// Says what splits have in common.
pub(crate) fn print(overlaps: &[SplitOverlap], printer: Printer) {
    for overlap in overlaps {
        if overlap.share() >= MANY {
            printer.warn(&format!("{overlap}: figures on them say nothing of new rows"));
        } else {
            printer.note(&overlap.to_string());
        }
    }
}

/// What a student's run says of the data that it learned from.
#[derive(Deserialize)]
struct RunFile {
    settings: RunSettings,
}

#[derive(Deserialize)]
struct RunSettings {
    data: PathBuf,
}

/// How many rows of `data` the student in `model` learned from, which is said; none where its training file is not known.
pub(crate) fn with_training(
    model: &Path,
    given: ColumnSettings,
    train: Option<&Path>,
    data: &Dataset,
    printer: Printer,
) -> Result<Option<usize>, Failure> {
    let columns = given.or(ColumnSettings::remembered(model)?);
    let open = |path: &Path| Splits::open_train(path, &columns.columns(), None);
    let train = if let Some(path) = train {
        open(path)?
    } else {
        // It may be elsewhere by now, or on another machine.
        let run = read_json_if_there::<RunFile>(&model.join("run.json")).ok().flatten();
        let Some(train) = run.and_then(|run| open(&run.settings.data).ok()) else { return Ok(None) };
        train
    };
    let overlaps = lelp_data::overlaps(&[("training", Some(&train)), ("given", Some(data))]);
    print(&overlaps, printer);
    Ok(Some(overlaps.first().map_or(0, |overlap| overlap.rows)))
}

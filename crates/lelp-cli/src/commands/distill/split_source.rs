//! The embeddings that classes are split by, where they are not the teacher's.

use std::sync::atomic::AtomicBool;

use lelp_data::{SignalsFolder, Splits};
use lelp_train::distill::{DistillSettings, SplitEncoder, Task, TaskError};

use crate::args::GlobalArgs;
use crate::command_error::CommandError;
use crate::encoder_cache::{embedding_cache, encoder_folder, split_signals_cache};
use crate::failure::Failure;
use crate::printer::Printer;
use crate::progress;

/// The task with the embeddings that its classes are split by, where those are not the teacher's.
pub(super) fn with_split_source(
    task: Task,
    settings: &DistillSettings,
    global: &GlobalArgs,
    printer: Printer,
    cancel: &AtomicBool,
) -> Result<Task, Failure> {
    let signals = match (&settings.split_signals, &settings.split_encoder) {
        (Some(_), Some(_)) => return Err(CommandError::TwoSplitSources.into()),
        (None, None) => return Ok(task),
        (Some(folder), None) => SignalsFolder::open(folder)?,
        (None, Some(encoder)) => {
            let teacher = task.signals().ok_or(TaskError::NothingToSplit)?;
            let encoder = encoder_folder(&encoder.to_string_lossy(), printer)?;
            let data = Splits::open(&settings.data, &settings.columns.columns(), Some(task.labels()))?.train;
            let (cache, kept) = (embedding_cache()?, split_signals_cache()?);
            let threads = global.threads();
            let split = SplitEncoder { encoder: &encoder, cache: &cache, kept: &kept, threads };
            let bar = progress::Rows::new(printer, "embedding", data.rows());
            let signals = split.signals(teacher, &data, &mut |done| bar.set(done), cancel)?;
            bar.finish();
            signals
        }
    };
    let folder = signals.folder().display().to_string();
    let task = task.with_split_signals(signals)?;
    printer.step("split", &format!("by the embeddings of `{folder}`"));
    Ok(task)
}

//! `lelp teach --tune all`: fine-tune encoder and head together.

use lelp_train::encoder::EncoderSource;
use lelp_train::teachers::{FineTuning, TeacherFolder};
use lelp_train::training::{Checkpoints, Event, TrainSettings};

use super::{Arguments, open_labelled, print_trained};
use crate::args::GlobalArgs;
use crate::command_error::CommandError;
use crate::encoder_cache::encoder_folder;
use crate::failure::{Context, Failure};
use crate::interrupt;
use crate::printer::Printer;
use crate::progress;

pub(super) fn run(arguments: &Arguments, global: &GlobalArgs, printer: Printer) -> Result<(), Failure> {
    let Some(encoder) = &arguments.encoder else {
        let problem = "`--tune all` trains an encoder, and `--encoder` names none";
        return Err(Failure::usage(problem).with_hint("name one, or pass `--tune head`"));
    };
    if arguments.hidden.is_some() || arguments.pooling.is_some() || arguments.category_width.is_some() {
        let problem = "`--hidden`, `--pooling` and `--category-width` are for `--tune head`";
        return Err(Failure::usage(problem).with_hint("leave them out, or pass `--tune head`"));
    }
    let out = &arguments.out;
    let done = ["config.json", "teacher.json"].iter().any(|name| out.join(name).exists());
    if done && !arguments.overwrite {
        return Err(CommandError::TeacherExists(out.clone()).into());
    }
    let subclasses = arguments.subclasses.settings()?;
    if subclasses.is_some() && arguments.labels.given() {
        let problem = "`--label-smoothing` and `--balanced` are for teachers without `--subclasses`";
        return Err(Failure::usage(problem));
    }
    let (train, validation) = open_labelled(&arguments.data, &arguments.columns, printer)?.learning()?;
    let source = EncoderSource::whole(&encoder_folder(encoder, printer)?, arguments.max_length)?;
    let settings = arguments.training.apply(TrainSettings::encoder());
    if arguments.overwrite {
        Checkpoints::remove(out)?;
    }
    let tuning = FineTuning {
        source: &source,
        train: &train,
        validation: &validation,
        labels: arguments.labels.settings(),
        subclasses,
        encoder: arguments.encoder_training.apply(arguments.dropout),
        settings,
    };
    let columns = arguments.columns.settings().with_pair_of(train.schema());
    let folder = TeacherFolder {
        path: out,
        encoder,
        columns: &columns,
        checkpoint_every: arguments.log.checkpoint_every(),
        tensorboard: arguments.log.tensorboard.as_deref(),
    };
    let cancel = interrupt::cancel_flag()?;
    let mut bar = progress::long_epochs(printer, "fine-tuning", settings.epochs);
    let report = tuning
        .train(&folder, global.threads(), &mut |event: Event<'_>| bar.event(&event), &cancel)
        .with_context(|| format!("fine-tuning on `{}`", train.file().display()))?;
    bar.finish();
    print_trained(&report, validation.labelled_rows(), out, printer);
    Ok(())
}

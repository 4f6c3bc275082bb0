//! `lelp teach --tune all`: encoder and head together.

use lelp_infer::storage;
use lelp_train::data::{Dataset, Splits, hold_out};
use lelp_train::method::{CeSettings, SubclassTeaching};
use lelp_train::model::{EncoderSettings, EncoderSource};
use lelp_train::run::{Checkpoints, Event, Log, TrainReport, TrainSettings};
use lelp_train::teacher::FineTuning;
use serde::Serialize;

use super::{Arguments, labelled, say_taught};
use crate::args::GlobalArgs;
use crate::commands::pull::encoder_folder;
use crate::failure::{Failure, While};
use crate::interrupt;
use crate::printer::Printer;
use crate::progress;

/// Everything that decides what the teacher becomes: a training goes on only where all of it is the same.
#[derive(Debug, Serialize)]
struct Settings {
    version: &'static str,
    encoder_hash: String,
    train_hash: String,
    labels_hash: String,
    validation_hash: String,
    max_length: usize,
    labels: CeSettings,
    subclasses: Option<SubclassTeaching>,
    encoder: EncoderSettings,
    train: TrainSettings,
}

/// `run.json` of the teacher.
#[derive(Debug, Serialize)]
struct RunRecord<'a> {
    settings: &'a Settings,
    encoder: &'a str,
    labels: &'a [String],
    best_epoch: usize,
    validation: Option<lelp_train::run::ValidationRecord>,
    seconds: f64,
}

pub(super) fn run(arguments: &Arguments, global: &GlobalArgs, printer: Printer) -> Result<(), Failure> {
    if arguments.hidden.is_some() || arguments.pooling.is_some() {
        let problem = "`--hidden` and `--pooling` are for a head on a frozen encoder";
        return Err(Failure::usage(problem).with_hint("leave them out, or pass `--tune head`"));
    }
    let out = &arguments.out;
    let done = ["config.json", "teacher.json"].iter().any(|name| out.join(name).exists());
    if done && !arguments.overwrite {
        let problem = format!("`{}` holds a teacher already", out.display());
        return Err(Failure::input(problem).with_hint("choose another folder, or pass `--overwrite`"));
    }
    let subclasses = arguments.subclasses.settings()?;
    if subclasses.is_some() && arguments.labels.given() {
        let problem = "`--label-smoothing` and `--balanced` are for teachers without `--subclasses`";
        return Err(Failure::usage(problem));
    }
    let Splits { train, validation, .. } = labelled(&arguments.data, &arguments.columns)?;
    let (train, validation) = if let Some(validation) = validation {
        (train, validation)
    } else {
        let rows = hold_out(&train)?;
        (train.select(&rows.train), train.select(&rows.validation))
    };
    let folder = encoder_folder(&arguments.encoder, printer)?;
    let source = EncoderSource::whole(&folder, arguments.max_length)?;
    let settings = settings(arguments, subclasses, &source, &train, &validation)?;
    let checkpoints = Checkpoints::new(out, arguments.log.checkpoint_every(), &settings);
    if arguments.overwrite {
        Checkpoints::remove(out)?;
    }
    let mut log = Log::new(out, arguments.log.tensorboard.as_deref())?;
    let cancel = interrupt::flag()?;
    let tuning = FineTuning {
        source: &source,
        train: &train,
        validation: &validation,
        labels: settings.labels,
        subclasses,
        encoder: settings.encoder,
        settings: settings.train,
        checkpoints: Some(&checkpoints),
    };
    let mut watch = progress::long_epochs(printer, "fine-tuning", settings.train.epochs);
    let mut event = |event: Event<'_>| {
        watch.event(&event);
        log.event(&event);
    };
    let (student, report) = tuning
        .run(global.threads(), &mut event, &cancel)
        .or_while(|| format!("fine-tuning on `{}`", train.file().display()))?;
    watch.finish();
    log.finish()?;
    source.save(out, &student, train.label_names(), tuning.per_class())?;
    record(arguments, &settings, train.label_names(), &report)?;
    Checkpoints::remove(out)?;
    say_taught(&report, validation.labelled_rows(), out, printer);
    Ok(())
}

fn settings(
    arguments: &Arguments,
    subclasses: Option<SubclassTeaching>,
    source: &EncoderSource,
    train: &Dataset,
    validation: &Dataset,
) -> Result<Settings, Failure> {
    Ok(Settings {
        version: env!("CARGO_PKG_VERSION"),
        encoder_hash: source.hash()?,
        train_hash: train.hash(),
        labels_hash: train.labels_hash(),
        validation_hash: validation.hash(),
        max_length: source.tokenizer().max_length(),
        labels: arguments.labels.settings(),
        subclasses,
        encoder: arguments.encoder_training.apply(arguments.dropout),
        train: arguments.training.apply(TrainSettings::encoder()),
    })
}

fn record(
    arguments: &Arguments,
    settings: &Settings,
    labels: &[String],
    report: &TrainReport,
) -> Result<(), Failure> {
    let record = RunRecord {
        settings,
        encoder: &arguments.encoder,
        labels,
        best_epoch: report.best_epoch,
        validation: report.best().and_then(|epoch| epoch.validation),
        seconds: report.seconds,
    };
    Ok(storage::write(&arguments.out.join("run.json"), &storage::pretty_json(&record))?)
}

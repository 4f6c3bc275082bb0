//! `lelp compare`: which method helps on which data.

mod progress;
pub(crate) mod tables;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use lelp_compare::prepare::Locations;
use lelp_compare::recipe::{ComparisonRecipe, DataLocation, SplitEntry, TeacherSource, TeacherTraining};
use lelp_compare::run::Comparison;
use lelp_compare::store::{Results, ResultsStore};
use lelp_compare::summary::Summary;
use lelp_data::storage::{self, FolderLock, LockError};

use self::progress::ComparisonBar;
use crate::args::GlobalArgs;
use crate::bundled_queries;
use crate::command_error::CommandError;
use crate::encoder_cache::{embedding_cache, encoder_folder, signals_cache};
use crate::failure::{Context, Failure};
use crate::interrupt;
use crate::printer::Printer;

const EXAMPLES: &str = "\
Examples:
  lelp compare --recipe recipes/smoke.toml --out runs/smoke
  lelp compare --recipe recipes/hidden-structure.toml --data datasets/ --out runs/hidden";

/// Compare methods over data sets, teachers, students and seeds
///
/// A recipe (TOML) names data sets, teachers, students and methods. Every method gets the same
/// number of trials for its settings, and the best on the validation rows are kept. Then a student
/// a seed is trained with them and measured on the test rows, which are read once. The tables show
/// accuracy, cost, and whether a difference is significant: a paired t-test over seeds and a paired
/// bootstrap over test rows, both corrected for the number of methods.
///
/// Each finished trial and student is a line of `results.jsonl` in --out: a comparison that was
/// stopped resumes with the same command. `tables.md` and `summary.json` are written at the end. A
/// trial or student that fails is recorded with its error, the others run, and the exit code is 1.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// What to compare, in TOML: [[data]], [[teachers]], [[students]], [[methods]], trials, search_seeds, seeds, baseline
    #[arg(long, value_name = "FILE")]
    recipe: PathBuf,

    /// Folder that the recipe's paths are relative to [default: the recipe's own]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Folder for teachers, signals and results
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Methods to run at the same time, sharing the threads; encoder students run one by one [default: one a thread]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,

    /// Add to results of another recipe in the folder; trials and students that both share are not run again
    #[arg(long)]
    extend: bool,

    /// Print the summary as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments, global: &GlobalArgs, printer: Printer) -> Result<(), Failure> {
    let beside = arguments.recipe.parent().unwrap_or(Path::new(""));
    let options = CompareOptions {
        recipe: &arguments.recipe,
        data: arguments.data.as_deref().unwrap_or(beside),
        out: &arguments.out,
        jobs: arguments.jobs,
        extend: arguments.extend,
    };
    let cancel = interrupt::cancel_flag()?;
    let results = results(&options, global, printer, &cancel)?;
    if arguments.json {
        printer.json(&Summary::of(&results))?;
    } else {
        printer.data(&tables::text(&Summary::of(&results)))?;
    }
    let failed = results.failed.iter().filter(|failed| !failed.refused).count();
    if failed > 0 {
        return Err(CommandError::FailedCells { failed }.into());
    }
    Ok(())
}

/// Where a comparison reads and writes, and how it runs.
pub(crate) struct CompareOptions<'a> {
    pub(crate) recipe: &'a Path,
    pub(crate) data: &'a Path,
    pub(crate) out: &'a Path,
    pub(crate) jobs: Option<NonZeroUsize>,
    pub(crate) extend: bool,
}

/// Runs what is not done yet, writes the tables and returns all results.
pub(crate) fn results(
    options: &CompareOptions<'_>,
    global: &GlobalArgs,
    printer: Printer,
    cancel: &AtomicBool,
) -> Result<Results, Failure> {
    let CompareOptions { recipe: path, data, out, jobs, extend } = *options;
    let (mut recipe, record) = ComparisonRecipe::open(path)?;
    let waits = |held: &LockError| printer.step("waiting", &held.to_string());
    let _lock =
        FolderLock::wait(out, waits, cancel)?.ok_or_else(|| CommandError::StoppedWaiting(out.to_owned()))?;
    let store = ResultsStore::open(out, record, extend)?;
    resolve_encoders(&mut recipe, data, printer)?;
    if recipe.data.iter().any(|entry| entry.path == DataLocation::Bundled) {
        bundled_queries::unpack(&out.join(DataLocation::BUNDLED))?;
    }
    let (cache, signals) = (embedding_cache()?, signals_cache(out));
    let comparison = Comparison {
        recipe: &recipe,
        locations: Locations { data, out, cache: &cache, signals: &signals, threads: global.threads() },
        store: &store,
        jobs: jobs.unwrap_or(global.threads()),
    };
    let progress = ComparisonBar::new(printer, comparison.cells());
    let ran = comparison.run(&progress, cancel);
    progress.finish();
    let results = store.read(Results::clone);
    let summary = Summary::of(&results);
    storage::write(&out.join("tables.md"), summary.to_string().as_bytes())?;
    storage::write(&out.join("summary.json"), &storage::pretty_json(&summary))?;
    ran.with_context(|| format!("comparing by `{}`", path.display()))?;
    printer.step("wrote", &format!("`{}`: tables.md, summary.json, results.jsonl", out.display()));
    Ok(results)
}

/// Replaces names of models by their folders, below `data` or fetched if needed.
fn resolve_encoders(recipe: &mut ComparisonRecipe, data: &Path, printer: Printer) -> Result<(), Failure> {
    let folder = |name: &str| {
        let below = data.join(name);
        if below.is_dir() { Ok(below) } else { encoder_folder(name, printer) }
    };
    for teacher in &mut recipe.teachers {
        if let TeacherSource::Trained(TeacherTraining { encoder: Some(encoder), .. }) = &mut teacher.source {
            *encoder = folder(encoder)?.to_string_lossy().into_owned();
        }
        if let Some(SplitEntry::Encoder(encoder)) = &mut teacher.split {
            *encoder = encoder_folder(encoder, printer)?.to_string_lossy().into_owned();
        }
    }
    for student in &mut recipe.students {
        let model = std::mem::take(&mut student.model);
        student.model = model.find_encoder(|name| folder(&name.to_string_lossy()))?;
    }
    Ok(())
}

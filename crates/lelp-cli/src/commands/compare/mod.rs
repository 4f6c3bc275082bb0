//! `lelp compare`: which method pays on which data, honestly.

pub(crate) mod tables;
mod watch;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use lelp_compare::prepare::Places;
use lelp_compare::recipe::{Recipe, TeacherSource, Teaching};
use lelp_compare::run::Comparison;
use lelp_compare::store::{Results, Store};
use lelp_compare::summary::Summary;
use lelp_data::storage;
use lelp_train::distill::StudentSettings;

use self::watch::Progress;
use crate::args::GlobalArgs;
use crate::commands::pull::{encoder_folder, kept_embeddings};
use crate::commands::quickstart::bundled;
use crate::failure::{Failure, While};
use crate::interrupt;
use crate::printer::Printer;

/// Compare methods: data sets x teachers x students x methods x seeds
///
/// A recipe (TOML) names data sets, teachers, students and methods. Each method gets the same
/// number of trials of its settings, chosen on the validation rows; then students with the chosen
/// settings, one a seed, are measured on the test rows, which are read once. The tables say
/// whether a difference is more than luck: a paired test over seeds, a paired bootstrap over test
/// rows, corrected for the number of methods; and what each method costs.
///
/// `results.jsonl` in --out grows cell by cell: a comparison that was stopped goes on with the
/// same command, and a finished cell is not run again. `tables.md` and `summary.json` are written
/// at the end. A cell that fails is written down with its error, the rest goes on, and the exit
/// code is 1.
///
/// Examples:
///   lelp compare --recipe recipes/smoke.toml --out runs/smoke
///   lelp compare --recipe recipes/hidden-structure.toml --data datasets/ --out runs/hidden
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Arguments {
    /// What is compared, in TOML: [[data]], [[teachers]], [[students]], [[methods]], trials, search_seeds, seeds, baseline
    #[arg(long, value_name = "FILE")]
    recipe: PathBuf,

    /// Folder that the recipe's paths start from [default: that of the recipe]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Folder for teachers, signals and results
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Methods to run side by side, sharing the threads; encoder students run one after the other [default: all threads]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,

    /// Go on although the folder holds results of another recipe; cells that both share are not run again
    #[arg(long)]
    extend: bool,

    /// Print the summary as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments, global: &GlobalArgs, printer: Printer) -> Result<(), Failure> {
    let beside = arguments.recipe.parent().unwrap_or(Path::new(""));
    let comparing = Comparing {
        recipe: &arguments.recipe,
        data: arguments.data.as_deref().unwrap_or(beside),
        out: &arguments.out,
        jobs: arguments.jobs,
        extend: arguments.extend,
    };
    let cancel = interrupt::flag()?;
    let results = results(&comparing, global, printer, &cancel)?;
    if arguments.json {
        let summary = storage::pretty_json(&Summary::of(&results));
        printer.data(String::from_utf8_lossy(&summary).trim_end())?;
    } else {
        printer.data(&tables::text(&Summary::of(&results)))?;
    }
    let failed = results.failed.iter().filter(|failed| !failed.refused).count();
    if failed > 0 {
        let problem = format!("{failed} cells failed; they are listed above and in `results.jsonl`");
        return Err(Failure::input(problem).with_hint("the same command tries them again"));
    }
    Ok(())
}

/// What a comparison is run with.
pub(crate) struct Comparing<'a> {
    pub(crate) recipe: &'a Path,
    pub(crate) data: &'a Path,
    pub(crate) out: &'a Path,
    pub(crate) jobs: Option<NonZeroUsize>,
    pub(crate) extend: bool,
}

/// Runs what is not done yet, writes the tables, and gives all results.
pub(crate) fn results(
    comparing: &Comparing<'_>,
    global: &GlobalArgs,
    printer: Printer,
    cancel: &AtomicBool,
) -> Result<Results, Failure> {
    let Comparing { recipe: path, data, out, jobs, extend } = *comparing;
    let (mut recipe, record) = Recipe::open(path)?;
    let store = Store::open(out, record, extend).map_err(other_recipe)?;
    find_encoders(&mut recipe, printer)?;
    if recipe.data.iter().any(|entry| entry.path.as_os_str() == "bundled") {
        bundled::unpack(&out.join("bundled"))?;
    }
    let kept = kept_embeddings()?;
    let comparison = Comparison {
        recipe: &recipe,
        places: Places { data, out, kept: &kept, threads: global.threads() },
        store: &store,
        jobs: jobs.unwrap_or(global.threads()),
    };
    let progress = Progress::new(printer, comparison.cells());
    let ran = comparison.run(&progress, cancel);
    progress.finish();
    let results = store.read(Results::clone);
    let summary = Summary::of(&results);
    storage::write(&out.join("tables.md"), summary.to_string().as_bytes())?;
    storage::write(&out.join("summary.json"), &storage::pretty_json(&summary))?;
    ran.or_while(|| format!("comparing by `{}`", path.display()))?;
    printer.step("wrote", &format!("`{}`: tables.md, summary.json, results.jsonl", out.display()));
    Ok(results)
}

/// What to do with a folder of another comparison.
fn other_recipe(error: lelp_compare::store::ResultsError) -> Failure {
    let other = matches!(error, lelp_compare::store::ResultsError::OtherRecipe { .. });
    let failure = Failure::input(error);
    if !other {
        return failure;
    }
    failure.with_hint("choose another `--out`, or pass `--extend` to keep the cells that both recipes share")
}

/// Puts folders of models in place of their names.
fn find_encoders(recipe: &mut Recipe, printer: Printer) -> Result<(), Failure> {
    for teacher in &mut recipe.teachers {
        if let TeacherSource::Taught(Teaching { encoder, .. }) = &mut teacher.source {
            *encoder = encoder_folder(encoder, printer)?.to_string_lossy().into_owned();
        }
    }
    for student in &mut recipe.students {
        let name = match &mut student.model {
            StudentSettings::Ngram(_) => continue,
            StudentSettings::Encoder(options) => &mut options.from,
            StudentSettings::Mlp(options) => &mut options.encoder,
        };
        if name.as_os_str() != "{teacher}" && !name.as_os_str().is_empty() {
            *name = encoder_folder(&name.to_string_lossy(), printer)?;
        }
    }
    Ok(())
}

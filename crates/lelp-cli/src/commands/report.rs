//! `lelp report`: write a run as one HTML page.

use std::path::PathBuf;

use lelp::counted;
use lelp_data::storage;
use lelp_report::page::page;
use lelp_report::read::{ReadContext, read};
use lelp_report::run_report::RunReport;

use crate::args::GlobalArgs;
use crate::command_error::CommandError;
use crate::failure::{Context, Failure};
use crate::interrupt;
use crate::printer::Printer;

const EXAMPLES: &str = r#"Examples:
  lelp report --run lelp-quickstart --out report.html
  lelp report --run student --out student.html --title "The student of May""#;

/// Write a run as one HTML page: tables, charts, a map of the embeddings, subclasses, settings
///
/// A run is the folder of a student (`lelp distill`), of a comparison or of a quickstart. The page needs no network and
/// no other file, and can be read on a phone, in print, with the keyboard and without telling colours apart. Parts that
/// need data or signals which have been moved or deleted are left out, and the page says so.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Folder of a student, of a comparison or of a quickstart
    #[arg(long, value_name = "DIR")]
    run: PathBuf,

    /// File for the page
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    /// Title of the page [default: the kind of run and the folder's name]
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
}

pub(crate) fn run(arguments: &Arguments, global: &GlobalArgs, printer: Printer) -> Result<(), Failure> {
    let out = &arguments.out;
    let ending = out.extension().unwrap_or_default().to_ascii_lowercase();
    if out.exists() && ending != "html" && ending != "htm" {
        return Err(CommandError::NotAPage(out.clone()).into());
    }
    let cancel = interrupt::cancel_flag()?;
    let mut progress = |object: &str| printer.step("reading", object);
    let mut context = ReadContext { threads: global.threads(), progress: &mut progress, cancelled: &cancel };
    let run = read(&arguments.run, &mut context)
        .with_context(|| format!("reading `{}`", arguments.run.display()))?;
    let title = arguments.title.clone().unwrap_or_else(|| title(&run));
    let page = page(&run, &title);
    storage::write(out, page.as_bytes())?;
    printer.step("found", &found(&run));
    for omission in &run.omissions {
        printer.step("left out", &format!("{}: {}", omission.part, omission.reason));
    }
    let megabytes = page.len() as f64 / 1e6;
    printer.step("wrote", &format!("`{}`: {megabytes:.1} MB", out.display()));
    Ok(())
}

/// The kind of run and the folder's own name.
fn title(run: &RunReport) -> String {
    let folder = run.folder.canonicalize().unwrap_or_else(|_| run.folder.clone());
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut kind = run.kind.name().to_owned();
    if let Some(first) = kind.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    format!("{kind} {name}")
}

fn found(run: &RunReport) -> String {
    let methods = run.groups.iter().flat_map(|group| &group.methods);
    let runs: usize = methods.clone().map(|result| result.runs.len()).sum();
    let trials: usize = methods.clone().map(|result| result.trials.len()).sum();
    let parts = [
        counted(methods.count(), "method"),
        counted(runs, "student"),
        counted(trials, "trial"),
        counted(run.failures.len(), "failure"),
        counted(run.analyses.len(), "map"),
    ];
    format!("a {}: {}", run.kind.name(), parts.join(", "))
}

//! `lelp man`: write the manual pages.

use std::path::PathBuf;

use lelp_data::storage;

use crate::failure::Failure;
use crate::printer::Printer;

/// Write the manual pages, one for each command
///
/// Example: lelp man --out ~/.local/share/man/man1
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Folder to write the pages into
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(crate) fn run(arguments: &Arguments, parser: &clap::Command, printer: Printer) -> Result<(), Failure> {
    storage::create_folder(&arguments.out)?;
    let mut pages = vec![(String::from("lelp"), parser.clone())];
    for part in parser.get_subcommands() {
        let name = format!("lelp-{}", part.get_name());
        pages.push((name.clone(), part.clone().name(name.leak() as &str)));
    }
    for (name, command) in &pages {
        let mut page = Vec::new();
        clap_mangen::Man::new(command.clone()).render(&mut page).map_err(Failure::defect)?;
        storage::write(&arguments.out.join(format!("{name}.1")), &page)?;
    }
    printer.step("wrote", &format!("{} pages to `{}`", pages.len(), arguments.out.display()));
    Ok(())
}

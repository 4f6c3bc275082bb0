//! The seam of target makers: what one says about itself, what it needs, what it fits.

use std::any::Any;
use std::fmt;
use std::num::NonZeroUsize;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::artifact::{ArtifactError, ArtifactReader, FitArtifact};
use crate::error::{FitError, ShapeError};
use crate::parameter::Parameter;
use crate::signals::{Head, Signals};
use crate::subclass::fine_labels::FineLabels;
use crate::subclass::report::SplitReport;
use crate::subclass::requirements::Requirements;
use crate::subclass::statistics::SplitStatistics;
use crate::subclass::target_settings::{Beta, SplitWeight, TargetSettings};
use crate::subclass::targets::{map_blocks, write_targets};

/// The key that holds the maker's name in its settings as JSON, and the name of the seed where there is one.
pub(super) const NAME_KEY: &str = "split";
pub(super) const SEED_KEY: &str = "seed";

/// The settings of one way to split each class into subclasses, and all that is to say about it.
///
/// A maker is one file of this folder and one line in its [registry](super::makers): settings with defaults,
/// their description for help and search, and the fit. The settings type also derives `Clone`, `Debug`,
/// `Serialize` and `Deserialize` (with `deny_unknown_fields` and `default`) and implements `Default`.
pub trait TargetMaker: SettingsJson {
    /// Its name in recipes, files and on the command line.
    fn name(&self) -> &'static str;

    /// What the subclasses are, in a line without a full stop.
    fn summary(&self) -> &'static str;

    /// Where its definition is from.
    fn source(&self) -> &'static str;

    /// Its settings, the seed apart: the student's seed is that of the split.
    fn parameters(&self) -> &'static [Parameter];

    /// The width of the softmax over a class's subclasses, in the unit of its scores: help and search range.
    fn beta(&self) -> Parameter;

    /// The width that is used unless another is given.
    fn default_beta(&self) -> Beta;

    /// What its split weighs in a student's loss unless another weight is given.
    fn default_split_weight(&self) -> SplitWeight {
        SplitWeight::default()
    }

    /// What it needs to know of the rows.
    fn requirements(&self) -> Requirements;

    /// Subclasses of each class; none where only the data says how many there are.
    fn subclasses(&self) -> Option<NonZeroUsize>;

    /// Fits a split on statistics that were gathered for these settings; `head` is the teacher's, where it is known.
    ///
    /// # Errors
    /// [`FitError::MissingStatistics`] if `statistics` do not [satisfy](SplitStatistics::satisfy) the
    /// [requirements](Self::requirements); the maker's own conditions, such as [`FitError::ClassTooSmall`].
    fn fit(
        &self,
        statistics: &SplitStatistics,
        head: Option<&Head>,
        threads: NonZeroUsize,
    ) -> Result<Box<dyn SubclassFit>, FitError>;

    /// Reads a fit of these settings back from what its [`artifact`](SubclassFit::artifact) wrote.
    ///
    /// # Errors
    /// [`ArtifactError`] for anything else; bytes are untrusted.
    fn read(&self, artifact: &ArtifactReader<'_>) -> Result<Box<dyn SubclassFit>, ArtifactError>;
}

/// What a settings type has by its derives.
pub trait SettingsJson: fmt::Debug + Send + Sync + Any {
    /// The settings by name.
    fn to_json(&self) -> Map<String, Value>;
}

impl<T: TargetMaker + Serialize> SettingsJson for T {
    fn to_json(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(settings)) => settings,
            // A unit struct has no settings; all others are structs of numbers, words and switches.
            _ => Map::new(),
        }
    }
}

/// The settings of any target maker.
///
/// As JSON or TOML an object whose key `split` holds the maker's name and whose other keys are its settings; settings
/// that are left out have their defaults, and unknown ones are refused.
#[derive(Clone)]
pub struct MakerSettings(Arc<dyn TargetMaker>);

impl<T: TargetMaker> From<T> for MakerSettings {
    fn from(settings: T) -> Self {
        Self(Arc::new(settings))
    }
}

impl Deref for MakerSettings {
    type Target = dyn TargetMaker;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl PartialEq for MakerSettings {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name() && self.to_json() == other.to_json()
    }
}

impl fmt::Debug for MakerSettings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl Serialize for MakerSettings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut settings = self.to_json();
        settings.insert(NAME_KEY.to_owned(), self.name().into());
        settings.serialize(serializer)
    }
}

/// A fitted split: scores for any rows, and from them soft labels over all subclasses.
///
/// A kind of fit implements the first part; scores and targets follow.
pub trait SubclassFit: DynEq {
    /// Number of classes.
    fn classes(&self) -> usize;

    /// Subclasses of each class (S).
    fn per_class(&self) -> usize;

    /// The settings it was made with.
    fn settings(&self) -> &MakerSettings;

    /// Whether rows can be scored; the number of classes has been checked.
    ///
    /// # Errors
    /// [`FitError::Shape`] if sizes differ from the fit's; [`FitError::NoFineLabels`] if they are needed and missing.
    fn check(&self, signals: &Signals, fine: Option<FineLabels<'_>>) -> Result<(), FitError>;

    /// Writes the scores of the rows from `first` on into `scores`, `[n, classes * per_class]`; the rows have been
    /// [checked](Self::check).
    fn write_scores(&self, signals: &Signals, fine: Option<FineLabels<'_>>, first: usize, scores: &mut [f32]);

    /// What was found in each class.
    fn report(&self) -> SplitReport;

    /// What a file has to hold so that [`TargetMaker::read`] can make the fit again.
    fn artifact(&self) -> FitArtifact;

    /// Columns of scores and targets: classes times subclasses.
    fn outputs(&self) -> usize {
        self.classes() * self.per_class()
    }

    /// Scores of each row for each subclass, in the unit of the maker; minus infinity for subclasses that a class
    /// does not have.
    ///
    /// # Shapes
    /// Result: `[rows, classes * per_class]`, column `c * per_class + s`.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    fn scores(
        &self,
        signals: &Signals,
        fine: Option<FineLabels<'_>>,
        threads: NonZeroUsize,
    ) -> Result<Vec<f32>, FitError> {
        ShapeError::check("classes of the signals", signals.classes(), self.classes())?;
        self.check(signals, fine)?;
        Ok(map_blocks(signals.rows(), self.outputs(), threads, |first, block| {
            self.write_scores(signals, fine, first, block);
        }))
    }

    /// Soft labels over all subclasses: `t_cs = p_c softmax_s(score_cs / beta)`, `p = softmax(logits / temperature)`.
    ///
    /// Hence `sum_s t_cs = p_c`, and with one subclass a class the targets are the probabilities.
    ///
    /// # Shapes
    /// Result: `[rows, classes * per_class]`, column `c * per_class + s`.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    fn targets(
        &self,
        signals: &Signals,
        fine: Option<FineLabels<'_>>,
        settings: TargetSettings,
        threads: NonZeroUsize,
    ) -> Result<Vec<f32>, FitError> {
        ShapeError::check("classes of the signals", signals.classes(), self.classes())?;
        self.check(signals, fine)?;
        let (classes, outputs) = (self.classes(), self.outputs());
        Ok(map_blocks(signals.rows(), outputs, threads, |first, block| {
            self.write_scores(signals, fine, first, block);
            let rows = block.len() / outputs;
            write_targets(block, &signals.logits()[first * classes..][..rows * classes], classes, settings);
        }))
    }
}

/// What a kind of fit has by its derives.
pub trait DynEq: fmt::Debug + Send + Sync + Any {
    /// Whether `other` is of the same kind and equal.
    fn equals(&self, other: &dyn Any) -> bool;
}

impl<T: SubclassFit + PartialEq> DynEq for T {
    fn equals(&self, other: &dyn Any) -> bool {
        other.downcast_ref::<Self>() == Some(self)
    }
}

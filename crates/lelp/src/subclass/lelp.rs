//! LELP: subclasses along linear directions of the teacher's embedding.

use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};

use crate::blocks::Workers;
use crate::error::{FitError, ShapeError};
use crate::moments::ClassMoments;
use crate::rotation::Rotation;
use crate::signals::{Head, Signals};
use crate::subclass::directions::{ClassDirections, Directions};
use crate::subclass::head_space::{HeadSource, check_members, null_space};
use crate::subclass::linear::{LinearScores, ScoreColumn};
use crate::subclass::{TargetSettings, map_blocks, write_targets};

/// How directions are found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LelpSettings {
    /// Subclasses of each class (S).
    pub subclasses: NonZeroUsize,
    /// Whether directions keep out of the space that the head reads.
    pub null_space: bool,
    /// Which directions: principal ones, or random ones as a control.
    pub directions: Directions,
    /// Rotation of each class's principal directions; random ones need none.
    pub rotation: Rotation,
    /// Seed of the random rotation, or of random directions.
    pub seed: u64,
}

impl Default for LelpSettings {
    /// Four subclasses in the null space, randomly rotated, seed 0.
    fn default() -> Self {
        let subclasses = const { NonZeroUsize::new(4).expect("four is not zero") };
        let (directions, rotation) = (Directions::default(), Rotation::default());
        Self { subclasses, null_space: true, directions, rotation, seed: 0 }
    }
}

/// What a fit found in one class.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassReport {
    /// Rows of the class.
    pub members: u64,
    /// Variance along each direction, `[per_class]`, embedding units squared, normalised by `n - 1`.
    pub variance: Vec<f64>,
    /// Variance along each principal direction of the null space, decreasing, `[width - rank]`.
    pub spectrum: Vec<f64>,
}

impl ClassReport {
    /// Root mean variance of the directions: the unit of the class's coordinates.
    #[must_use]
    pub fn scale(&self) -> f64 {
        (self.variance.iter().sum::<f64>() / self.variance.len() as f64).sqrt()
    }

    /// Share of the class's variance in the null space that the directions keep; 0 where there is none.
    #[must_use]
    pub fn variance_kept(&self) -> f64 {
        let total: f64 = self.spectrum.iter().sum();
        if total > 0.0 { self.variance.iter().sum::<f64>() / total } else { 0.0 }
    }

    /// `exp` of the entropy of the normalised spectrum: how many directions the class spreads over.
    /// 0 where it does not spread at all. More subclasses than this look too many.
    #[must_use]
    pub fn effective_rank(&self) -> f64 {
        let total: f64 = self.spectrum.iter().sum();
        let shares = self.spectrum.iter().map(|value| value / total).filter(|share| *share > 0.0);
        if total > 0.0 { shares.map(|share| -share * share.ln()).sum::<f64>().exp() } else { 0.0 }
    }
}

/// Directions of each class, folded into one matrix product.
///
/// Coordinates are `embeddings projection - offset`, column `c * per_class + s`, that is
/// `u_cs = (h - m_c)^T d_cs / r_c` with `m_c` the class mean, `d_cs` a direction and `r_c` the root mean
/// variance of the class's directions (ours), so that `beta` has no unit.
#[derive(Debug, Clone, PartialEq)]
pub struct LelpFit {
    pub(crate) settings: LelpSettings,
    pub(crate) head: HeadSource,
    pub(crate) head_rank: usize,
    pub(crate) label_names: Option<Vec<String>>,
    pub(crate) scores: LinearScores,
    /// `[classes * per_class, width]`.
    pub(crate) directions: Vec<f64>,
    /// `[classes]`.
    pub(crate) reports: Vec<ClassReport>,
}

impl LelpFit {
    /// Finds the directions of each class.
    ///
    /// For each class the top S eigenvectors of its covariance in the null space of the head, by
    /// decreasing variance, each signed so that its largest-magnitude entry is positive, then rotated.
    /// Without `head`, the head is estimated by least squares and [`head_source`](Self::head_source)
    /// says so. All in `f64`; projection and offset are rounded to `f32` at the end.
    ///
    /// A class whose members are all equal in the null space has no directions worth the name: its
    /// variances are 0 and its coordinates are 0 for every row, so its split is even, which is ordinary
    /// distillation. Variances below what `f32` embeddings can hold count as 0.
    ///
    /// # Errors
    /// [`FitError::ClassTooSmall`] if a class has S rows or fewer; [`FitError::TooNarrow`] if the null
    /// space has fewer than S dimensions; [`FitError::OneClass`]; [`FitError::Overflow`];
    /// [`FitError::Shape`] if the head is of other width or classes.
    ///
    /// # Source
    /// Loo et al., arXiv:2409.20449, section 3. Departures: the sign rule; the scale `r_c`; the mean row
    /// of the head is taken away before its null space, since probabilities depend only on differences;
    /// the estimated head.
    pub fn fit(
        moments: &ClassMoments,
        head: Option<&Head>,
        settings: &LelpSettings,
        threads: NonZeroUsize,
    ) -> Result<Self, FitError> {
        check_members(moments, settings.subclasses.get())?;
        let (space, source) = null_space(moments, head, settings.null_space)?;
        let subclasses = settings.subclasses.get();
        if space.dimensions() < subclasses {
            return Err(FitError::TooNarrow { width: moments.width(), rank: space.rank(), subclasses });
        }
        let mut found = Vec::with_capacity(moments.classes());
        Workers::new(threads).in_order(
            moments.classes(),
            |class| ClassDirections::find(moments, class, &space, settings),
            |directions| found.push(directions),
        );
        let found = found.into_iter().collect::<Result<Vec<_>, _>>()?;
        let scores = fold(moments, &found);
        let (directions, reports): (Vec<_>, Vec<_>) =
            found.into_iter().map(|f| (f.directions, f.report)).unzip();
        Ok(Self {
            settings: settings.clone(),
            head: source,
            head_rank: space.rank(),
            label_names: None,
            scores,
            directions: directions.concat().concat(),
            reports,
        })
    }

    /// Coordinates of each row along each direction, in units of the class's scale.
    ///
    /// # Shapes
    /// Result: `[rows, classes * per_class]`, column `c * per_class + s`.
    ///
    /// # Errors
    /// [`ShapeError`] if width or classes differ from the fit's.
    pub fn coordinates(&self, signals: &Signals, threads: NonZeroUsize) -> Result<Vec<f32>, ShapeError> {
        self.check(signals)?;
        let write = |first, block: &mut [f32]| self.scores.write(signals, first, block);
        Ok(map_blocks(signals.rows(), self.outputs(), threads, write))
    }

    /// Soft labels over all subclasses: `t_cs = p_c softmax_s(u_cs / beta)`, `p = softmax(logits / temperature)`.
    ///
    /// Hence `sum_s t_cs = p_c`, and with one subclass a class the targets are the probabilities.
    ///
    /// # Shapes
    /// Result: `[rows, classes * per_class]`, column `c * per_class + s`.
    ///
    /// # Errors
    /// [`ShapeError`] if width or classes differ from the fit's.
    pub fn targets(
        &self,
        signals: &Signals,
        settings: TargetSettings,
        threads: NonZeroUsize,
    ) -> Result<Vec<f32>, ShapeError> {
        self.check(signals)?;
        let (classes, outputs) = (self.classes(), self.outputs());
        Ok(map_blocks(signals.rows(), outputs, threads, |first, block| {
            self.scores.write(signals, first, block);
            let logits = &signals.logits()[first * classes..][..block.len() / outputs * classes];
            write_targets(block, logits, classes, settings);
        }))
    }

    fn check(&self, signals: &Signals) -> Result<(), ShapeError> {
        self.scores.check(signals)?;
        ShapeError::check("classes of the signals", signals.classes(), self.classes())
    }

    /// Number of classes.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.reports.len()
    }

    /// Subclasses of each class (S).
    #[must_use]
    pub fn per_class(&self) -> usize {
        self.settings.subclasses.get()
    }

    /// Columns of the targets: classes times subclasses.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.classes() * self.per_class()
    }

    /// Columns of an embedding.
    #[must_use]
    pub fn width(&self) -> usize {
        self.scores.width
    }

    /// The settings of the fit.
    #[must_use]
    pub fn settings(&self) -> &LelpSettings {
        &self.settings
    }

    /// Whose null space the directions lie in.
    #[must_use]
    pub fn head_source(&self) -> HeadSource {
        self.head
    }

    /// Dimensions that the head reads, and the directions do not (0 with the null space off).
    #[must_use]
    pub fn head_rank(&self) -> usize {
        self.head_rank
    }

    /// `[width, classes * per_class]`.
    #[must_use]
    pub fn projection(&self) -> &[f32] {
        &self.scores.projection
    }

    /// `[classes * per_class]`.
    #[must_use]
    pub fn offset(&self) -> &[f32] {
        &self.scores.offset
    }

    /// Unit vectors, `[classes * per_class, width]`, orthonormal within a class.
    #[must_use]
    pub fn directions(&self) -> &[f64] {
        &self.directions
    }

    /// What was found in each class, `[classes]`.
    #[must_use]
    pub fn reports(&self) -> &[ClassReport] {
        &self.reports
    }

    /// Names of the classes, where they were given.
    #[must_use]
    pub fn label_names(&self) -> Option<&[String]> {
        self.label_names.as_deref()
    }

    /// Gives the classes names, kept in the artifact.
    ///
    /// # Errors
    /// [`ShapeError`] if there are not as many names as classes.
    pub fn with_label_names(mut self, names: Vec<String>) -> Result<Self, ShapeError> {
        ShapeError::check("label names", names.len(), self.classes())?;
        self.label_names = Some(names);
        Ok(self)
    }
}

/// Coordinates about the class mean in units of the class's scale; a class without variance has none.
fn fold(moments: &ClassMoments, found: &[ClassDirections]) -> LinearScores {
    let columns = found.iter().enumerate().flat_map(|(class, found)| {
        let scale = found.report.scale();
        let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
        found.directions.iter().map(move |direction| ScoreColumn {
            direction: direction.iter().map(|d| d * inverse).collect(),
            origin: moments.mean(class),
            constant: 0.0,
        })
    });
    LinearScores::fold(moments.width(), &columns.collect::<Vec<_>>())
}

//! A split along linear directions: how a class is seen in the null space, and the fit that all such makers share.

use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};

use crate::artifact::{ArtifactError, ArtifactReader, FitArtifact, OutgoingTensor};
use crate::blocks::Workers;
use crate::error::{FitError, ShapeError};
use crate::linalg::{Eigen, dot, signed, symmetric_eigen};
use crate::moments::ClassMoments;
use crate::signals::{Head, Signals};
use crate::subclass::fine_labels::FineLabels;
use crate::subclass::head_space::{HeadSource, check_members, null_space};
use crate::subclass::linear_scores::{LinearScores, ScoreColumn};
use crate::subclass::maker::{MakerSettings, SubclassFit};
use crate::subclass::report::{ClassReport, SplitReport};
use crate::subspace::NullSpace;

/// What is asked of a fit of directions.
pub(super) struct DirectionsTask {
    pub(super) settings: MakerSettings,
    pub(super) subclasses: NonZeroUsize,
    /// Whether directions keep out of the space that the head reads.
    pub(super) null_space: bool,
}

/// The covariance of one class in the null space of the head.
pub(super) struct ClassCovariance<'a> {
    pub(super) class: usize,
    space: &'a NullSpace,
    /// `[dimensions, dimensions]`.
    inner: Vec<f64>,
    eigen: Eigen,
    /// Eigenvalues, decreasing; those that rounding to `f32` could make are 0.
    pub(super) spectrum: Vec<f64>,
    /// Variance that rounding embeddings to `f32` makes by itself, at most.
    noise: f64,
}

/// A unit vector `[width]` and the variance along it.
pub(super) type Direction = (Vec<f64>, f64);

impl<'a> ClassCovariance<'a> {
    fn of(moments: &ClassMoments, class: usize, space: &'a NullSpace) -> Result<Self, FitError> {
        let covariance = moments.covariance(class);
        let noise = noise_of_f32(moments.mean(class), &covariance);
        let inner = space.compress(covariance);
        let eigen = symmetric_eigen(&inner, space.dimensions())?;
        let spectrum = eigen.values.iter().map(|&value| above(noise, value)).collect();
        Ok(Self { class, space, inner, eigen, spectrum, noise })
    }

    /// Dimensions of the null space.
    pub(super) fn dimensions(&self) -> usize {
        self.space.dimensions()
    }

    /// The first `count` principal directions, each signed so that its largest-magnitude entry is positive.
    pub(super) fn principal(&self, count: usize) -> Vec<Vec<f64>> {
        let vectors = self.eigen.vectors.chunks_exact(self.dimensions()).take(count);
        vectors.map(|vector| signed(self.space.expand(vector))).collect()
    }

    /// A unit vector of the null space, `[dimensions]`, with the variance along it.
    pub(super) fn along(&self, inner: &[f64]) -> Direction {
        let rows = self.inner.chunks_exact(self.dimensions());
        let variance: f64 = rows.zip(inner).map(|(row, d)| d * dot(row, inner)).sum();
        (self.space.expand(inner), above(self.noise, variance))
    }
}

/// `variance` where it is more than rounding can make.
fn above(noise: f64, variance: f64) -> f64 {
    if variance > noise { variance } else { 0.0 }
}

/// Variance that rounding embeddings to `f32` makes by itself, at most.
fn noise_of_f32(mean: &[f64], covariance: &[f64]) -> f64 {
    let width = mean.len();
    let square = |column: usize| mean[column] * mean[column] + covariance[column * width + column];
    let largest = (0..width).map(square).fold(0.0, f64::max);
    largest * f64::from(f32::EPSILON).powi(2)
}

/// What a fit of directions found in one class.
#[derive(Debug, Clone, PartialEq)]
pub struct DirectionsFindings {
    /// Rows of the class.
    pub members: u64,
    /// Variance along each direction, `[per_class]`, embedding units squared, normalised by `n - 1`.
    pub variance: Vec<f64>,
    /// Variance along each principal direction of the null space, decreasing, `[width - rank]`.
    pub spectrum: Vec<f64>,
}

impl DirectionsFindings {
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
/// Scores are coordinates, `embeddings projection - offset`, column `c * per_class + s`, that is
/// `u_cs = (h - m_c)^T d_cs / r_c` with `m_c` the class mean, `d_cs` a direction and `r_c` the root mean
/// variance of the class's directions (ours), so that `beta` has no unit.
///
/// A class whose members are all equal in the null space has no directions worth the name: its
/// variances are 0 and its coordinates are 0 for every row, so its split is even, which is ordinary
/// distillation. Variances below what `f32` embeddings can hold count as 0.
#[derive(Debug, Clone, PartialEq)]
pub struct DirectionsFit {
    settings: MakerSettings,
    per_class: usize,
    head: HeadSource,
    head_rank: usize,
    scores: LinearScores,
    /// `[classes * per_class, width]`.
    directions: Vec<f64>,
    /// `[classes]`.
    findings: Vec<DirectionsFindings>,
}

impl DirectionsFit {
    /// Finds the directions of each class by `find`, which gives as many as there are subclasses.
    ///
    /// Without `head`, the head is estimated by least squares and [`head_source`](Self::head_source)
    /// says so. All in `f64`; projection and offset are rounded to `f32` at the end.
    ///
    /// # Errors
    /// [`FitError::ClassTooSmall`] if a class has S rows or fewer; [`FitError::TooNarrow`] if the null
    /// space has fewer than S dimensions; [`FitError::OneClass`]; [`FitError::Overflow`];
    /// [`FitError::Shape`] if the head is of other width or classes.
    pub(super) fn fit(
        moments: &ClassMoments,
        head: Option<&Head>,
        task: DirectionsTask,
        find: impl Fn(&ClassCovariance<'_>) -> Vec<Direction> + Sync,
        threads: NonZeroUsize,
    ) -> Result<Self, FitError> {
        let subclasses = task.subclasses.get();
        check_members(moments, subclasses)?;
        let (space, source) = null_space(moments, head, task.null_space)?;
        if space.dimensions() < subclasses {
            return Err(FitError::TooNarrow { width: moments.width(), rank: space.rank(), subclasses });
        }
        let mut found = Vec::with_capacity(moments.classes());
        Workers::new(threads).in_order(
            moments.classes(),
            |class| {
                let covariance = ClassCovariance::of(moments, class, &space)?;
                let (directions, variance) = find(&covariance).into_iter().unzip();
                let (members, spectrum) = (moments.count(class), covariance.spectrum);
                Ok((directions, DirectionsFindings { members, variance, spectrum }))
            },
            |directions: Result<(Vec<Vec<f64>>, DirectionsFindings), FitError>| found.push(directions),
        );
        let found = found.into_iter().collect::<Result<Vec<_>, _>>()?;
        let scores = fold(moments, &found);
        let (directions, findings): (Vec<_>, Vec<_>) = found.into_iter().unzip();
        Ok(Self {
            settings: task.settings,
            per_class: subclasses,
            head: source,
            head_rank: space.rank(),
            scores,
            directions: directions.concat().concat(),
            findings,
        })
    }

    /// Columns of an embedding.
    #[must_use]
    pub fn width(&self) -> usize {
        self.scores.width
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
    pub fn findings(&self) -> &[DirectionsFindings] {
        &self.findings
    }
}

/// Coordinates about the class mean in units of the class's scale; a class without variance has none.
fn fold(moments: &ClassMoments, found: &[(Vec<Vec<f64>>, DirectionsFindings)]) -> LinearScores {
    let columns = found.iter().enumerate().flat_map(|(class, (directions, findings))| {
        let scale = findings.scale();
        let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
        directions.iter().map(move |direction| ScoreColumn {
            direction: direction.iter().map(|d| d * inverse).collect(),
            origin: moments.mean(class),
            constant: 0.0,
        })
    });
    LinearScores::fold(moments.width(), &columns.collect::<Vec<_>>())
}

impl SubclassFit for DirectionsFit {
    fn classes(&self) -> usize {
        self.findings.len()
    }

    fn per_class(&self) -> usize {
        self.per_class
    }

    fn settings(&self) -> &MakerSettings {
        &self.settings
    }

    fn check(&self, signals: &Signals, _fine: Option<FineLabels<'_>>) -> Result<(), FitError> {
        Ok(self.scores.check(signals)?)
    }

    fn write_scores(
        &self,
        signals: &Signals,
        _fine: Option<FineLabels<'_>>,
        first: usize,
        scores: &mut [f32],
    ) {
        self.scores.write(signals, first, scores);
    }

    fn report(&self) -> SplitReport {
        let of_class = |findings: &DirectionsFindings| ClassReport {
            members: findings.members,
            variance: findings.variance.clone(),
            variance_kept: Some(findings.variance_kept()),
            effective_rank: Some(findings.effective_rank()),
            spectrum: findings.spectrum.clone(),
            unit: Some(findings.scale()),
            ..ClassReport::default()
        };
        SplitReport { head: Some(self.head), classes: self.findings.iter().map(of_class).collect() }
    }

    /// # Shapes
    /// `projection` f32 `[width, outputs]`, `offset` f32 `[outputs]`, `directions` f64 `[outputs, width]`,
    /// `variance` f64 `[classes, per_class]`, `spectrum` f64 `[classes, width - rank]`, where `outputs` is
    /// `classes * per_class`.
    fn artifact(&self) -> FitArtifact {
        let (classes, per_class, width) = (self.classes(), self.per_class, self.width());
        let outputs = self.outputs();
        let metadata = Metadata {
            classes,
            per_class,
            width,
            head: self.head,
            head_rank: self.head_rank,
            members: self.findings.iter().map(|findings| findings.members).collect(),
        };
        let of_classes = |values: fn(&DirectionsFindings) -> &[f64]| -> Vec<f64> {
            self.findings.iter().flat_map(values).copied().collect()
        };
        let tensors = vec![
            OutgoingTensor::single("projection", &[width, outputs], &self.scores.projection),
            OutgoingTensor::single("offset", &[outputs], &self.scores.offset),
            OutgoingTensor::double("directions", &[outputs, width], &self.directions),
            OutgoingTensor::double("variance", &[classes, per_class], &of_classes(|found| &found.variance)),
            OutgoingTensor::double(
                "spectrum",
                &[classes, width - self.head_rank],
                &of_classes(|found| &found.spectrum),
            ),
        ];
        FitArtifact::new(&metadata, tensors)
    }
}

/// What stands beside the tensors of a file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    classes: usize,
    per_class: usize,
    width: usize,
    head: HeadSource,
    head_rank: usize,
    members: Vec<u64>,
}

impl Metadata {
    /// Counts agree with each other; returns `classes * per_class`.
    fn check(&self, subclasses: NonZeroUsize) -> Result<usize, ShapeError> {
        ShapeError::check("subclasses of the metadata", self.per_class, subclasses.get())?;
        ShapeError::check("class counts of the metadata", self.members.len(), self.classes)?;
        let most = self.width.saturating_sub(self.per_class);
        ShapeError::check("rank of the head", self.head_rank, self.head_rank.min(most))?;
        ShapeError::check("classes of the metadata", self.classes, self.classes.max(2))?;
        Ok(self.classes.saturating_mul(self.per_class))
    }
}

impl DirectionsFit {
    /// Reads what [`artifact`](SubclassFit::artifact) wrote.
    pub(super) fn read(
        settings: MakerSettings,
        subclasses: NonZeroUsize,
        artifact: &ArtifactReader<'_>,
    ) -> Result<Self, ArtifactError> {
        let own: Metadata = artifact.metadata()?;
        let outputs = own.check(subclasses)?;
        let (classes, per_class, width) = (own.classes, own.per_class, own.width);
        let dimensions = width - own.head_rank;
        let not_negative = |x: f64| x.is_finite() && x >= 0.0;
        let projection = artifact.single("projection", &[width, outputs], f32::is_finite)?;
        let offset = artifact.single("offset", &[outputs], f32::is_finite)?;
        let directions = artifact.double("directions", &[outputs, width], f64::is_finite)?;
        let variance = artifact.double("variance", &[classes, per_class], not_negative)?;
        let spectrum = artifact.double("spectrum", &[classes, dimensions], not_negative)?;
        let findings = own.members.iter().zip(variance.chunks(per_class)).zip(spectrum.chunks(dimensions));
        Ok(Self {
            settings,
            per_class,
            head: own.head,
            head_rank: own.head_rank,
            scores: LinearScores { width, projection, offset },
            directions,
            findings: findings
                .map(|((&members, variance), spectrum)| DirectionsFindings {
                    members,
                    variance: variance.to_vec(),
                    spectrum: spectrum.to_vec(),
                })
                .collect(),
        })
    }
}

//! LELP: subclasses along linear directions of the teacher's embedding.

use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};

use crate::blocks::Workers;
use crate::error::{FitError, ShapeError};
use crate::linalg::{add_scaled, dot, product, symmetric_eigen};
use crate::moments::ClassMoments;
use crate::rotation::{Rotation, mixtures};
use crate::signals::{Head, Signals};
use crate::subclass::{TargetSettings, write_targets};
use crate::subspace::{NullSpace, estimate_head};

/// Rows of a block of targets: 3 MB of width 768.
const BLOCK_ROWS: usize = 1024;

/// How directions are found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LelpSettings {
    /// Subclasses of each class (S).
    pub subclasses: NonZeroUsize,
    /// Whether directions keep out of the space that the head reads.
    pub null_space: bool,
    /// Rotation of each class's directions.
    pub rotation: Rotation,
    /// Seed of the random rotation.
    pub seed: u64,
}

impl Default for LelpSettings {
    /// Four subclasses in the null space, randomly rotated, seed 0.
    fn default() -> Self {
        let subclasses = const { NonZeroUsize::new(4).expect("four is not zero") };
        Self { subclasses, null_space: true, rotation: Rotation::default(), seed: 0 }
    }
}

/// Where the head came from whose null space was used.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum HeadSource {
    /// The null space is off.
    Unused,
    /// The teacher's own.
    Given,
    /// Least squares of the logits on the embeddings (ours).
    Estimated {
        /// Share of the logits' variance that the estimate explains, 0 to 1.
        explained: f64,
    },
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
    pub(crate) width: usize,
    pub(crate) head: HeadSource,
    pub(crate) head_rank: usize,
    pub(crate) label_names: Option<Vec<String>>,
    /// `[width, classes * per_class]`.
    pub(crate) projection: Vec<f32>,
    /// `[classes * per_class]`.
    pub(crate) offset: Vec<f32>,
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
        let (projection, offset) = fold(moments, &found, subclasses);
        let (directions, reports): (Vec<_>, Vec<_>) =
            found.into_iter().map(|f| (f.directions, f.report)).unzip();
        Ok(Self {
            settings: settings.clone(),
            width: moments.width(),
            head: source,
            head_rank: space.rank(),
            label_names: None,
            projection,
            offset,
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
        self.map_rows(signals, threads, |_, _| {})
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
        let (classes, outputs) = (self.classes(), self.outputs());
        self.map_rows(signals, threads, |first_row, coordinates| {
            let mut probabilities = vec![0.0; classes];
            let logits = signals.logits()[first_row * classes..].chunks_exact(classes);
            for (row, logits) in coordinates.chunks_exact_mut(outputs).zip(logits) {
                write_targets(row, logits, settings, &mut probabilities);
            }
        })
    }

    /// Coordinates of each row, block by block, each block then changed by `finish(first_row, block)`.
    fn map_rows(
        &self,
        signals: &Signals,
        threads: NonZeroUsize,
        finish: impl Fn(usize, &mut [f32]) + Sync,
    ) -> Result<Vec<f32>, ShapeError> {
        ShapeError::check("width of the signals", signals.width(), self.width)?;
        ShapeError::check("classes of the signals", signals.classes(), self.classes())?;
        let outputs = self.outputs();
        let mut result = vec![0.0; signals.rows() * outputs];
        Workers::new(threads).on_chunks(&mut result, BLOCK_ROWS * outputs, |block, chunk| {
            let first = block * BLOCK_ROWS;
            let embeddings = signals.embedding_rows(first..first + chunk.len() / outputs);
            product(&embeddings, &self.projection, self.width, chunk);
            for row in chunk.chunks_exact_mut(outputs) {
                // A finite embedding of absurd size can overflow the product: it is far out, not nowhere.
                row.iter_mut().zip(&self.offset).for_each(|(u, offset)| *u = finite(*u - offset));
            }
            finish(first, chunk);
        });
        Ok(result)
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
        self.width
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
        &self.projection
    }

    /// `[classes * per_class]`.
    #[must_use]
    pub fn offset(&self) -> &[f32] {
        &self.offset
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

/// `value`, or the largest number of its sign where it overflowed; 0 for opposite infinities.
fn finite(value: f32) -> f32 {
    if value.is_nan() { 0.0 } else { value.clamp(f32::MIN, f32::MAX) }
}

/// At least two classes, each with more rows than subclasses, none overflowed.
fn check_members(moments: &ClassMoments, subclasses: usize) -> Result<(), FitError> {
    let classes = moments.classes();
    let inhabited: Vec<usize> = (0..classes).filter(|&class| moments.count(class) > 0).collect();
    if let [class] = inhabited[..] {
        return Err(FitError::OneClass { class, rows: moments.count(class), classes });
    }
    for class in 0..classes {
        let rows = moments.count(class);
        if rows <= subclasses as u64 {
            return Err(FitError::ClassTooSmall { class, rows, subclasses });
        }
        if !moments.is_finite(class) {
            return Err(FitError::Overflow { class, rows });
        }
    }
    Ok(())
}

fn null_space(
    moments: &ClassMoments,
    head: Option<&Head>,
    wanted: bool,
) -> Result<(NullSpace, HeadSource), FitError> {
    let width = moments.width();
    if !wanted {
        return Ok((NullSpace::whole(width), HeadSource::Unused));
    }
    if let Some(head) = head {
        ShapeError::check("width of the head", head.width(), width)?;
        ShapeError::check("classes of the head", head.classes(), moments.classes())?;
        let weight: Vec<f64> = head.weight().iter().map(|&w| f64::from(w)).collect();
        return Ok((NullSpace::of_head(&weight, width)?, HeadSource::Given));
    }
    let estimate = estimate_head(&moments.pooled(), width)?;
    let source = HeadSource::Estimated { explained: estimate.explained };
    Ok((NullSpace::of_head(&estimate.weight, width)?, source))
}

/// The rotated directions of one class.
struct ClassDirections {
    /// `[per_class][width]`.
    directions: Vec<Vec<f64>>,
    report: ClassReport,
}

impl ClassDirections {
    fn find(
        moments: &ClassMoments,
        class: usize,
        space: &NullSpace,
        settings: &LelpSettings,
    ) -> Result<Self, FitError> {
        let covariance = moments.covariance(class);
        let noise = noise_of_f32(moments.mean(class), &covariance);
        let size = space.dimensions();
        let eigen = symmetric_eigen(&space.compress(covariance), size)?;
        let spectrum: Vec<f64> =
            eigen.values.iter().map(|&value| if value > noise { value } else { 0.0 }).collect();
        let principal: Vec<Vec<f64>> = (eigen.vectors.chunks_exact(size).take(settings.subclasses.get()))
            .map(|vector| signed(space.expand(vector)))
            .collect();
        let variance = &spectrum[..principal.len()];
        let mixtures = mixtures(settings.rotation, variance, settings.seed, class as u64);
        let directions = mixtures.iter().map(|mixture| mix(mixture, &principal)).collect();
        let rotated =
            mixtures.iter().map(|mixture| mixture.iter().zip(variance).map(|(m, v)| m * m * v).sum());
        let report = ClassReport { members: moments.count(class), variance: rotated.collect(), spectrum };
        Ok(Self { directions, report })
    }
}

/// Variance that rounding embeddings to `f32` makes by itself, at most.
fn noise_of_f32(mean: &[f64], covariance: &[f64]) -> f64 {
    let width = mean.len();
    let square = |column: usize| mean[column] * mean[column] + covariance[column * width + column];
    let largest = (0..width).map(square).fold(0.0, f64::max);
    largest * f64::from(f32::EPSILON).powi(2)
}

/// Turns `vector` so that its largest-magnitude entry (the first among equals) is positive.
fn signed(mut vector: Vec<f64>) -> Vec<f64> {
    let largest = vector.iter().fold(0.0_f64, |best, &x| if x.abs() > best.abs() { x } else { best });
    if largest < 0.0 {
        vector.iter_mut().for_each(|x| *x = -*x);
    }
    vector
}

fn mix(mixture: &[f64], principal: &[Vec<f64>]) -> Vec<f64> {
    let mut direction = vec![0.0; principal[0].len()];
    mixture.iter().zip(principal).for_each(|(&share, vector)| add_scaled(&mut direction, share, vector));
    direction
}

/// Projection `[width, outputs]` and offset `[outputs]`.
///
/// The offset is made with the rounded projection, so that a class mean has coordinates 0 also where
/// it is large against the deviations.
fn fold(moments: &ClassMoments, found: &[ClassDirections], per_class: usize) -> (Vec<f32>, Vec<f32>) {
    let (width, outputs) = (moments.width(), found.len() * per_class);
    let mut projection = vec![0.0_f32; width * outputs];
    let mut offset = Vec::with_capacity(outputs);
    for (class, found) in found.iter().enumerate() {
        let scale = found.report.scale();
        let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
        for (subclass, direction) in found.directions.iter().enumerate() {
            let column: Vec<f32> = direction.iter().map(|d| (d * inverse) as f32).collect();
            let rounded: Vec<f64> = column.iter().map(|&x| f64::from(x)).collect();
            offset.push(dot(moments.mean(class), &rounded) as f32);
            let places = projection.iter_mut().skip(class * per_class + subclass).step_by(outputs);
            places.zip(column).for_each(|(place, x)| *place = x);
        }
    }
    (projection, offset)
}

//! The spectrum of each class: its variance along its principal directions.

use plotly::Plot;
use plotly::common::{DashType, Mode};
use plotly::layout::{Annotation, AxisType, Shape, ShapeLine, ShapeType};

use super::chart::{Chart, axis, hover_text, plot, points};
use super::number_format;
use super::table::Table;
use crate::analysis::{EmbeddingAnalysis, Spectrum};

/// Most directions of a chart: variances beyond them are small.
const MOST_DIRECTIONS: usize = 48;

/// The spectrum of each class, with the number of subclasses marked.
pub(super) fn chart(analysis: &EmbeddingAnalysis) -> Option<Chart> {
    if analysis.spectra.is_empty() {
        return None;
    }
    let drawn = analysis.spectra.iter().map(|spectrum| spectrum.variance.len()).max()?.min(MOST_DIRECTIONS);
    let across = axis("principal direction of the class").range(vec![0.5, drawn as f64 + 0.5]);
    let mut plot = plot(across, axis("variance (log)").type_(AxisType::Log).n_ticks(6));
    let mut numbers = Table::new(&["class", "direction", "variance", "share", "share up to it"]);
    let mut ranks = Vec::new();
    for (place, spectrum) in analysis.spectra.iter().enumerate() {
        add_spectrum(&mut plot, &mut numbers, place, spectrum);
        ranks.push(format!("{} {:.1}", spectrum.class, spectrum.effective_rank));
    }
    mark_subclasses(&mut plot, analysis.per_class);
    let caption = format!(
        "The dashed line marks S = {}, the number of directions that split a class. A curve that falls steeply before \
         it has its structure in few directions; one that is still high after it leaves room for more subclasses. \
         Effective rank (number of directions that the variance is spread over): {}.",
        analysis.per_class,
        ranks.join(", ")
    );
    Some(Chart { heading: "Class spectra".to_owned(), caption, plot, height: 400, numbers })
}

fn add_spectrum(plot: &mut Plot, numbers: &mut Table, place: usize, spectrum: &Spectrum) {
    let total: f64 = spectrum.variance.iter().sum();
    let above =
        spectrum.variance.iter().take(MOST_DIRECTIONS).enumerate().filter(|(_, variance)| **variance > 0.0);
    let (mut x, mut y, mut hover, mut sum) = (Vec::new(), Vec::new(), Vec::new(), 0.0);
    for (direction, &variance) in above {
        sum += variance;
        x.push(direction as f64 + 1.0);
        y.push(variance);
        let (share, kept) = (number_format::share(variance / total), number_format::share(sum / total));
        let direction = direction + 1;
        let sentence =
            format!("{}, direction {direction}: {share} of its variance, {kept} up to it", spectrum.class);
        hover.push(hover_text(&[&sentence]));
        numbers.row([spectrum.class.clone(), direction.to_string(), format!("{variance:.4}"), share, kept]);
    }
    plot.add_trace(points(&spectrum.class, place, Mode::LinesMarkers, x, y, hover));
}

/// A dashed line after the last direction that splits the class.
fn mark_subclasses(plot: &mut Plot, per_class: usize) {
    let x = per_class as f64 + 0.5;
    let line = ShapeLine::new().color("#7F7F7F").width(2.0).dash(DashType::Dash);
    let shape =
        Shape::new().shape_type(ShapeType::Line).x0(x).x1(x).y0(0.0).y1(1.0).y_ref("paper").line(line);
    let note = Annotation::new()
        .text(format!("S = {per_class}"))
        .x(x)
        .y(1.0)
        .y_ref("paper")
        .x_anchor(plotly::common::Anchor::Left)
        .x_shift(6.0)
        .show_arrow(false);
    plot.set_layout(plot.layout().clone().shapes(vec![shape]).annotations(vec![note]));
}

//! How the variance of each class spreads over directions.

use plotly::Plot;
use plotly::common::{DashType, Mode};
use plotly::layout::{Annotation, AxisType, Shape, ShapeLine, ShapeType};

use super::chart::{Chart, axis, plot, points, told};
use super::html::Table;
use super::words;
use crate::look::{Look, Spectrum};

/// Directions that are drawn: what lies behind is small.
const DRAWN: usize = 48;

/// The spectrum of each class, with the number of subclasses marked.
pub(super) fn chart(look: &Look) -> Option<Chart> {
    if look.spectra.is_empty() {
        return None;
    }
    let drawn = look.spectra.iter().map(|spectrum| spectrum.variance.len()).max()?.min(DRAWN);
    let across = axis("principal direction of the class").range(vec![0.5, drawn as f64 + 0.5]);
    let mut plot = plot(across, axis("variance (log)").type_(AxisType::Log).n_ticks(6));
    let mut numbers = Table::new(&["class", "direction", "variance", "share", "share up to it"]);
    let mut ranks = Vec::new();
    for (place, spectrum) in look.spectra.iter().enumerate() {
        add(&mut plot, &mut numbers, place, spectrum);
        ranks.push(format!("{} {:.1}", spectrum.class, spectrum.effective_rank));
    }
    mark(&mut plot, look.per_class);
    let caption = format!(
        "The dashed line marks S = {}, the directions that split a class. A curve that falls steeply before it has its \
         structure in few directions; one that is still high behind it would bear more subclasses. Directions that the \
         variance spreads over (effective rank): {}.",
        look.per_class,
        ranks.join(", ")
    );
    Some(Chart { heading: "Class spectra".to_owned(), caption, plot, height: 400, numbers })
}

fn add(plot: &mut Plot, numbers: &mut Table, place: usize, spectrum: &Spectrum) {
    let total: f64 = spectrum.variance.iter().sum();
    let above = spectrum.variance.iter().take(DRAWN).enumerate().filter(|(_, variance)| **variance > 0.0);
    let (mut x, mut y, mut told_of, mut sum) = (Vec::new(), Vec::new(), Vec::new(), 0.0);
    for (direction, &variance) in above {
        sum += variance;
        x.push(direction as f64 + 1.0);
        y.push(variance);
        let (share, kept) = (words::share(variance / total), words::share(sum / total));
        let direction = direction + 1;
        let sentence =
            format!("{}, direction {direction}: {share} of its variance, {kept} up to it", spectrum.class);
        told_of.push(told(&[&sentence]));
        numbers.row([spectrum.class.clone(), direction.to_string(), format!("{variance:.4}"), share, kept]);
    }
    plot.add_trace(points(&spectrum.class, place, Mode::LinesMarkers, x, y, told_of));
}

/// A dashed line behind the last direction that is taken.
fn mark(plot: &mut Plot, per_class: usize) {
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

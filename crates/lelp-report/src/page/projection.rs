//! Charts of the two-dimensional projection of the teacher's embeddings.

use plotly::Plot;
use plotly::common::{HoverInfo, Line, Marker, MarkerSymbol, Mode};
use plotly::layout::Axis;

use super::chart::{Chart, axis, hover_text, plot, points};
use super::palette::{colour, symbol};
use super::table::Table;
use super::{number_format, text_lines};
use crate::analysis::{EmbeddingAnalysis, ProjectedRow, Projection};

/// Most characters of a text under the pointer and in the table.
const TEXT: usize = 280;
/// Most groups with a legend: a longer one would hide the chart.
const LEGEND: usize = 18;

/// The projection coloured by class, and by subclass where there is a split.
pub(super) fn charts(analysis: &EmbeddingAnalysis) -> Vec<Chart> {
    let Some(projection) = &analysis.projection else { return Vec::new() };
    let by_class = Chart {
        heading: "Map by class".to_owned(),
        caption: format!(
            "{} of {} training rows; neighbours in the embedding space are neighbours here (t-SNE), but distances \
             between groups mean little. Point at a mark to read its text. A mark among those of another class is a row \
             that the teacher is unsure of, or whose label may be wrong.",
            projection.points.len(),
            projection.rows
        ),
        plot: plot_groups(
            projection,
            analysis.labels.len(),
            |point| (point.class, analysis.labels[point.class].clone()),
            symbol,
        ),
        height: 520,
        numbers: table(analysis, projection),
    };
    let mut charts = vec![by_class];
    if analysis.per_class > 1 {
        charts.push(by_subclass(analysis, projection));
    }
    charts
}

fn by_subclass(analysis: &EmbeddingAnalysis, projection: &Projection) -> Chart {
    let per_class = analysis.per_class;
    let group = |point: &ProjectedRow| {
        let subclass = point.subclass.unwrap_or(0);
        (point.class * per_class + subclass, name(analysis, point))
    };
    Chart {
        heading: "Map by subclass".to_owned(),
        caption: "The same rows by the subclass with the largest share of them. Islands of one colour are structure \
                  inside a class that its label does not show; where colours mix everywhere, the split follows \
                  something else."
            .to_owned(),
        plot: plot_groups(projection, analysis.labels.len() * per_class, group, symbol),
        height: 520,
        numbers: counts(analysis, projection),
    }
}

/// A plot with one series for each of `groups`.
fn plot_groups(
    projection: &Projection,
    groups: usize,
    group: impl Fn(&ProjectedRow) -> (usize, String),
    symbol: impl Fn(usize) -> MarkerSymbol,
) -> Plot {
    let mut plot = plot(unlabelled_axis(), unlabelled_axis());
    let mut of_group: Vec<Vec<&ProjectedRow>> = vec![Vec::new(); groups];
    for point in &projection.points {
        of_group[group(point).0].push(point);
    }
    for (place, members) in of_group.iter().enumerate() {
        let Some(first) = members.first() else { continue };
        let name = group(first).1;
        let (x, y) = members.iter().map(|point| (f64::from(point.x), f64::from(point.y))).unzip();
        let hover = members.iter().map(|point| sentence(point, &name)).collect();
        let marker = Marker::new()
            .color(colour(place))
            .symbol(symbol(place))
            .size(7)
            .opacity(0.8)
            .line(Line::new().color("rgba(128,128,128,0.7)").width(0.5));
        plot.add_trace(
            points(&name, place, Mode::Markers, x, y, hover).marker(marker).hover_info(HoverInfo::Text),
        );
    }
    plot.set_layout(plot.layout().clone().show_legend(groups <= LEGEND));
    plot
}

/// An axis without numbers, because coordinates of t-SNE have no meaning.
fn unlabelled_axis() -> Axis {
    axis("").show_tick_labels(false).show_grid(false).show_line(false)
}

fn name(analysis: &EmbeddingAnalysis, point: &ProjectedRow) -> String {
    let class = &analysis.labels[point.class];
    point.subclass.map_or_else(
        || class.clone(),
        |subclass| format!("{class} / {}", analysis.subclass_name(point.class, subclass)),
    )
}

fn sentence(point: &ProjectedRow, name: &str) -> String {
    let text = hover_text(&[&text_lines::shortened(&point.text, TEXT)]);
    let figures = hover_text(&[&format!("{name}, confidence {}", number_format::share(point.confidence))]);
    format!("{text}<br><i>{figures}</i>")
}

/// Number of projected rows of each subclass.
fn counts(analysis: &EmbeddingAnalysis, projection: &Projection) -> Table {
    let mut table = Table::new(&["class", "subclass", "rows on the map"]);
    for (class, name) in analysis.labels.iter().enumerate() {
        for subclass in 0..analysis.per_class {
            let of = |point: &&ProjectedRow| (point.class, point.subclass) == (class, Some(subclass));
            let rows = projection.points.iter().filter(of).count();
            table.row([name.clone(), analysis.subclass_name(class, subclass), rows.to_string()]);
        }
    }
    table
}

fn table(analysis: &EmbeddingAnalysis, projection: &Projection) -> Table {
    let mut table = Table::new(&["row", "class", "subclass", "confidence", "x", "y", "text"]);
    for point in &projection.points {
        table.row([
            point.row.to_string(),
            analysis.labels[point.class].clone(),
            point.subclass.map_or_else(String::new, |subclass| analysis.subclass_name(point.class, subclass)),
            number_format::share(point.confidence),
            format!("{:.1}", point.x),
            format!("{:.1}", point.y),
            text_lines::shortened(&point.text, TEXT),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_a_user_is_never_markup_under_the_pointer() {
        let point = ProjectedRow {
            row: 0,
            class: 0,
            subclass: None,
            confidence: 0.5,
            x: 0.0,
            y: 0.0,
            text: "<a href='http://x'>x</a>".to_owned(),
        };
        assert!(!sentence(&point, "card").contains("<a"));
    }
}

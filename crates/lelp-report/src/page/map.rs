//! The teacher's embeddings on a plane.

use plotly::Plot;
use plotly::common::{HoverInfo, Line, Marker, MarkerSymbol, Mode};
use plotly::layout::Axis;

use super::chart::{Chart, axis, plot, points, told};
use super::html::Table;
use super::palette::{colour, symbol};
use super::words;
use crate::look::{Look, Map, Point};

/// Characters of a text under the pointer, and in the table.
const TEXT: usize = 280;
/// With more groups than this, a legend would hide the map.
const LEGEND: usize = 18;

/// The map by class, and by subclass where there is a split.
pub(super) fn charts(look: &Look) -> Vec<Chart> {
    let Some(map) = &look.map else { return Vec::new() };
    let by_class = Chart {
        heading: "Map by class".to_owned(),
        caption: format!(
            "{} of {} training rows; rows whose embeddings are near lie near (t-SNE), the distance of far groups means \
             little. Point at a mark to read its text. A mark among those of another class is a row on which the teacher \
             is torn, or whose label may be wrong.",
            map.points.len(),
            map.rows
        ),
        plot: drawn(map, look.labels.len(), |point| (point.class, look.labels[point.class].clone()), symbol),
        height: 520,
        numbers: table(look, map),
    };
    let mut charts = vec![by_class];
    if look.per_class > 1 {
        charts.push(by_subclass(look, map));
    }
    charts
}

fn by_subclass(look: &Look, map: &Map) -> Chart {
    let per_class = look.per_class;
    let group = |point: &Point| {
        let subclass = point.subclass.unwrap_or(0);
        (point.class * per_class + subclass, name(look, point))
    };
    Chart {
        heading: "Map by subclass".to_owned(),
        caption: "The same rows by the subclass that has the largest share of them. Islands of one colour are structure \
                  inside a class that its label does not tell; colours that mix everywhere are a split along something \
                  else."
            .to_owned(),
        plot: drawn(map, look.labels.len() * per_class, group, symbol),
        height: 520,
        numbers: counts(look, map),
    }
}

/// A trace for each of `groups`.
fn drawn(
    map: &Map,
    groups: usize,
    group: impl Fn(&Point) -> (usize, String),
    symbol: impl Fn(usize) -> MarkerSymbol,
) -> Plot {
    let mut plot = plot(plane(), plane());
    let mut of_group: Vec<Vec<&Point>> = vec![Vec::new(); groups];
    for point in &map.points {
        of_group[group(point).0].push(point);
    }
    for (place, members) in of_group.iter().enumerate() {
        let Some(first) = members.first() else { continue };
        let name = group(first).1;
        let (x, y) = members.iter().map(|point| (f64::from(point.x), f64::from(point.y))).unzip();
        let told = members.iter().map(|point| sentence(point, &name)).collect();
        let marker = Marker::new()
            .color(colour(place))
            .symbol(symbol(place))
            .size(7)
            .opacity(0.8)
            .line(Line::new().color("rgba(128,128,128,0.7)").width(0.5));
        plot.add_trace(
            points(&name, place, Mode::Markers, x, y, told).marker(marker).hover_info(HoverInfo::Text),
        );
    }
    plot.set_layout(plot.layout().clone().show_legend(groups <= LEGEND));
    plot
}

/// An axis without numbers: they mean nothing.
fn plane() -> Axis {
    axis("").show_tick_labels(false).show_grid(false).show_line(false)
}

fn name(look: &Look, point: &Point) -> String {
    let class = &look.labels[point.class];
    point.subclass.map_or_else(
        || class.clone(),
        |subclass| format!("{class} / {}", look.subclass(point.class, subclass)),
    )
}

fn sentence(point: &Point, name: &str) -> String {
    let text = told(&[&words::shortened(&point.text, TEXT)]);
    let figures = told(&[&format!("{name}, {} sure", words::share(point.confidence))]);
    format!("{text}<br><i>{figures}</i>")
}

/// Rows of the map by subclass.
fn counts(look: &Look, map: &Map) -> Table {
    let mut table = Table::new(&["class", "subclass", "rows on the map"]);
    for (class, name) in look.labels.iter().enumerate() {
        for subclass in 0..look.per_class {
            let of = |point: &&Point| (point.class, point.subclass) == (class, Some(subclass));
            let rows = map.points.iter().filter(of).count();
            table.row([name.clone(), look.subclass(class, subclass), rows.to_string()]);
        }
    }
    table
}

fn table(look: &Look, map: &Map) -> Table {
    let mut table = Table::new(&["row", "class", "subclass", "confidence", "x", "y", "text"]);
    for point in &map.points {
        table.row([
            point.row.to_string(),
            look.labels[point.class].clone(),
            point.subclass.map_or_else(String::new, |subclass| look.subclass(point.class, subclass)),
            words::share(point.confidence),
            format!("{:.1}", point.x),
            format!("{:.1}", point.y),
            words::shortened(&point.text, TEXT),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_a_user_is_never_markup_under_the_pointer() {
        let point = Point {
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

//! A chart: a heading, what to look for, the picture, and its numbers for whoever does not see it.

use maud::{Markup, html};
use plotly::common::{Anchor, HoverInfo, Line, Marker, Mode, Orientation, Title};
use plotly::configuration::DisplayModeBar;
use plotly::layout::{Axis, DragMode, HoverMode, Legend, Margin};
use plotly::{Configuration, Layout, Plot, Scatter};

use super::html::{identifier, json_script};
use super::palette::{colour, symbol};
use super::table::Table;
use super::text_lines::lines;

/// Characters of a line of the text under the pointer, which must fit beside the point on a phone.
const LABEL_WIDTH: usize = 44;

/// A chart with its heading, caption and numbers.
pub(super) struct Chart {
    pub(super) heading: String,
    /// What to look for, a sentence or two.
    pub(super) caption: String,
    pub(super) plot: Plot,
    /// Height in pixels.
    pub(super) height: usize,
    pub(super) numbers: Table,
}

impl Chart {
    /// The chart as HTML; `scope` distinguishes charts with the same heading.
    pub(super) fn html(&self, scope: &str) -> Markup {
        let Self { heading, caption, height, .. } = self;
        let id = identifier(&format!("{scope} {heading}"));
        let plot = serde_json::to_value(&self.plot).expect("a plot serialises to JSON");
        html! {
            figure class="chart" aria-labelledby=(id) {
                figcaption { h4 id=(id) { (heading) } p { (caption) } }
                div class="drawing" tabindex="0" role="application" aria-roledescription="chart"
                    aria-label={ (heading) ": arrow keys move over the points, Escape leaves" }
                    style={ "height:" (height) "px" } {}
                p class="told" aria-live="polite" {}
                (json_script(&plot))
                @if !self.numbers.is_empty() {
                    (self.numbers.folded("The numbers", &format!("Numbers: {heading}")))
                }
            }
        }
    }
}

/// A plot with its legend above; the page's script sets its colours to those of the page.
pub(super) fn plot(x: Axis, y: Axis) -> Plot {
    let legend = Legend::new().orientation(Orientation::Horizontal).x(0.0).y(1.02).y_anchor(Anchor::Bottom);
    let layout = Layout::new()
        .auto_size(true)
        .margin(Margin::new().left(12).right(16).top(12).bottom(12).auto_expand(true))
        .paper_background_color("rgba(0,0,0,0)")
        .plot_background_color("rgba(0,0,0,0)")
        .hover_mode(HoverMode::Closest)
        .drag_mode(DragMode::False)
        .legend(legend)
        .x_axis(x)
        .y_axis(y);
    let configuration =
        Configuration::new().responsive(true).display_mode_bar(DisplayModeBar::False).display_logo(false);
    let mut plot = Plot::new();
    plot.set_layout(layout);
    plot.set_configuration(configuration);
    plot
}

/// An axis with a title and a fixed range: scrolling must move the page, not zoom the chart.
pub(super) fn axis(title: &str) -> Axis {
    Axis::new().title(Title::with_text(plot_text(title))).auto_margin(true).fixed_range(true).zero_line(false)
}

/// Points of one series of a chart, each with the text shown under the pointer; `position` sets colour and symbol.
pub(super) fn points(
    name: &str,
    position: usize,
    mode: Mode,
    x: Vec<f64>,
    y: Vec<f64>,
    hover: Vec<String>,
) -> Box<Scatter<f64, f64>> {
    let line = Line::new().color(colour(position)).width(2.0);
    Scatter::new(x, y)
        .name(plot_text(name))
        .mode(mode)
        .marker(Marker::new().color(colour(position)).symbol(symbol(position)).size(9))
        .line(line)
        .hover_info(HoverInfo::Text)
        .hover_text_array(hover)
}

/// Range of an axis over `values` with some room at both ends, also where all values are equal.
pub(super) fn padded_range(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let finite = values.filter(|value| value.is_finite());
    let (least, most) = finite
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| (least.min(value), most.max(value)));
    if least > most {
        return vec![0.0, 1.0];
    }
    let room = (0.08 * (most - least)).max(0.005);
    vec![least - room, most + room]
}

/// Escapes a text for the plotting library, which interprets some markup.
pub(super) fn plot_text(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    escaped.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

/// The text shown under the pointer, broken into lines.
pub(super) fn hover_text(parts: &[&str]) -> String {
    let lines = parts.iter().flat_map(|part| lines(part, LABEL_WIDTH));
    lines.map(|line| plot_text(&line)).collect::<Vec<_>>().join("<br>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_markup_of_the_library() {
        let hostile = "<a href=\"http://x\">here</a> & <script>";
        let chart = Chart {
            heading: hostile.to_owned(),
            caption: hostile.to_owned(),
            plot: plot(axis(hostile), axis("y")),
            height: 100,
            numbers: Table::default(),
        };
        let html = chart.html("scope").into_string();
        assert!(!html.contains("<a ") && html.matches("<script").count() == 1, "{html}");
        assert!(hover_text(&[hostile]).starts_with("&lt;a href"));
    }
}

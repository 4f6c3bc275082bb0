//! A chart: a heading, what to look for, the picture, and its numbers for whoever does not see it.

use plotly::common::{Anchor, HoverInfo, Line, Marker, Mode, Orientation, Title};
use plotly::configuration::DisplayModeBar;
use plotly::layout::{Axis, DragMode, HoverMode, Legend, Margin};
use plotly::{Configuration, Layout, Plot, Scatter};

use super::html::{Table, escape, identifier, json};
use super::palette::{colour, symbol};
use super::words::lines;

/// Characters of a line of a label under the pointer: it fits beside the point on a phone.
const LABEL_WIDTH: usize = 44;

/// A chart with all that goes around it.
pub(super) struct Chart {
    pub(super) heading: String,
    /// What to look for, a sentence or two.
    pub(super) caption: String,
    pub(super) plot: Plot,
    /// Pixels.
    pub(super) height: usize,
    pub(super) numbers: Table,
}

impl Chart {
    /// As HTML; `scope` tells charts of one heading apart.
    pub(super) fn html(&self, scope: &str) -> String {
        let Self { heading, caption, height, .. } = self;
        let id = identifier(&format!("{scope} {heading}"));
        let plot = serde_json::to_value(&self.plot).expect("a plot is words and numbers");
        format!(
            "<figure class=\"chart\" aria-labelledby=\"{id}\">\n<figcaption><h4 id=\"{id}\">{heading}</h4><p>{caption}</p></figcaption>\n\
             <div class=\"drawing\" tabindex=\"0\" role=\"application\" aria-roledescription=\"chart\" aria-label=\"{heading}: arrow keys move over the points, Escape leaves\" style=\"height:{height}px\"></div>\n\
             <p class=\"told\" aria-live=\"polite\"></p>\n\
             <script type=\"application/json\">{plot}</script>\n{numbers}</figure>\n",
            heading = escape(heading),
            caption = escape(caption),
            plot = json(&plot),
            numbers = self.numbers_html(),
        )
    }

    fn numbers_html(&self) -> String {
        if self.numbers.is_empty() {
            return String::new();
        }
        let table = self.numbers.html(&format!("Numbers: {}", self.heading));
        format!("<details class=\"numbers\"><summary>The numbers</summary>{table}</details>\n")
    }
}

/// A plot with room for its legend above; the page's script gives it the colours of the page.
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

/// An axis with a title, which keeps its range: a page is scrolled, not zoomed.
pub(super) fn axis(title: &str) -> Axis {
    Axis::new().title(Title::with_text(label(title))).auto_margin(true).fixed_range(true).zero_line(false)
}

/// Points of the `place`-th thing of a chart, each with what is told of it.
pub(super) fn points(
    name: &str,
    place: usize,
    mode: Mode,
    x: Vec<f64>,
    y: Vec<f64>,
    told: Vec<String>,
) -> Box<Scatter<f64, f64>> {
    let line = Line::new().color(colour(place)).width(2.0);
    Scatter::new(x, y)
        .name(label(name))
        .mode(mode)
        .marker(Marker::new().color(colour(place)).symbol(symbol(place)).size(9))
        .line(line)
        .hover_info(HoverInfo::Text)
        .hover_text_array(told)
}

/// Both ends of an axis over `values`, with room around them; also where all of them are one.
pub(super) fn around(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let finite = values.filter(|value| value.is_finite());
    let (least, most) = finite
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| (least.min(value), most.max(value)));
    if least > most {
        return vec![0.0, 1.0];
    }
    let room = (0.08 * (most - least)).max(0.005);
    vec![least - room, most + room]
}

/// Text as the plotting library shows it: it reads some markup, and no text of a user is any.
pub(super) fn label(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    escaped.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

/// A label of some lines under the pointer.
pub(super) fn told(parts: &[&str]) -> String {
    let lines = parts.iter().flat_map(|part| lines(part, LABEL_WIDTH));
    lines.map(|line| label(&line)).collect::<Vec<_>>().join("<br>")
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
        let html = chart.html("scope");
        assert!(!html.contains("<a ") && html.matches("<script").count() == 1, "{html}");
        assert!(told(&[hostile]).starts_with("&lt;a href"));
    }
}

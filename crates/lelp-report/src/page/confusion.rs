//! Confusion matrices.

use lelp_train::evaluate::Report;
use plotly::common::{ColorScale, ColorScaleElement, Font, HoverInfo};
use plotly::layout::{Annotation, Axis};
use plotly::{HeatMap, Plot};

use super::chart::{Chart, axis, hover_text, plot, plot_text};
use super::table::Table;
use super::text_lines;
use crate::run_report::ResultGroup;

/// Most classes whose counts fit into their cells.
const MOST_WITH_COUNTS: usize = 10;
/// Most characters of a class's name on an axis.
const NAME: usize = 20;
/// Share above which a cell is dark and its number white.
const DARK: f64 = 0.5;

/// One matrix for each method, and one for the teacher.
pub(super) fn charts(group: &ResultGroup) -> Vec<(String, Chart)> {
    let of_methods = group.methods.iter().filter_map(|result| {
        let reports: Vec<&Report> = result.tests().collect();
        Some((result.method.clone(), chart(&result.method, &reports)?))
    });
    let of_teacher =
        group.teacher.iter().filter_map(|report| Some(("teacher".to_owned(), chart("teacher", &[report])?)));
    of_methods.chain(of_teacher).collect()
}

/// Rows of a label over all answers. A file may claim any numbers.
pub(super) fn rows(answers: &[u64]) -> u64 {
    answers.iter().fold(0, |sum, count| sum.saturating_add(*count))
}

/// Number of rows by label and answer.
struct Counts<'a> {
    labels: &'a [String],
    counts: Vec<Vec<u64>>,
}

impl Counts<'_> {
    fn rows(&self, label: usize) -> u64 {
        rows(&self.counts[label])
    }

    fn share(&self, label: usize, answer: usize) -> f64 {
        self.counts[label][answer] as f64 / (self.rows(label) as f64).max(1.0)
    }

    /// `value` of each label and answer.
    fn map<T>(&self, value: impl Fn(usize, usize) -> T) -> Vec<Vec<T>> {
        let classes = 0..self.labels.len();
        classes.clone().map(|label| classes.clone().map(|answer| value(label, answer)).collect()).collect()
    }

    fn table(&self) -> Table {
        let mut headings = vec!["label \\ answer"];
        headings.extend(self.labels.iter().map(String::as_str));
        let mut table = Table::new(&headings);
        for (name, counts) in self.labels.iter().zip(&self.counts) {
            table.row([name.clone()].into_iter().chain(counts.iter().map(u64::to_string)));
        }
        table
    }
}

fn chart(model: &str, reports: &[&Report]) -> Option<Chart> {
    let counts = summed(reports)?;
    let classes = counts.labels.len();
    let mut plot = plot(names("answer", &counts, false), names("label", &counts, true));
    plot.add_trace(cells(&counts));
    if classes <= MOST_WITH_COUNTS {
        write_counts(&mut plot, &counts);
    }
    let caption =
        "Down: the label; across: the answer. What is off the diagonal is wrong; a strong colour is a large \
                   share of the label's rows. Seeds are added up."
            .to_owned();
    let height = 120 + (classes * 64).clamp(150, 600);
    Some(Chart { heading: format!("Confusion of {model}"), caption, plot, height, numbers: counts.table() })
}

/// The sums over all reports; none where a matrix is not square, which no evaluation writes.
fn summed<'a>(reports: &[&'a Report]) -> Option<Counts<'a>> {
    let labels = &reports.first()?.labels;
    let mut counts = vec![vec![0_u64; labels.len()]; labels.len()];
    for report in reports {
        if report.confusion.len() != labels.len() {
            return None;
        }
        for (sums, row) in counts.iter_mut().zip(&report.confusion) {
            if row.len() != labels.len() {
                return None;
            }
            sums.iter_mut().zip(row).for_each(|(sum, count)| *sum = sum.saturating_add(*count));
        }
    }
    Some(Counts { labels, counts })
}

fn names(title: &str, counts: &Counts, down: bool) -> Axis {
    let last = counts.labels.len() as f64 - 0.5;
    let range = if down { vec![last, -0.5] } else { vec![-0.5, last] };
    axis(title)
        .range(range)
        .show_grid(false)
        .tick_values((0..counts.labels.len()).map(|class| class as f64).collect())
        .tick_text(counts.labels.iter().map(|name| plot_text(&text_lines::shortened(name, NAME))).collect())
}

fn cells(counts: &Counts) -> Box<HeatMap<f64, f64, Vec<f64>>> {
    let hover = |row: usize, answer: usize| {
        let (label, answered) = (&counts.labels[row], &counts.labels[answer]);
        let count = format!("{} of {} rows", counts.counts[row][answer], counts.rows(row));
        hover_text(&[&format!("{label}, answered as {answered}:"), &count])
    };
    let places: Vec<f64> = (0..counts.labels.len()).map(|class| class as f64).collect();
    let end = |place: f64, opacity: &str| ColorScaleElement(place, format!("rgba(0,114,178,{opacity})"));
    HeatMap::new(places.clone(), places, counts.map(|row, answer| counts.share(row, answer)))
        .color_scale(ColorScale::Vector(vec![end(0.0, "0.06"), end(1.0, "1")]))
        .zmin(0.0)
        .zmax(1.0)
        .show_scale(false)
        .hover_info(HoverInfo::Text)
        .hover_text_matrix(counts.map(hover))
}

fn write_counts(plot: &mut Plot, counts: &Counts) {
    let mut annotations = Vec::new();
    for (row, of_label) in counts.counts.iter().enumerate() {
        for (answer, count) in of_label.iter().enumerate() {
            let note = Annotation::new().text(count.to_string()).x(answer as f64).y(row as f64);
            let dark = counts.share(row, answer) > DARK;
            let font = if dark { Font::new().size(15).color("#FFFFFF") } else { Font::new().size(15) };
            annotations.push(note.show_arrow(false).font(font));
        }
    }
    plot.set_layout(plot.layout().clone().annotations(annotations));
}

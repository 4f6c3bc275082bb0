//! Reliability diagrams: accuracy as a function of confidence.

use lelp::metrics::CalibrationBin;
use lelp_train::evaluate::Report;
use plotly::Scatter;
use plotly::common::{DashType, HoverInfo, Line, Mode};

use super::chart::{Chart, axis, hover_text, plot, points};
use super::method_order::MethodOrder;
use super::number_format;
use super::seed_means::mean;
use super::table::Table;
use crate::run_report::ResultGroup;

/// Bins of a diagram, of equal width.
const BINS: usize = 15;

/// Share of correct answers by confidence.
pub(super) fn diagram(group: &ResultGroup, methods: &MethodOrder) -> Option<Chart> {
    let unit = || vec![0.0, 1.0];
    let mut plot = plot(
        axis("confidence of the answer").range(unit()),
        axis("share that is right").range(vec![0.0, 1.02]),
    );
    let mut numbers = Table::new(&["model", "answers", "mean confidence", "share right"]);
    plot.add_trace(diagonal());
    let mut errors = Vec::new();
    for result in &group.methods {
        let reports: Vec<&Report> = result.tests().collect();
        if reports.is_empty() {
            continue;
        }
        let name = &result.method;
        let bins = pooled(reports.iter().copied());
        draw(&mut plot, &mut numbers, name, methods.position(name), &bins);
        let error = mean(&result.metric(|report| report.expected_calibration_error));
        errors.push(format!("{name} {}", number_format::share(error)));
    }
    if let Some(teacher) = &group.teacher {
        draw(&mut plot, &mut numbers, "teacher", TEACHER_POSITION, &pooled([teacher].into_iter()));
        errors.push(format!("teacher {}", number_format::share(teacher.expected_calibration_error)));
    }
    let caption = format!(
        "On the dashed line, answers given with a confidence of 80 % are right in 80 %; below it, the model is \
         overconfident. Answers of all seeds are pooled into {BINS} bins. Mean distance from the line, by answers: {}.",
        errors.join(", ")
    );
    let heading = "Reliability".to_owned();
    (!errors.is_empty()).then(|| Chart { heading, caption, plot, height: 420, numbers })
}

/// Position of grey in the palette.
const TEACHER_POSITION: usize = 6;

fn draw(plot: &mut plotly::Plot, numbers: &mut Table, name: &str, place: usize, bins: &[CalibrationBin]) {
    let (x, y) = bins.iter().map(|bin| (bin.confidence, bin.accuracy)).unzip();
    let hover = bins.iter().map(|bin| {
        let sure = format!(
            "{name}: of {} answers with confidence {}",
            bin.rows,
            number_format::share(bin.confidence)
        );
        hover_text(&[&sure, &format!("{} are right", number_format::share(bin.accuracy))])
    });
    plot.add_trace(points(name, place, Mode::LinesMarkers, x, y, hover.collect()));
    for bin in bins {
        let cells =
            [bin.rows.to_string(), number_format::share(bin.confidence), number_format::share(bin.accuracy)];
        numbers.row([name.to_owned()].into_iter().chain(cells));
    }
}

fn diagonal() -> Box<Scatter<f64, f64>> {
    Scatter::new(vec![0.0, 1.0], vec![0.0, 1.0])
        .name("confidence = accuracy")
        .mode(Mode::Lines)
        .line(Line::new().color("#7F7F7F").dash(DashType::Dash).width(1.5))
        .hover_info(HoverInfo::Skip)
}

/// The bins of all reports together, weighted by their rows.
fn pooled<'a>(reports: impl Iterator<Item = &'a Report>) -> Vec<CalibrationBin> {
    let mut bins = [CalibrationBin { rows: 0, confidence: 0.0, accuracy: 0.0 }; BINS];
    for bin in reports.flat_map(|report| &report.calibration) {
        #[allow(clippy::cast_sign_loss, reason = "`max` sees to negative numbers, which no confidence is")]
        let place = ((bin.confidence * BINS as f64).ceil().max(1.0) as usize).min(BINS) - 1;
        let (pool, rows) = (&mut bins[place], bin.rows as f64);
        pool.rows = pool.rows.saturating_add(bin.rows);
        pool.confidence += rows * bin.confidence;
        pool.accuracy += rows * bin.accuracy;
    }
    let mean = |bin: CalibrationBin| {
        let rows = bin.rows as f64;
        CalibrationBin { confidence: bin.confidence / rows, accuracy: bin.accuracy / rows, ..bin }
    };
    bins.into_iter().filter(|bin| bin.rows > 0).map(mean).collect()
}

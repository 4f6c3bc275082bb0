//! What a student with its teacher behind it gives at each threshold: accuracy and agreement against cost.

use lelp_model::{CascadeChoice, CascadeFigures};
use plotly::common::Mode;

use super::chart::{Chart, axis, hover_text, padded_range, plot, points};
use super::number_format::share;
use super::table::Table;

/// The curve, and the threshold that was chosen; none where nothing was kept of it.
pub(super) fn chart(cascade: &CascadeChoice) -> Option<Chart> {
    let curve = &cascade.curve;
    let has_cost = curve.iter().any(|figures| figures.cost.is_some());
    let x = |figures: &CascadeFigures| figures.cost.filter(|_| has_cost).unwrap_or(figures.to_teacher);
    let title = if has_cost { "cost of a million rows" } else { "share of rows that go to the teacher" };
    let shown = [
        ("accuracy", curve.iter().map(|figures| figures.accuracy).collect::<Vec<_>>()),
        ("agreement with the teacher", curve.iter().map(|it| Some(it.point.agreement)).collect()),
        ("at least, as promised", curve.iter().map(|it| Some(it.point.agreement_bound)).collect()),
    ];
    let all = shown.iter().flat_map(|(_, values)| values.iter().flatten().copied());
    let mut plot = plot(axis(title), axis("share of rows").range(padded_range(all)));
    let hover = |figures: &CascadeFigures, name: &str, value: f64| {
        let sure =
            if figures.point.threshold > 1.0 { "none".to_owned() } else { share(figures.point.threshold) };
        let cost = figures.cost.map_or_else(String::new, |cost| format!(", cost {cost:.2}"));
        let place = format!("sure from {sure}, {} to the teacher{cost}", share(figures.to_teacher));
        hover_text(&[&format!("{name} {}", share(value)), &place])
    };
    for (position, (name, values)) in shown.iter().enumerate() {
        let found: Vec<(&CascadeFigures, f64)> =
            curve.iter().zip(values).filter_map(|(figures, value)| Some((figures, (*value)?))).collect();
        if found.is_empty() {
            continue;
        }
        let (across, up) = found.iter().map(|(figures, value)| (x(figures), *value)).unzip();
        let labels = found.iter().map(|(figures, value)| hover(figures, name, *value)).collect();
        plot.add_trace(points(name, position, Mode::Lines, across, up, labels));
    }
    let place = curve.iter().position(|figures| figures.to_teacher <= cascade.to_teacher)?;
    let chosen = &curve[place];
    let marks: Vec<f64> = shown.iter().filter_map(|(_, values)| values[place]).collect();
    let labels = marks.iter().map(|value| hover(chosen, "chosen", *value)).collect();
    plot.add_trace(points("chosen", shown.len(), Mode::Markers, vec![x(chosen); marks.len()], marks, labels));
    Some(Chart {
        heading: "Cascade".to_owned(),
        caption: caption(cascade, chosen),
        plot,
        height: 380,
        numbers: numbers(curve, has_cost),
    })
}

fn caption(cascade: &CascadeChoice, chosen: &CascadeFigures) -> String {
    let CascadeChoice { agreement, confidence, rows, teacher, .. } = cascade;
    let kept = if chosen.point.threshold > 1.0 {
        "no threshold keeps the promise, so that the teacher answers all".to_owned()
    } else {
        let from = share(chosen.point.threshold);
        format!(
            "the student answers rows of which it is at least {from} sure; {} go on",
            share(chosen.to_teacher)
        )
    };
    format!(
        "The student alone stands at the left, its teacher `{}` alone at the right. Chosen so that the two answer as the \
         teacher for {} of rows at least, with a confidence of {}, on {}: {kept}.",
        teacher.name,
        share(*agreement),
        share(*confidence),
        lelp::counted(*rows, "row")
    )
}

fn numbers(curve: &[CascadeFigures], has_cost: bool) -> Table {
    let mut table =
        Table::new(&["sure from", "to teacher", "agreement", "at least", "accuracy", "cost of a million"]);
    for figures in curve {
        let point = &figures.point;
        let threshold =
            if point.threshold > 1.0 { "none".to_owned() } else { format!("{:.5}", point.threshold) };
        let cost = figures.cost.filter(|_| has_cost).map_or_else(String::new, |cost| format!("{cost:.2}"));
        table.row([
            threshold,
            share(figures.to_teacher),
            share(point.agreement),
            share(point.agreement_bound),
            figures.accuracy.map_or_else(String::new, share),
            cost,
        ]);
    }
    table.without_empty_columns()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use lelp::stats::CascadePromise;
    use lelp_model::CascadeTeacher;

    use super::*;

    fn choice(labelled: bool, price: Option<f64>) -> CascadeChoice {
        let promise = CascadePromise::new(0.9, 0.95).unwrap();
        let sure: Vec<f32> = (0..400).map(|row| 0.5 + row as f32 / 800.0).collect();
        let same: Vec<bool> = (0..400).map(|row| row > 100 || row % 3 == 0).collect();
        let figures = |point: lelp::stats::CascadePoint| {
            let to_teacher = 1.0 - point.kept as f64 / 400.0;
            let (accuracy, cost) =
                (labelled.then_some(0.8 + 0.1 * to_teacher), price.map(|p| p * to_teacher));
            CascadeFigures { point, to_teacher, accuracy, cost }
        };
        let curve: Vec<CascadeFigures> = promise.curve(&sure, &same, 2).into_iter().map(figures).collect();
        let chosen = figures(promise.choose(&promise.curve(&sure, &same, 2)));
        CascadeChoice {
            threshold: chosen.point.threshold,
            agreement: 0.9,
            confidence: 0.95,
            rows: 400,
            to_teacher: chosen.to_teacher,
            temperature: None,
            teacher: CascadeTeacher { name: "big <b>".to_owned(), hash: None },
            curve,
        }
    }

    #[test]
    fn the_chosen_threshold_stands_on_the_curve_with_what_it_costs() {
        for (labelled, price, traces) in [(true, Some(200.0), 4), (false, None, 3)] {
            let choice = choice(labelled, price);
            let chart = chart(&choice).unwrap();
            let plot = serde_json::to_value(&chart.plot).unwrap();
            let data = plot["data"].as_array().unwrap();
            assert_eq!(data.len(), traces, "{labelled}");
            let expected = price.map_or(choice.to_teacher, |price| price * choice.to_teacher);
            let found = data[traces - 1]["x"][0].as_f64().unwrap();
            assert!((found - expected).abs() < 1e-9, "{found} {expected}");
            let html = chart.html("x").into_string();
            assert_eq!(html.contains("cost of a million"), price.is_some());
            assert!(!html.contains("<b>"), "{html}");
        }
    }

    #[test]
    fn a_choice_without_its_curve_has_no_chart() {
        assert!(chart(&CascadeChoice { curve: Vec::new(), ..choice(true, None) }).is_none());
    }
}

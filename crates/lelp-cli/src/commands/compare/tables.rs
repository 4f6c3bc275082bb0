//! Renders the tables of a comparison for a terminal.

use std::fmt::Write;

use lelp_compare::summary::{ComparisonTable, Summary};

use crate::text_table::TextTable;

/// A table for each data set, teacher and student, wins and losses over all of them, and how to read them.
pub(crate) fn text(summary: &Summary) -> String {
    let mut text = String::new();
    for table in &summary.tables {
        let setting = &table.setting;
        let _ = write!(text, "{}, {}, {}", setting.data, setting.teacher, setting.student);
        if let Some(test) = table.teacher.as_ref().and_then(|teacher| teacher.test.as_ref()) {
            let _ = write!(text, ": teacher {:.4} on {} test rows", test.accuracy, test.labelled_rows);
        }
        let _ = writeln!(text, "\n\n{}\n", accuracies(table, &summary.baseline));
        for line in table.lines.iter().filter(|line| line.one_class > 0) {
            let (students, all) = (line.one_class, line.seeds.len());
            let _ = writeln!(
                text,
                "{}: {students} of {all} students answer all test rows with one class\n",
                line.method
            );
        }
    }
    if summary.tables.len() > 1 {
        let _ = writeln!(text, "{}\n", tally(summary));
    }
    let _ = write!(
        text,
        "test accuracy: mean (standard deviation) over {} seeds, settings chosen on validation rows in {}\n\
         p: against `{}`, paired t-test over seeds and paired bootstrap over test rows, corrected for the methods\n\
         of a table; *: below .05 over rows",
        summary.seeds.len(),
        summary.search(),
        summary.baseline
    );
    text
}

fn accuracies(table: &ComparisonTable, baseline: &str) -> TextTable {
    let against = format!("- {baseline}");
    let mut text = TextTable::new(&[
        "method",
        "test accuracy",
        &against,
        "p seeds",
        "p rows",
        "- best other",
        "agreement",
        "s",
        "MB",
        "us a text",
    ]);
    if let Some(majority) = table.majority() {
        let mut cells = vec![format!("always {}", majority.class), format!("{:.4}", majority.accuracy)];
        cells.resize(10, String::new());
        text.row(&cells);
    }
    for line in &table.lines {
        let own = line.against_baseline.as_ref();
        let chance = |p: f64| if p < 0.001 { "<.001".to_owned() } else { format!("{p:.3}") };
        let mark = own.map_or("", |own| if own.is_significant() { "*" } else { " " });
        text.row(&[
            line.method.clone(),
            format!("{:.4} ({:.4})", line.accuracy.mean, line.accuracy.deviation),
            own.map_or_else(String::new, |own| format!("{:+.4}{mark}", own.mean)),
            own.and_then(|own| own.seeds_p_corrected).map_or_else(String::new, chance),
            own.map_or_else(String::new, |own| chance(own.rows_p_corrected)),
            line.against_best_other.as_ref().map_or_else(String::new, |(_, own)| format!("{:+.4}", own.mean)),
            line.agreement.map_or_else(String::new, |agreement| format!("{:.4}", agreement.mean)),
            format!("{:.1}", line.seconds.mean),
            format!("{:.1}", line.bytes as f64 / 1e6),
            line.microseconds_text(),
        ]);
    }
    text
}

fn tally(summary: &Summary) -> TextTable {
    let against = format!("against {}", summary.baseline);
    let mut text = TextTable::new(&[&against, "wins", "ties", "losses"]);
    for tally in &summary.tallies {
        let cells = [tally.wins, tally.ties, tally.losses].map(|count| count.to_string());
        text.row(&[std::slice::from_ref(&tally.method), &cells].concat());
    }
    text
}

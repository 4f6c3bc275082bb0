//! Tables in Markdown, which a book or an issue shows as they are.

use std::fmt::{self, Display, Write};

use lelp::stats::MeanAndDeviation;

use super::{ComparisonTable, Difference, MethodSummary, Summary};
use crate::record::AutoRecord;

impl Display for Summary {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for table in &self.tables {
            heading(table, out)?;
            accuracies(table, &self.baseline, out)?;
            cost(table, out)?;
            table.auto.iter().try_for_each(|record| auto(record, out))?;
            for line in table.lines.iter().filter(|line| line.one_class > 0) {
                let (students, all) = (line.one_class, line.seeds.len());
                writeln!(
                    out,
                    "- `{}`: {students} of {all} students answer all test rows with one class.",
                    line.method
                )?;
            }
            for failed in &table.failed {
                let what = if failed.refused { "not run" } else { "FAILED" };
                writeln!(out, "- `{}` {what}: {}", failed.method, failed.error)?;
            }
            writeln!(out)?;
        }
        self.tally(out)?;
        writeln!(
            out,
            "\nTest accuracy: mean (standard deviation) over {} seeds; settings chosen on validation rows, {}. \
             `p seeds`: paired t-test over seeds. `p rows`: paired bootstrap over test rows, with its 95 % interval. \
             Both corrected for the methods of a table (Holm). Best other: by test accuracy, `oracle` apart.",
            self.seeds.len(),
            self.search()
        )
    }
}

fn heading(table: &ComparisonTable, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    let setting = &table.setting;
    writeln!(out, "### {} - {} - {}\n", setting.data, setting.teacher, setting.student)?;
    let Some(teacher) = &table.teacher else { return Ok(()) };
    write!(
        out,
        "{} classes, {} training rows ({} labelled), {} validation rows",
        teacher.labels.len(),
        teacher.train_rows,
        teacher.labelled_rows,
        teacher.validation_rows
    )?;
    if let Some(test) = &teacher.test {
        write!(out, ", {} test rows; teacher {}", test.labelled_rows, share(test.accuracy))?;
    }
    writeln!(out, ".\n")
}

fn accuracies(table: &ComparisonTable, baseline: &str, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    writeln!(
        out,
        "| method | test accuracy | - `{baseline}` | 95 % interval | p seeds | p rows | - best other | p rows | macro-F1 | agreement | NLL | calibration error |"
    )?;
    writeln!(out, "|---|---|---|---|---|---|---|---|---|---|---|---|")?;
    if let Some(majority) = table.majority() {
        writeln!(
            out,
            "| always `{}` | {} | | | | | | | {} | | | |",
            majority.class,
            share(majority.accuracy),
            share(majority.macro_f1)
        )?;
    }
    for line in &table.lines {
        let (difference, interval, seeds, rows) = cells(line.against_baseline.as_ref());
        let other = line.against_best_other.as_ref().map_or_else(
            || (String::new(), String::new()),
            |(name, own)| (format!("{} (`{name}`)", signed(own.mean)), chance(own.rows_p_corrected)),
        );
        writeln!(
            out,
            "| `{}` | {} | {difference} | {interval} | {seeds} | {rows} | {} | {} | {} | {} | {:.3} | {:.3} |",
            line.method,
            spread(line.accuracy),
            other.0,
            other.1,
            share(line.macro_f1.mean),
            line.agreement.map_or_else(String::new, |agreement| share(agreement.mean)),
            line.negative_log_likelihood.mean,
            line.expected_calibration_error.mean,
        )?;
    }
    writeln!(out)
}

/// Difference, interval, chance over seeds, chance over rows.
fn cells(difference: Option<&Difference>) -> (String, String, String, String) {
    let Some(own) = difference else { return Default::default() };
    let emphasis = if own.is_significant() { "**" } else { "" };
    (
        format!("{emphasis}{}{emphasis}", signed(own.mean)),
        format!("{} to {}", signed(own.rows.low), signed(own.rows.high)),
        own.seeds_p_corrected.map_or_else(String::new, chance),
        chance(own.rows_p_corrected),
    )
}

fn cost(table: &ComparisonTable, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    writeln!(out, "| method | chosen settings | s a student | s in all | MB | us a text |")?;
    writeln!(out, "|---|---|---|---|---|---|")?;
    for line in &table.lines {
        writeln!(
            out,
            "| `{}` | {} | {:.1} | {:.0} | {:.1} | {} |",
            line.method,
            settings(line),
            line.seconds.mean,
            line.compute_seconds,
            line.bytes as f64 / 1e6,
            line.microseconds_text(),
        )?;
    }
    writeln!(out)
}

/// What a method that left something open became, and why.
fn auto(record: &AutoRecord, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    let AutoRecord { method, seed, result, .. } = record;
    let (choice, reason) = (result.describe(), result.reason());
    writeln!(out, "- `{method}`, seed {seed}, became {choice} in {:.1} s: {reason}.", result.seconds)
}

/// Settings that a search may have changed, in words.
fn settings(line: &MethodSummary) -> String {
    let value = serde_json::to_value(&line.distill).expect("settings are numbers and words");
    let mut words = String::new();
    for (name, value) in value.as_object().into_iter().flatten() {
        let shown = value.is_number() && !(name == "alpha" && value.as_f64() == Some(0.0));
        if shown {
            let _ = write!(words, "{name} {value}, ");
        }
    }
    let _ = write!(words, "rate {}, epochs {}", line.train.learning_rate, line.train.epochs);
    words
}

impl Summary {
    fn tally(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.tables.len() < 2 {
            return Ok(());
        }
        writeln!(out, "### Against `{}` over {} tables\n", self.baseline, self.tables.len())?;
        writeln!(out, "| method | wins | ties | losses |\n|---|---|---|---|")?;
        for tally in &self.tallies {
            writeln!(out, "| `{}` | {} | {} | {} |", tally.method, tally.wins, tally.ties, tally.losses)?;
        }
        Ok(())
    }
}

/// A share of rows, as `.9123`.
fn share(value: f64) -> String {
    format!("{value:.4}").trim_start_matches('0').to_owned()
}

fn spread(spread: MeanAndDeviation) -> String {
    format!("{} ({})", share(spread.mean), share(spread.deviation))
}

fn signed(value: f64) -> String {
    let sign = if value < 0.0 { '-' } else { '+' };
    format!("{sign}{}", share(value.abs()))
}

fn chance(p: f64) -> String {
    if p < 0.001 { "<.001".to_owned() } else { format!("{p:.3}").trim_start_matches('0').to_owned() }
}

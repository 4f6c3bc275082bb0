//! Wins, ties and losses over all tables.

use serde::Serialize;

use super::ComparisonTable;

/// How often a method is above, level with and below the baseline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// The method.
    pub method: String,
    /// Tables in which it is above, and significantly so after correction.
    pub wins: usize,
    /// Tables in which the difference is not significant.
    pub ties: usize,
    /// Tables in which it is below, and significantly so after correction.
    pub losses: usize,
}

/// A tally for each method but the baseline, in the order of the tables.
pub(super) fn tallies(tables: &[ComparisonTable], baseline: &str) -> Vec<Tally> {
    let mut tallies: Vec<Tally> = Vec::new();
    for line in tables.iter().flat_map(|table| &table.lines).filter(|line| line.method != baseline) {
        let Some(difference) = &line.against_baseline else { continue };
        let place = tallies.iter().position(|tally| tally.method == line.method).unwrap_or_else(|| {
            tallies.push(Tally { method: line.method.clone(), wins: 0, ties: 0, losses: 0 });
            tallies.len() - 1
        });
        let tally = &mut tallies[place];
        match (difference.is_significant(), difference.mean > 0.0) {
            (false, _) => tally.ties += 1,
            (true, true) => tally.wins += 1,
            (true, false) => tally.losses += 1,
        }
    }
    tallies
}

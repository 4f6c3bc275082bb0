//! One position for each method of a run, so that it has the same colour in every chart.

use crate::run_report::RunReport;

/// Methods in the order of their first appearance.
pub(super) struct MethodOrder {
    names: Vec<String>,
    baseline: Option<String>,
}

impl MethodOrder {
    pub(super) fn of(run: &RunReport) -> Self {
        let mut names: Vec<String> = Vec::new();
        for result in run.groups.iter().flat_map(|group| &group.methods) {
            if !names.contains(&result.method) {
                names.push(result.method.clone());
            }
        }
        Self { names, baseline: run.baseline.clone() }
    }

    /// The position of a method of the run.
    pub(super) fn position(&self, method: &str) -> usize {
        self.names.iter().position(|name| name == method).unwrap_or(self.names.len())
    }

    /// The method that others are compared with.
    pub(super) fn baseline(&self) -> Option<&String> {
        self.baseline.as_ref()
    }
}

//! The methods of a story, each with one place, hence one colour, in every chart.

use crate::story::Story;

/// Methods by first appearance.
pub(super) struct Methods {
    names: Vec<String>,
    baseline: Option<String>,
}

impl Methods {
    pub(super) fn of(story: &Story) -> Self {
        let mut names: Vec<String> = Vec::new();
        for result in story.groups.iter().flat_map(|group| &group.methods) {
            if !names.contains(&result.method) {
                names.push(result.method.clone());
            }
        }
        Self { names, baseline: story.baseline.clone() }
    }

    /// The place of a method of the story.
    pub(super) fn place(&self, method: &str) -> usize {
        self.names.iter().position(|name| name == method).unwrap_or(self.names.len())
    }

    /// The method that others are held against.
    pub(super) fn baseline(&self) -> Option<&String> {
        self.baseline.as_ref()
    }
}

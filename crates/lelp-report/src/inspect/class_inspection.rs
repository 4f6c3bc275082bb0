//! Inspection of one class: its members, and what each of its subclasses is.

use std::sync::atomic::AtomicBool;

use lelp::ClassReport;
use lelp_data::{Dataset, Table};

use super::class_members::Members;
use super::confidence_by_decile::confidence_by_decile;
use super::distinctive_terms::distinctive_terms;
use super::number_differences::number_differences;
use super::typical_rows::typical_rows;
use super::vocabulary::{Limits, Vocabulary};
use super::{ClassInspection, InspectError, InspectSettings, SubclassInspection};

/// What follows from the rows; [`ClassInspection::with_report`] adds the name and what the fit reports.
pub(super) fn inspect_class(
    members: &Members,
    data: &Dataset,
    per_class: usize,
    settings: &InspectSettings,
    cancelled: &AtomicBool,
) -> Result<ClassInspection, InspectError> {
    let limits = Limits::of(settings.least_rows, per_class);
    let subclasses = members.subclasses(per_class);
    let vocabularies = vocabularies(data.table(), &members.rows, &subclasses, per_class, limits, cancelled)?;
    let subclass = |subclass: usize| SubclassInspection {
        name: None,
        share: members.mean_share(subclass, per_class),
        variance: None,
        confidence: confidence_by_decile(&members.scores_of(subclass, per_class), &members.confidence),
        typical_rows: typical_rows(members, subclass, per_class, data, settings.typical_rows),
        distinctive_terms: distinctive_terms(&vocabularies, subclass, settings),
        number_differences: number_differences(data.table(), &members.rows, &subclasses, subclass, settings),
    };
    Ok(ClassInspection {
        name: String::new(),
        members: members.len(),
        spectrum: Vec::new(),
        effective_rank: None,
        variance_kept: None,
        subclasses: (0..per_class).map(subclass).collect(),
    })
}

/// The terms of the texts, where there are texts, and those of each column of categories.
fn vocabularies(
    table: &Table,
    rows: &[usize],
    subclasses: &[Option<usize>],
    per_class: usize,
    limits: Limits,
    cancelled: &AtomicBool,
) -> Result<Vec<Vocabulary>, InspectError> {
    let texts = table
        .schema()
        .text()
        .map(|_| Vocabulary::of_texts(table, rows, subclasses, per_class, limits, cancelled));
    let categories = table
        .schema()
        .categories()
        .map(|column| Vocabulary::of_category(table, column, rows, subclasses, per_class, limits, cancelled));
    texts.into_iter().chain(categories).collect()
}

impl ClassInspection {
    /// Adds the name of the class, what the fit reports about it, and the names of its fine labels where it is split by
    /// them.
    pub(super) fn with_report(
        mut self,
        name: &str,
        report: ClassReport,
        fine_names: Option<&[String]>,
    ) -> Self {
        name.clone_into(&mut self.name);
        self.set_variance(&report.variance);
        for (subclass, (label, _)) in self.subclasses.iter_mut().zip(&report.fine_labels) {
            let name = fine_names.map(|names| names[*label as usize].clone());
            subclass.name = Some(name.unwrap_or_else(|| label.to_string()));
        }
        self.spectrum = report.spectrum;
        self.effective_rank = report.effective_rank;
        self.variance_kept = report.variance_kept;
        self
    }

    fn set_variance(&mut self, variance: &[f64]) {
        for (subclass, &variance) in self.subclasses.iter_mut().zip(variance) {
            subclass.variance = Some(variance);
        }
    }
}

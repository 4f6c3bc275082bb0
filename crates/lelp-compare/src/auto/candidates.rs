//! What is tried where a recipe or a flag says `auto`, the simplest first.

use std::collections::BTreeSet;

use lelp::Search;
use lelp_method::{MethodSettings, Objective};
use lelp_train::distill::Task;
use lelp_train::students::tfidf::TfidfStudentSettings;
use lelp_train::students::{Alternative, StudentSettings};
use lelp_train::training::TrainSettings;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{AutoError, AutoSpec};

/// Weight of the labels where they are mixed in.
const ALPHA: f64 = 0.5;

/// Outputs of the last layer up to which subclasses are tried: a class of many gets fewer.
const OUTPUTS: usize = 256;

/// Widths around a method's own that are tried where only the width is open.
const WIDTHS: [f64; 2] = [0.5, 2.0];

/// A method with a student.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The method with its settings.
    pub distill: Objective,
    /// The student with its settings.
    pub student: StudentSettings,
    /// What the student's learning rate is multiplied by.
    #[serde(default = "unchanged")]
    pub rate_factor: f32,
}

fn unchanged() -> f32 {
    1.0
}

impl Candidate {
    /// A method with a student that is trained as usual.
    #[must_use]
    pub fn new(distill: Objective, student: StudentSettings) -> Self {
        Self { distill, student, rate_factor: unchanged() }
    }

    /// How the student of the candidate is trained, where others are trained as `usual` says.
    #[must_use]
    pub fn training(&self, usual: TrainSettings) -> TrainSettings {
        TrainSettings { learning_rate: usual.learning_rate * self.rate_factor, ..usual }
    }
}

/// What may be changed of the best candidate.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct OpenSteps {
    pub(super) rate: bool,
    pub(super) beta: bool,
}

impl OpenSteps {
    /// The candidate with one thing changed, the most promising first: splits want to be learned faster and to be sharper
    /// more often than the other way round.
    pub(super) fn of(self, candidate: &Candidate) -> Vec<Candidate> {
        let rate = |factor: f32| {
            self.rate.then(|| Candidate { rate_factor: factor * candidate.rate_factor, ..candidate.clone() })
        };
        let beta = |factor: f64| {
            let base = &candidate.distill.base;
            let width = base.split().filter(|_| self.beta)?.beta.get();
            let distill = Objective {
                base: base.with("beta", json!(factor * width)).ok()?,
                add: candidate.distill.add.clone(),
            };
            Some(Candidate { distill, ..candidate.clone() })
        };
        [rate(2.0), beta(0.5), rate(0.5), beta(2.0)].into_iter().flatten().collect()
    }
}

/// Methods and students that can be put together, each list the simplest first.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) students: Vec<StudentSettings>,
    /// Leading students that are tried in any case.
    pub(super) early: usize,
    /// Others, with the place of the student that they are made of: they are tried where that one is the best, and the teacher
    /// is an encoder.
    pub(super) of_teacher: Vec<(usize, usize)>,
    /// Place of a student of another kind that learns from labels alone, by the method at this place.
    pub(super) baseline: Option<(usize, usize)>,
    pub(super) methods: Vec<Objective>,
    /// Leading methods that every student is tried with.
    pub(super) plain: usize,
    /// Weight of labels that the best of the others are tried with too.
    pub(super) mixed_labels: Option<f64>,
    pub(super) steps: OpenSteps,
}

impl Plan {
    /// Whether the student at `place` takes something from the teacher.
    pub(super) fn is_of_teacher(&self, place: usize) -> bool {
        self.of_teacher.iter().any(|(own, _)| *own == place)
    }
}

/// What of the student is as it must be.
#[derive(Debug, Clone, Copy)]
pub(super) struct GivenStudent<'a> {
    pub(super) student: &'a StudentSettings,
    /// Names of its settings that stay as they are.
    pub(super) fixed: &'a BTreeSet<String>,
    /// Whether it may be of another kind.
    pub(super) kind_open: bool,
    /// Whether it stands for one that trains for minutes.
    pub(super) stand_in: bool,
}

/// What is tried on `task`.
pub(super) fn plan(
    task: &Task,
    spec: &AutoSpec,
    method: &Objective,
    given_student: GivenStudent<'_>,
) -> Result<Plan, AutoError> {
    let GivenStudent { student, fixed, kind_open, stand_in } = given_student;
    match spec {
        AutoSpec::Method { given } => {
            let (plain, split) = methods(task, method, given)?;
            let mut students = alternatives(student, fixed)?;
            let early = students.len();
            let of_teacher = if stand_in { Vec::new() } else { of_teacher(&mut students, fixed)? };
            let labels_alone = plain.iter().position(|method| !method.needs().teacher());
            let baseline = labels_alone.filter(|_| kind_open && task.train().schema().is_text_only());
            let baseline = baseline.map(|method| (students.len(), method));
            students.extend(baseline.map(|_| StudentSettings::new(TfidfStudentSettings::default())));
            let mixed =
                task.train().labelled_rows() > 0 && task.signals().is_some() && !given.contains_key("alpha");
            Ok(Plan {
                students,
                early,
                of_teacher,
                baseline,
                plain: plain.len(),
                methods: plain.into_iter().chain(split).collect(),
                mixed_labels: mixed.then_some(ALPHA),
                steps: OpenSteps {
                    rate: !stand_in && !fixed.contains("learning_rate"),
                    beta: !given.contains_key("beta"),
                },
            })
        }
        &AutoSpec::Split { subclasses, beta } => {
            let methods = splits(method, subclasses, beta)?;
            if task.signals().is_none() {
                return Err(AutoError::NoSignals);
            }
            Ok(Plan {
                students: vec![student.clone()],
                early: 1,
                of_teacher: Vec::new(),
                baseline: None,
                plain: methods.len(),
                methods,
                mixed_labels: None,
                steps: OpenSteps::default(),
            })
        }
    }
}

/// Methods without a split, and methods with one, that this task can teach.
fn methods(
    task: &Task,
    method: &Objective,
    given: &Map<String, Value>,
) -> Result<(Vec<Objective>, Vec<Objective>), AutoError> {
    let (classes, labelled, taught) =
        (task.labels().len(), task.train().labelled_rows() > 0, task.signals().is_some());
    let subclasses = |most: usize| most.min((OUTPUTS / classes).max(2));
    let mut plain = Vec::new();
    let mut split = Vec::new();
    if labelled && method.add.is_empty() {
        plain.push(("ce", json!({})));
    }
    if taught {
        plain.push(("kd", json!({})));
        for weight in [1.0, 0.3] {
            split.push(("kmeans", json!({"subclasses": subclasses(32), "split_weight": weight})));
            split.push(("lelp", json!({"subclasses": subclasses(8), "split_weight": weight})));
        }
    }
    let mut unknown: BTreeSet<&String> = given.keys().collect();
    let mut build = |(name, settings): (&str, Value)| -> Result<Objective, AutoError> {
        let mut base = MethodSettings::named(name)?;
        let own: BTreeSet<&str> = base.parameters().iter().map(|parameter| parameter.name).collect();
        unknown.retain(|name| !own.contains(name.as_str()));
        let settings = settings.as_object().cloned().unwrap_or_default();
        for (name, value) in settings.iter().chain(given) {
            if own.contains(name.as_str()) {
                base = base.with(name, value.clone())?;
            }
        }
        Ok(Objective { base, add: method.add.clone() })
    };
    let plain = plain.into_iter().map(&mut build).collect::<Result<Vec<_>, _>>()?;
    let split = split.into_iter().map(&mut build).collect::<Result<Vec<_>, _>>()?;
    if let Some(name) = unknown.first() {
        return Err(AutoError::Unknown((*name).clone()));
    }
    Ok((plain, distinct(split)))
}

/// Each once, in their order: settings that are given make some equal.
fn distinct(methods: Vec<Objective>) -> Vec<Objective> {
    methods.into_iter().fold(Vec::new(), |mut seen, method| {
        if !seen.contains(&method) {
            seen.push(method);
        }
        seen
    })
}

/// The student as it is given, then with every set of the changes that its kind declares for settings that are open.
fn alternatives(
    student: &StudentSettings,
    fixed: &BTreeSet<String>,
) -> Result<Vec<StudentSettings>, AutoError> {
    let mut students = vec![student.clone()];
    for alternative in student.kind().alternatives.iter().filter(|alternative| is_open(alternative, fixed)) {
        for place in 0..students.len() {
            let changed = students[place].with(alternative.changes).map_err(AutoError::Student)?;
            if !students.contains(&changed) {
                students.push(changed);
            }
        }
    }
    Ok(students)
}

/// Adds what each of the students can take from a teacher that is an encoder; gives places, with those of what they are
/// made of.
fn of_teacher(
    students: &mut Vec<StudentSettings>,
    fixed: &BTreeSet<String>,
) -> Result<Vec<(usize, usize)>, AutoError> {
    let mut added = Vec::new();
    for place in 0..students.len() {
        let open = students[place].kind().of_teacher.iter().filter(|alternative| is_open(alternative, fixed));
        for alternative in open {
            let changed = students[place].with(alternative.changes).map_err(AutoError::Student)?;
            if !students.contains(&changed) {
                added.push((students.len(), place));
                students.push(changed);
            }
        }
    }
    Ok(added)
}

fn is_open(alternative: &Alternative, fixed: &BTreeSet<String>) -> bool {
    alternative.changes.iter().all(|(name, _)| !fixed.contains(*name))
}

/// A given method with other numbers of subclasses, or other widths, or both.
fn splits(method: &Objective, subclasses: bool, beta: bool) -> Result<Vec<Objective>, AutoError> {
    let no_split = || AutoError::NoSplit(method.name());
    let parameters = method.base.parameters();
    let choices =
        parameters.iter().find(|parameter| parameter.name == "subclasses").map(|found| found.search);
    let (Some(split), Some(Search::Choices(choices))) = (method.base.split(), choices) else {
        return Err(no_split());
    };
    let own = vec![method.base.clone()];
    let with = |base: &MethodSettings, name, value: Value| Ok::<_, AutoError>(base.with(name, value)?);
    let numbers = if subclasses {
        choices
            .iter()
            .map(|&number| with(&method.base, "subclasses", json!(number as i64)))
            .collect::<Result<_, _>>()?
    } else {
        own
    };
    let width = split.beta.get();
    let mut methods = Vec::new();
    for base in numbers {
        for factor in WIDTHS.into_iter().filter(|_| beta) {
            methods.push(with(&base, "beta", json!(factor * width))?);
        }
        methods.push(base);
    }
    Ok(methods.into_iter().map(|base| Objective { base, add: method.add.clone() }).collect())
}

//! Problems and values that `scripts/method_goldens.py` wrote.

use std::collections::BTreeMap;

use lelp_method::{
    Batch, Gradients, Method, MethodSettings, NamedArray, Objective, Optimizer, StudentShape, Supervision,
    TeacherEmbeddings,
};
use serde::Deserialize;

/// Columns of the embeddings.
pub(crate) const STUDENT_WIDTH: usize = 4;
pub(crate) const TEACHER_WIDTH: usize = 5;

pub(crate) const STUDENT: StudentShape =
    StudentShape { embedding: STUDENT_WIDTH, optimizer: Optimizer::Sgd, seed: 11 };

#[derive(Deserialize)]
pub(crate) struct Goldens {
    pub(crate) rate: f32,
    problems: Vec<ProblemFile>,
    pub(crate) cases: Vec<Case>,
}

/// Where a method says that a student cannot do better.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Optimum {
    /// Where its outputs are the teacher's logits.
    Logits,
    /// Where the softmax of its outputs is the targets.
    Targets,
    /// Where its embedding is the teacher's.
    Embedding,
    /// Where a regressor that copies finds the teacher's embedding.
    Copied,
}

/// Embeddings in memory.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    width: usize,
    values: Vec<f32>,
}

impl Rows {
    pub(crate) fn new(width: usize, values: Vec<f32>) -> Self {
        Self { width, values }
    }

    pub(crate) fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.width..][..self.width]
    }
}

impl TeacherEmbeddings for Rows {
    fn rows(&self) -> usize {
        self.values.len() / self.width
    }

    fn width(&self) -> usize {
        self.width
    }

    fn read(&self, row: usize, embedding: &mut [f32]) {
        embedding.copy_from_slice(self.row(row));
    }
}

/// A method's values on a problem.
#[derive(Deserialize, Clone)]
pub(crate) struct Case {
    pub(crate) classes: usize,
    pub(crate) settings: Objective,
    /// Where a student cannot do better, according to the paper.
    pub(crate) optimum: Option<Optimum>,
    /// Variables and buffers.
    pub(crate) state: BTreeMap<String, Vec<f32>>,
    /// Weight and value of each term; the value is divided by the rows of the batch, whoever has the term.
    pub(crate) terms: BTreeMap<String, (f64, f64)>,
    pub(crate) loss: f64,
    pub(crate) output_gradient: Vec<f64>,
    pub(crate) embedding_gradient: Vec<f64>,
    pub(crate) state_after: BTreeMap<String, Vec<f64>>,
}

#[derive(Deserialize, Clone)]
struct ProblemFile {
    classes: usize,
    rows: usize,
    batch: Vec<u32>,
    labels: Vec<i64>,
    logits: Vec<Vec<f32>>,
    targets: Vec<Vec<f32>>,
    teacher_embeddings: Vec<Vec<f32>>,
    student_embeddings: Vec<Vec<f32>>,
    outputs: Vec<Vec<f32>>,
    subclass_outputs: Vec<Vec<f32>>,
}

/// Six training rows, and what a student gives for the five of a batch.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) classes: usize,
    pub(crate) batch: Vec<u32>,
    pub(crate) labels: Vec<Option<u32>>,
    pub(crate) logits: Vec<f32>,
    pub(crate) targets: Vec<f32>,
    pub(crate) teacher: Rows,
    pub(crate) embedding: Vec<f32>,
    pub(crate) outputs: Vec<f32>,
}

/// What a method made of a batch.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) output_gradient: Vec<f32>,
    pub(crate) embedding_gradient: Vec<f32>,
    /// Each term by name: its sum over the rows of the batch that have it, divided by all rows.
    pub(crate) terms: BTreeMap<String, f64>,
}

impl Goldens {
    pub(crate) fn read() -> Self {
        let mut goldens: Self = serde_json::from_str(include_str!("goldens.json")).unwrap();
        let lelp: Vec<Case> =
            goldens.cases.iter().filter(|case| case.settings.base.name() == "lelp").cloned().collect();
        goldens.cases.extend(lelp.iter().flat_map(of_other_splits));
        goldens
    }

    /// The problem of a case.
    pub(crate) fn problem(&self, case: &Case) -> Problem {
        self.problem_of(case.classes, case.settings.base.subclasses())
    }

    pub(crate) fn problem_of(&self, classes: usize, subclasses: usize) -> Problem {
        let file = self.problems.iter().find(|problem| problem.classes == classes).unwrap().clone();
        let outputs = if subclasses > 1 { file.subclass_outputs } else { file.outputs };
        assert_eq!(file.rows, file.labels.len());
        Problem {
            classes,
            batch: file.batch,
            labels: file.labels.into_iter().map(|label| u32::try_from(label).ok()).collect(),
            logits: file.logits.concat(),
            targets: file.targets.concat(),
            teacher: Rows::new(TEACHER_WIDTH, file.teacher_embeddings.concat()),
            embedding: file.student_embeddings.concat(),
            outputs: outputs.concat(),
        }
    }

    /// The first case of a method.
    pub(crate) fn case(&self, method: &MethodSettings) -> &Case {
        let case = self.cases.iter().find(|case| case.settings.base.name() == method.name());
        case.unwrap_or_else(|| panic!("method `{}` has no golden", method.name()))
    }

    /// A case of every method, in the order of the registry.
    pub(crate) fn every_method(&self) -> impl Iterator<Item = &Case> {
        MethodSettings::all().into_iter().map(|method| self.case(&method))
    }
}

/// Methods that match other subclasses than those of `lelp` have its loss: on the same targets its values are theirs.
fn of_other_splits(lelp: &Case) -> Vec<Case> {
    let splits = MethodSettings::all().into_iter().filter(|method| method.needs().targets);
    let case = |method: MethodSettings| {
        let base = &lelp.settings.base;
        let settings = serde_json::json!({
            "method": method.name(),
            "alpha": base.alpha().get(),
            "temperature": base.temperature().get(),
            "subclasses": base.subclasses(),
            "split_weight": base.to_json()["split_weight"],
        });
        let renamed = |(name, value): (&String, &(f64, f64))| {
            (if name == "lelp" { method.name().to_owned() } else { name.clone() }, *value)
        };
        let terms = lelp.terms.iter().map(renamed).collect();
        Case { settings: serde_json::from_value(settings).unwrap(), terms, ..lelp.clone() }
    };
    splits.filter(|method| method.name() != "lelp").map(case).collect()
}

impl Problem {
    /// All that a method may need.
    pub(crate) fn supervision(&self) -> Supervision<'_> {
        Supervision {
            rows: self.labels.len(),
            classes: self.classes,
            labels: Some(&self.labels),
            logits: Some(&self.logits),
            targets: Some(&self.targets),
            embeddings: Some(&self.teacher),
            class_weights: None,
        }
    }

    pub(crate) fn method(&self, settings: &Objective) -> Box<dyn Method + '_> {
        settings.build(self.supervision(), &STUDENT).unwrap()
    }

    /// The method with the variables of a case.
    pub(crate) fn method_of(&self, case: &Case) -> Box<dyn Method + '_> {
        let mut method = self.method(&case.settings);
        let mut state = method.state();
        for (name, values) in &case.state {
            array(&mut state, name).values.clone_from(values);
        }
        method.load_state(&state).unwrap();
        method
    }

    /// Runs the batch.
    pub(crate) fn learn(&self, method: &mut dyn Method) -> Answer {
        let mut sums = vec![lelp_method::TermSum::default(); method.terms().len()];
        let mut outputs = vec![0.0; self.outputs.len()];
        let embedding = if method.embedding().is_some() { &self.embedding[..] } else { &[] };
        let mut slopes = vec![0.0; embedding.len()];
        let share = 1.0 / self.batch.len() as f64;
        let batch = Batch { rows: &self.batch, share, outputs: &self.outputs, embedding };
        method.learn(&batch, &mut Gradients { outputs: &mut outputs, embedding: &mut slopes }, &mut sums);
        let names = method.terms().iter().map(|name| (*name).to_owned());
        let terms = names.zip(sums.iter().map(|sum| share * sum.sum)).collect();
        Answer { output_gradient: outputs, embedding_gradient: slopes, terms }
    }
}

impl Case {
    /// Names of the method's variables, as far as they follow a gradient.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &String> {
        self.state.keys().filter(|name| !name.ends_with(".memory"))
    }

    /// The loss, from the terms of an answer and their weights.
    pub(crate) fn total(&self, answer: &Answer) -> f64 {
        answer.terms.iter().map(|(name, value)| self.terms[name].0 * value).sum()
    }
}

pub(crate) fn array<'a>(state: &'a mut [NamedArray], name: &str) -> &'a mut NamedArray {
    state.iter_mut().find(|array| array.name == name).unwrap_or_else(|| panic!("no array `{name}`"))
}

/// Largest difference of two arrays.
pub(crate) fn apart<A: Copy + Into<f64>, B: Copy + Into<f64>>(a: &[A], b: &[B]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(&a, &b)| (a.into() - b.into()).abs()).fold(0.0, f64::max)
}

//! Every student can carry every method.

#![allow(clippy::unwrap_used, clippy::float_cmp, reason = "a test may panic, and asks for the same bits")]

use std::num::NonZeroUsize;
use std::slice;
use std::sync::atomic::AtomicBool;

use lelp_data::{ColumnValues, Table, Text};
use lelp_method::Optimizer;
use lelp_method::{
    AuxiliaryTerm, CrdTerm, FitnetTerm, KdWithTerm, MethodSettings, Objective, StudentShape, Supervision,
};
use lelp_model::ngram::{FeatureSettings, NgramColumn, NgramConfig, RowFeatures};
use lelp_train::head::{EmbeddingRows, HeadSettings, TrainableHead};
use lelp_train::network::{ColumnChoice, ColumnInputs, TrainableNetwork, input_columns};
use lelp_train::students::FeatureBags;
use lelp_train::students::ngram::{NgramTrainSettings, TrainableNgram, features_of_table, features_of_texts};
use lelp_train::training::{TrainError, TrainReport, TrainSettings, Trainable, Training, train};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const ROWS: usize = 150;
const CLASSES: usize = 3;
const TEACHER_WIDTH: usize = 6;

/// Texts whose word says the class and the teacher's embedding.
struct Task {
    texts: Vec<String>,
    labels: Vec<Option<u32>>,
    logits: Vec<f32>,
    targets: Vec<f32>,
    teacher: EmbeddingRows<'static>,
}

fn task() -> Task {
    let mut random = ChaCha8Rng::seed_from_u64(8);
    let words: Vec<Vec<f32>> =
        (0..9).map(|_| (0..TEACHER_WIDTH).map(|_| 2.0 * random.random::<f32>() - 1.0).collect()).collect();
    let word = |row: usize| row * 7 % 9;
    let class = |row: usize| word(row) / 3;
    let texts = (0..ROWS)
        .map(|row| format!("noise{} word{} more{}", row * 5 % 13, word(row), row * 11 % 7))
        .collect();
    let labels = (0..ROWS).map(|row| (row % 5 > 0).then(|| class(row) as u32)).collect();
    let logits: Vec<f32> = (0..ROWS)
        .flat_map(|row| {
            (0..CLASSES)
                .map(move |c| if c == class(row) { 2.0 } else { -0.5 * c as f32 - word(row) as f32 / 9.0 })
        })
        .collect();
    let probabilities = lelp::softmax(&logits, CLASSES).unwrap();
    let split = |row: usize| [[0.9, 0.1], [0.5, 0.5], [0.2, 0.8]][word(row) % 3];
    let targets = (0..ROWS).flat_map(|row| {
        let probabilities = &probabilities[row * CLASSES..][..CLASSES];
        probabilities.iter().flat_map(move |p| split(row).map(|share| p * share)).collect::<Vec<_>>()
    });
    let teacher: Vec<f32> = (0..ROWS).flat_map(|row| words[word(row)].clone()).collect();
    Task {
        texts,
        labels,
        logits,
        targets: targets.collect(),
        teacher: EmbeddingRows::new(TEACHER_WIDTH, teacher.into()).unwrap(),
    }
}

impl Task {
    fn supervision(&self) -> Supervision<'_> {
        Supervision {
            rows: ROWS,
            classes: CLASSES,
            labels: Some(&self.labels),
            logits: Some(&self.logits),
            targets: Some(&self.targets),
            embeddings: Some(&self.teacher),
            class_weights: None,
        }
    }
}

/// Every method with small settings, and `lelp` with everything added.
fn methods() -> Vec<Objective> {
    let small = |json: serde_json::Value| serde_json::from_value::<Objective>(json).unwrap();
    // Large by default.
    let smaller = [
        KdWithTerm::new(CrdTerm { dimensions: 8, negatives: 16, ..CrdTerm::default() }),
        KdWithTerm::new(FitnetTerm { weight: 2.0 }),
    ]
    .map(MethodSettings::from);
    let mut methods: Vec<Objective> = MethodSettings::all()
        .into_iter()
        .map(|method| {
            let smaller = smaller.iter().find(|smaller| smaller.name() == method.name());
            smaller.cloned().unwrap_or(method)
        })
        .map(|method| match method {
            split if split.needs().targets => {
                small(serde_json::json!({"method": split.name(), "subclasses": 2, "alpha": 0.25}))
            }
            other => other.into(),
        })
        .collect();
    let add = methods.iter().filter_map(|method| method.base.term()).collect::<Vec<AuxiliaryTerm>>();
    let base = methods.iter().find(|method| method.base.name() == "lelp").unwrap().base.clone();
    methods.push(Objective { base, add });
    methods
}

fn settings(optimizer: Optimizer) -> TrainSettings {
    let learning_rate = if optimizer == Optimizer::Adam { 0.02 } else { 0.1 };
    TrainSettings {
        epochs: 8,
        batch: 50,
        learning_rate,
        patience: None,
        optimizer,
        seed: 3,
        ..TrainSettings::ngram()
    }
}

fn run<I: ?Sized + Sync, S: Trainable<I>>(
    task: &Task,
    objective: &Objective,
    student: &mut S,
    inputs: &I,
    optimizer: Optimizer,
    threads: usize,
) -> Result<TrainReport, TrainError> {
    let shape = StudentShape { embedding: student.embedding(), optimizer, seed: 3 };
    let mut method = objective.build(task.supervision(), &shape).unwrap();
    let training = Training {
        inputs,
        rows: ROWS,
        sampled: None,
        method: &mut *method,
        validation: None,
        checkpoints: None,
    };
    let threads = NonZeroUsize::new(threads).unwrap();
    train(student, training, &settings(optimizer), threads, &mut |_| {}, &AtomicBool::new(false))
}

fn ngram(subclasses: usize, hidden: usize, inputs: &FeatureBags) -> TrainableNgram {
    let mut config = NgramConfig::new(["a", "b", "c"].map(str::to_owned).to_vec(), subclasses);
    (config.width, config.hidden) = (20, NonZeroUsize::new(hidden));
    config.features = features();
    let settings = NgramTrainSettings { optimizer: Optimizer::Adagrad, dropout: 0.1 };
    TrainableNgram::new(config, inputs, &settings, 3).unwrap()
}

fn features() -> FeatureSettings {
    FeatureSettings { buckets: 1 << 9, ..FeatureSettings::default() }
}

/// Every term that a method brings falls while it is trained on.
fn assert_learns(report: &TrainReport, objective: &Objective) {
    for (first, last) in report.epochs[0].terms.iter().zip(&report.epochs[7].terms) {
        // The normaliser of `crd` is fixed on a batch of untrained views; the views then move, and its terms with them.
        let free = first.name.starts_with("crd") || first.name == "ce";
        assert!(
            free || last.mean < first.mean,
            "{}: {} {} {}",
            objective.name(),
            first.name,
            first.mean,
            last.mean
        );
    }
}

#[test]
fn an_ngram_student_learns_by_every_method_alike_at_any_number_of_threads() {
    let task = task();
    let texts: Vec<Text<'_>> = task.texts.iter().map(|text| text.as_str().into()).collect();
    let inputs = features_of_texts(&texts, &features());
    for objective in methods() {
        for hidden in [0, 7] {
            let trained = |threads: usize| {
                let mut student = ngram(objective.base.subclasses(), hidden, &inputs);
                let report = run(
                    &task,
                    &objective,
                    &mut student,
                    slice::from_ref(&inputs),
                    Optimizer::Adagrad,
                    threads,
                )
                .unwrap();
                let mut outputs = vec![0.0; ROWS * Trainable::<[FeatureBags]>::outputs(&student)];
                student.forward(slice::from_ref(&inputs), 0, &mut outputs);
                (outputs, report)
            };
            let (one, report) = trained(1);
            assert_learns(&report, &objective);
            assert!([2, 3].iter().all(|&threads| trained(threads).0 == one), "{}", objective.name());
        }
    }
}

#[test]
fn a_head_learns_by_every_method_alike_at_any_number_of_threads() {
    let task = task();
    let mut random = ChaCha8Rng::seed_from_u64(2);
    let values: Vec<f32> = (0..ROWS)
        .flat_map(|row| {
            let own = task.teacher.row(row).to_vec();
            let noise = 0.3 * random.random::<f32>();
            own.into_iter().take(4).map(move |value| value * value + noise)
        })
        .collect();
    let inputs = EmbeddingRows::new(4, values.into()).unwrap();
    for objective in methods() {
        let trained = |threads: usize| {
            let outputs = CLASSES * objective.base.subclasses();
            let head = HeadSettings { hidden: NonZeroUsize::new(16), ..HeadSettings::default() };
            let mut student = TrainableHead::new(outputs, &inputs, &head, 3).unwrap();
            let report = run(&task, &objective, &mut student, &inputs, Optimizer::Adam, threads).unwrap();
            (student.model().unwrap(), report)
        };
        let (one, report) = trained(1);
        assert_learns(&report, &objective);
        assert!([2, 3].iter().all(|&threads| trained(threads).0 == one), "{}", objective.name());
    }
}

#[test]
fn a_method_made_for_another_student_is_refused_before_the_first_step() {
    let task = task();
    let texts: Vec<Text<'_>> = task.texts.iter().map(|text| text.as_str().into()).collect();
    let inputs = features_of_texts(&texts, &features());
    let mut student = ngram(1, 7, &inputs);
    let shape = StudentShape { embedding: 9, optimizer: Optimizer::Adagrad, seed: 0 };
    let fitnet: Objective = serde_json::from_value(serde_json::json!({"method": "fitnet"})).unwrap();
    let mut method = fitnet.build(task.supervision(), &shape).unwrap();
    let training = Training {
        inputs: slice::from_ref(&inputs),
        rows: ROWS,
        sampled: None,
        method: &mut *method,
        validation: None,
        checkpoints: None,
    };
    let settings = settings(Optimizer::Adagrad);
    let refused =
        train(&mut student, training, &settings, NonZeroUsize::MIN, &mut |_| {}, &AtomicBool::new(false));
    assert!(matches!(refused, Err(TrainError::Embedding { needed: 9, width: 7 })));
}

/// A table whose columns say, all together, what the teacher's embedding says.
fn table(task: &Task) -> Table {
    let row = |row: usize| task.teacher.row(row);
    let vectors = (0..ROWS).flat_map(|place| row(place)[..2].to_vec()).collect();
    let numbers = (0..ROWS).map(|place| (place % 6 > 0).then(|| f64::from(row(place)[2]))).collect();
    let words = (0..ROWS).map(|place| Some(format!("{:.0}", 3.0 * row(place)[3]))).collect();
    Table::new(vec![
        ("vector".to_owned(), ColumnValues::Vector { width: 2, values: vectors }),
        ("number".to_owned(), ColumnValues::Number(numbers)),
        ("word".to_owned(), ColumnValues::Category(words)),
    ])
    .unwrap()
}

#[test]
fn a_network_on_columns_learns_by_every_method_alike_at_any_number_of_threads() {
    let task = task();
    let table = table(&task);
    let width = NonZeroUsize::new(4).unwrap();
    let columns = input_columns(&table, ColumnChoice { text: false, category_width: width });
    let inputs = ColumnInputs::new(&table, &columns, 0, &[]).unwrap();
    for objective in methods() {
        for hidden in [None, NonZeroUsize::new(16)] {
            let trained = |threads: usize| {
                let outputs = CLASSES * objective.base.subclasses();
                let settings = HeadSettings { hidden, ..HeadSettings::default() };
                let mut student = TrainableNetwork::new(outputs, &inputs, &settings, 3).unwrap();
                let report = run(&task, &objective, &mut student, &inputs, Optimizer::Adam, threads).unwrap();
                (student.model().unwrap(), report)
            };
            let (one, report) = trained(1);
            assert_learns(&report, &objective);
            assert!([2, 3].iter().all(|&threads| trained(threads).0 == one), "{}", objective.name());
        }
    }
}

#[test]
fn an_ngram_student_on_columns_without_a_text_learns_by_every_method_alike_at_any_number_of_threads() {
    let task = task();
    let table = table(&task);
    let columns = [
        NgramColumn::Number { name: "number".to_owned(), edges: vec![-0.5, 0.0, 0.5] },
        NgramColumn::Category { name: "word".to_owned() },
    ];
    let inputs = features_of_table(&table, &RowFeatures::new(&features(), &columns).unwrap()).unwrap();
    for objective in methods() {
        let trained = |threads: usize| {
            let mut student = ngram(objective.base.subclasses(), 7, &inputs);
            let report =
                run(&task, &objective, &mut student, slice::from_ref(&inputs), Optimizer::Adagrad, threads)
                    .unwrap();
            let mut outputs = vec![0.0; ROWS * Trainable::<[FeatureBags]>::outputs(&student)];
            student.forward(slice::from_ref(&inputs), 0, &mut outputs);
            (outputs, report)
        };
        let (one, report) = trained(1);
        assert_learns(&report, &objective);
        assert!([2, 3].iter().all(|&threads| trained(threads).0 == one), "{}", objective.name());
    }
}

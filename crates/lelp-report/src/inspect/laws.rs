//! Laws of an inspection, on data whose subclasses are known.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use lelp::subclass::{KmeansSettings, OracleSettings, RandomSubclassSettings};
use lelp::{Beta, Embeddings, FittedSplit, LelpSettings, MakerSettings, Members, Signals, SignalsParts};
use lelp_data::{
    ColumnRequest, ColumnSettings, Columns, Dataset, Existing, Precision, SignalsDescription, SignalsFolder,
    SignalsWriter,
};
use lelp_train::distill::{self, SplitError, SplitSharpness};
use tempfile::TempDir;

use super::{InspectError, InspectSettings, Inspection, TypicalRow, inspect};

const ROWS: usize = 330;
const WIDTH: usize = 4;
const TOPICS: [[&str; 2]; 2] = [["card", "rate"], ["goal", "song"]];
const ONE: NonZeroUsize = NonZeroUsize::MIN;

/// Rows of two classes, each of two topics with a word of its own; the teacher is surer of the second topic.
struct Planted {
    folder: TempDir,
    columns: Columns,
    data: Dataset,
}

/// Class and topic of a row.
fn place(row: usize) -> (usize, usize) {
    (row % 2, row / 2 % 2)
}

/// Between -0.5 and 0.5, another number for every row and column.
fn noise(row: usize, column: usize) -> f32 {
    (row * 37 + column * 11) as f32 * 0.618 % 1.0 - 0.5
}

impl Planted {
    fn new() -> Self {
        Self::with_columns(Columns::default())
    }

    fn with_columns(columns: Columns) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut file = String::from("text,label,topic,amount\n");
        for row in 0..ROWS {
            let (class, topic) = place(row);
            let word = TOPICS[class][topic];
            // Two rows in three have a text of their own.
            let (label, amount) = (["no", "yes"][class], 100 * topic + row % 7);
            writeln!(file, "the {word} number {},{label},{word},{amount}", row / 4 % 55).unwrap();
        }
        std::fs::write(folder.path().join("data.csv"), file).unwrap();
        let data = Dataset::open(&folder.path().join("data.csv"), &columns).unwrap();
        write_signals(&folder.path().join("signals"), &data);
        Self { folder, columns, data }
    }

    fn signals(&self) -> SignalsFolder {
        SignalsFolder::open(&self.folder.path().join("signals")).unwrap()
    }

    fn fine(&self) -> lelp_data::FineColumn {
        let file = self.folder.path().join("data.csv");
        lelp_data::FineColumn::open(&file, &self.columns, "topic", None).unwrap()
    }

    fn fit(&self, split: &MakerSettings) -> FittedSplit {
        let (signals, fine) = (self.signals(), self.fine());
        let statistics =
            distill::split_statistics(&signals, split, Members::Teacher, Some(&fine), ONE).unwrap();
        distill::fit_split(&signals, &statistics, split, Some(&fine), ONE).unwrap()
    }

    fn inspect(&self, split: &MakerSettings, settings: &InspectSettings) -> Inspection {
        self.inspect_on(split, settings, ONE)
    }

    fn inspect_on(
        &self,
        split: &MakerSettings,
        settings: &InspectSettings,
        threads: NonZeroUsize,
    ) -> Inspection {
        let (signals, fit, fine) = (self.signals(), self.fit(split), self.fine());
        inspect(&signals, &fit, &self.data, Some(&fine), settings, threads, &AtomicBool::new(false)).unwrap()
    }
}

/// Class along column 0, topic along column 1, noise elsewhere; parts of 100 rows.
fn write_signals(folder: &Path, data: &Dataset) {
    let (mut embeddings, mut logits) = (Vec::new(), Vec::new());
    for row in 0..ROWS {
        let (class, topic) = place(row);
        let (class, topic) = (class as f32 * 2.0 - 1.0, topic as f32 * 2.0 - 1.0);
        let sure = 1.5 + 0.5 * topic;
        let noise: Vec<f32> = (0..WIDTH).map(|column| noise(row, column)).collect();
        embeddings.extend([class * 3.0 + noise[0], topic * 2.0 + noise[1], noise[2], noise[3]]);
        logits.extend([-class * sure, class * sure]);
    }
    let description = SignalsDescription {
        columns: BTreeMap::new(),
        classes: 2,
        width: WIDTH,
        label_names: vec!["no".into(), "yes".into()],
        teacher: None,
        data: Some(data.hash()),
        rows: ROWS as u64,
        part_rows: 100,
        embeddings: Precision::F32,
        encoder_precision: None,
        subclasses: ONE,
    };
    let mut writer =
        SignalsWriter::open(folder, description, &ColumnSettings::default(), Existing::Resume).unwrap();
    while let Some(rows) = writer.next_rows() {
        let (first, last) = (rows.start as usize, rows.end as usize);
        let parts = SignalsParts {
            embeddings: Embeddings::F32(&embeddings[first * WIDTH..last * WIDTH]),
            width: WIDTH,
            logits: &logits[first * 2..last * 2],
            classes: 2,
            labels: None,
            first_row: rows.start,
        };
        writer.write(&Signals::new(parts).unwrap()).unwrap();
    }
    writer.finish().unwrap();
}

fn text_of(row: &TypicalRow) -> &str {
    row.content.text.as_deref().unwrap()
}

fn two() -> NonZeroUsize {
    NonZeroUsize::new(2).unwrap()
}

fn kmeans() -> MakerSettings {
    KmeansSettings { subclasses: two(), null_space: false, ..KmeansSettings::default() }.into()
}

fn random() -> MakerSettings {
    RandomSubclassSettings { subclasses: two(), seed: 3 }.into()
}

fn oracle() -> MakerSettings {
    OracleSettings::default().into()
}

fn directions() -> MakerSettings {
    LelpSettings { subclasses: two(), null_space: false, ..LelpSettings::default() }.into()
}

fn every_split() -> [MakerSettings; 4] {
    [kmeans(), random(), directions(), oracle()]
}

#[test]
fn shares_of_a_class_add_to_one_and_members_to_the_rows() {
    let planted = Planted::new();
    for split in every_split() {
        for sharp in [SplitSharpness::Beta(Beta::new(0.01).unwrap()), SplitSharpness::Entropy(0.7)] {
            let settings = InspectSettings { sharp, ..InspectSettings::default() };
            let found = planted.inspect(&split, &settings);
            assert_eq!((found.split.as_str(), found.rows), (split.name(), ROWS));
            assert_eq!(found.classes.iter().map(|class| class.members).sum::<usize>(), ROWS);
            for class in &found.classes {
                let sum: f64 = class.subclasses.iter().map(|subclass| subclass.share).sum();
                assert!((sum - 1.0).abs() < 1e-6, "{split:?}: {sum}");
            }
            if sharp == SplitSharpness::Entropy(0.7) {
                assert!((found.entropy - 0.7).abs() < 1e-4, "{}", found.entropy);
            }
        }
    }
}

#[test]
fn a_planted_word_is_the_first_term_of_its_subclass() {
    let planted = Planted::new();
    for split in [kmeans(), oracle()] {
        let found = planted.inspect(&split, &InspectSettings::default());
        for (class, words) in found.classes.iter().zip(TOPICS) {
            let mut terms: Vec<&str> =
                class.subclasses.iter().map(|subclass| subclass.distinctive_terms[0].term.as_str()).collect();
            terms.sort_unstable();
            assert_eq!(terms, words, "{split:?}");
            for subclass in &class.subclasses {
                let word = &subclass.distinctive_terms[0];
                assert!((subclass.share - 0.5).abs() < 0.02, "{}", subclass.share);
                assert!(word.rows.abs_diff(class.members / 2) <= 1, "{} of {}", word.rows, class.members);
                assert!(subclass.typical_rows.iter().all(|row| text_of(row).contains(&word.term)));
                assert!(subclass.name.is_none() || subclass.name.as_ref() == Some(&word.term));
            }
        }
    }
}

/// Class and topic as a category, the topic as a number too, and no text at all.
#[test]
fn rows_without_texts_are_described_by_their_columns() {
    let columns = Columns {
        text: ColumnRequest::No,
        numbers: vec!["amount".to_owned()],
        categories: vec!["topic".to_owned()],
        ..Columns::default()
    };
    let found = Planted::with_columns(columns).inspect(&kmeans(), &InspectSettings::default());
    for (class, words) in found.classes.iter().zip(TOPICS) {
        for subclass in &class.subclasses {
            let term = &subclass.distinctive_terms[0].term;
            let topic = words.iter().position(|word| *term == format!("topic={word}")).unwrap();
            let [amount] = &subclass.number_differences[..] else { panic!("{subclass:?}") };
            // The means are 100 apart, and half the rows are on either side: two deviations.
            let expected = [-2.0, 2.0][topic];
            assert!((amount.difference - expected).abs() < 0.05, "{amount:?}");
            assert!((amount.mean - 100.0 * topic as f64 - 3.0).abs() < 0.1, "{amount:?}");
            for row in &subclass.typical_rows {
                let shown = row.content.to_text(" | ");
                assert!(row.content.text.is_none() && shown.contains(term), "{shown}");
                assert!(shown.contains("amount="), "{shown}");
            }
        }
    }
}

#[test]
fn typical_rows_are_distinct_texts_of_the_class_by_falling_share() {
    let planted = Planted::new();
    let settings = InspectSettings { typical_rows: 70, ..InspectSettings::default() };
    for split in every_split() {
        for (class, found) in planted.inspect(&split, &settings).classes.iter().enumerate() {
            for subclass in &found.subclasses {
                let rows = &subclass.typical_rows;
                let mut texts: Vec<&str> = rows.iter().map(text_of).collect();
                texts.sort_unstable();
                texts.dedup();
                assert_eq!(texts.len(), rows.len(), "{split:?}");
                assert!(rows.windows(2).all(|pair| pair[0].share >= pair[1].share), "{split:?}");
                assert!(rows.iter().all(|row| place(row.row).0 == class));
                assert!(rows.iter().all(|row| text_of(row) == planted.data.text(row.row).unwrap().text));
                assert!(rows.iter().all(|row| row.label.as_ref() == Some(&found.name)));
            }
        }
    }
}

#[test]
fn confidence_rises_along_what_the_teacher_is_surer_of_and_is_flat_along_nothing() {
    let planted = Planted::new();
    let surer = TOPICS.map(|words| words[1]);
    for (class, word) in planted.inspect(&oracle(), &InspectSettings::default()).classes.iter().zip(surer) {
        for subclass in &class.subclasses {
            let (first, last) = (subclass.confidence[0], subclass.confidence[9]);
            // sigmoid(2) = .8808 and sigmoid(4) = .9820
            let change = if subclass.name.as_deref() == Some(word) { last - first } else { first - last };
            assert!((change - (0.982_014 - 0.880_797)).abs() < 1e-5, "{:?}", subclass.confidence);
        }
    }
    for class in &planted.inspect(&random(), &InspectSettings::default()).classes {
        for subclass in &class.subclasses {
            let mean = subclass.confidence.iter().sum::<f64>() / 10.0;
            // A tenth of 16 rows has a deviation of .05 / 4.
            assert!(
                subclass.confidence.iter().all(|value| (value - mean).abs() < 0.05),
                "{:?}",
                subclass.confidence
            );
        }
    }
}

#[test]
fn what_the_fit_reports_is_repeated_in_its_units() {
    let planted = Planted::new();
    for split in every_split() {
        let found = planted.inspect(&split, &InspectSettings::default());
        let fit = planted.fit(&split);
        for (place, class) in found.classes.iter().enumerate() {
            let variance: Vec<Option<f64>> =
                class.subclasses.iter().map(|subclass| subclass.variance).collect();
            let report = fit.report().classes.swap_remove(place);
            assert_eq!(class.spectrum, report.spectrum);
            assert_eq!(class.variance_kept, report.variance_kept);
            assert_eq!(class.effective_rank, report.effective_rank);
            if split == kmeans() || split == directions() {
                assert_eq!(variance, report.variance.iter().copied().map(Some).collect::<Vec<_>>());
                assert!(class.variance_kept.is_some());
                assert_eq!(class.effective_rank.is_some(), split == directions());
            } else {
                assert_eq!((variance, class.variance_kept), (vec![None; 2], None));
            }
        }
    }
}

#[test]
fn the_number_of_threads_does_not_change_a_byte() {
    let planted = Planted::new();
    let bytes = |threads: usize| {
        let threads = NonZeroUsize::new(threads).unwrap();
        serde_json::to_vec(&planted.inspect_on(&kmeans(), &InspectSettings::default(), threads)).unwrap()
    };
    assert_eq!(bytes(1), bytes(2));
    let again: Inspection = serde_json::from_slice(&bytes(1)).unwrap();
    assert_eq!(serde_json::to_vec(&again).unwrap(), bytes(1));
}

#[test]
fn other_texts_and_a_raised_flag_end_it() {
    let planted = Planted::new();
    let (signals, fit) = (planted.signals(), planted.fit(&kmeans()));
    let (settings, fine) = (InspectSettings::default(), planted.fine());
    let other = planted.data.select(&(0..ROWS).rev().collect::<Vec<_>>());
    let run = |data: &Dataset, cancelled: bool| {
        let cancelled = AtomicBool::new(cancelled);
        inspect(&signals, &fit, data, Some(&fine), &settings, ONE, &cancelled).unwrap_err()
    };
    assert!(matches!(run(&other, false), InspectError::Split(SplitError::Signals(_))));
    assert!(matches!(run(&planted.data, true), InspectError::Cancelled { done: 0, rows: ROWS }));
}

//! Data sets that are as they should be.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use lelp_data::{
    ColumnRequest, Columns, DataError, Dataset, Examples, Format, Splits, hold_out, hold_out_by_class,
    write_json_lines,
};
use parquet::basic::{BrotliLevel, Compression, GzipLevel, ZstdLevel};
use tempfile::TempDir;

use crate::parquet_files;

fn file(folder: &TempDir, name: &str, content: &str) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    path
}

fn open(path: &Path) -> Dataset {
    Dataset::open(path, &Columns::default()).unwrap()
}

fn texts(data: &Dataset) -> Vec<&str> {
    data.texts().unwrap().map(|row| row.text).collect()
}

#[test]
fn every_format_gives_the_same_data_set() {
    let folder = tempfile::tempdir().unwrap();
    let parquet = folder.path().join("d.parquet");
    let rows = [(Some("a, \"b\""), Some(1)), (Some("no break"), None), (Some("é"), Some(0))];
    parquet_files::write(&parquet, &rows, 2, Compression::ZSTD(ZstdLevel::default()));
    let others = [
        file(&folder, "d.csv", "text,label\n\"a, \"\"b\"\"\",1\n\"no break\",\né,0\n"),
        file(&folder, "d.tsv", "\u{feff}label\ttext\r\n1\ta, \"b\"\r\n-1\tno break\r\n0\té\r\n"),
        file(
            &folder,
            "d.jsonl",
            "{\"text\":\"a, \\\"b\\\"\",\"label\":1}\n{\"text\":\"no break\",\"label\":null}\n\n{\"text\":\"é\",\"label\":\"0\"}",
        ),
    ];
    let expected = open(&parquet);
    assert_eq!(texts(&expected), ["a, \"b\"", "no break", "é"]);
    assert_eq!(expected.labels().unwrap(), [Some(1), None, Some(0)]);
    assert_eq!(expected.signal_labels().unwrap(), [1, -1, 0]);
    for path in others {
        let found = open(&path);
        assert_eq!(texts(&found), texts(&expected), "{}", path.display());
        assert_eq!(found.labels(), expected.labels(), "{}", path.display());
        assert_eq!(found.label_names(), ["0", "1"]);
        assert_eq!(found.hash(), expected.hash(), "{}", path.display());
    }
}

#[test]
fn every_compression_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let written: Vec<String> = (0..9000).map(|row| format!("text number {row}")).collect();
    let rows: Vec<_> = written.iter().map(|text| (Some(text.as_str()), Some(0))).collect();
    for compression in [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(GzipLevel::default()),
        Compression::ZSTD(ZstdLevel::default()),
        Compression::LZ4_RAW,
        Compression::LZ4,
        Compression::BROTLI(BrotliLevel::default()),
    ] {
        let path = folder.path().join("d.parquet");
        parquet_files::write(&path, &rows, 5000, compression);
        assert_eq!(texts(&open(&path)), written, "{compression:?}");
    }
}

#[test]
fn names_become_classes_in_byte_order_and_numbers_in_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let names = open(&file(&folder, "n.csv", "text,label\na,yes\nb,no\nc,yes\n"));
    assert_eq!(
        (names.label_names(), names.labels().unwrap()),
        (&["no".into(), "yes".into()][..], &[Some(1), Some(0), Some(1)][..])
    );
    let stars = open(&file(&folder, "s.csv", "text,label\na,10\nb,2\nc,2.0\nd,nan\n"));
    assert_eq!(stars.label_names(), ["2", "10"]);
    assert_eq!(stars.labels().unwrap(), [Some(1), Some(0), Some(0), None]);
}

#[test]
fn numbers_from_zero_are_called_as_the_column_of_names_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, "d.csv", "text,label,label_name\na,1,positive\nb,0,negative\nc,1,\n");
    assert_eq!(open(&path).label_names(), ["negative", "positive"]);
    let columns = Columns { label_name: ColumnRequest::No, ..Columns::default() };
    assert_eq!(Dataset::open(&path, &columns).unwrap().label_names(), ["0", "1"]);
}

#[test]
fn labels_find_the_classes_of_a_model_by_name_and_by_number() {
    let folder = tempfile::tempdir().unwrap();
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let named = open(&file(&folder, "n.csv", "text,label,label_name\na,0,neg\nb,1,pos\n"));
    let labels = |data: &Dataset, known: &[&str]| {
        data.clone().with_labels(&names(known)).map(|data| data.signal_labels().unwrap())
    };
    // A name wins over its number: the model's order is another one.
    assert_eq!(labels(&named, &["pos", "neg"]).unwrap(), [1, 0]);
    assert_eq!(labels(&named, &["0", "1"]).unwrap(), [0, 1]);
    assert!(matches!(labels(&named, &["bad", "good"]), Err(DataError::UnknownLabel { row: 0, .. })));
    let numbers = open(&file(&folder, "z.csv", "text,label\na,1\nb,0\n"));
    assert_eq!(labels(&numbers, &["neg", "pos"]).unwrap(), [1, 0]);
    // Stars are names, not places.
    assert!(matches!(labels(&numbers, &["1", "2"]), Err(DataError::UnknownLabel { row: 1, .. })));
}

#[test]
fn splits_share_the_classes_of_train() {
    let folder = tempfile::tempdir().unwrap();
    file(&folder, "train.csv", "text,label\na,b\nb,c\nc,a\n");
    file(&folder, "dev.jsonl", "{\"text\":\"d\",\"label\":\"c\"}\n");
    file(&folder, "test.tsv", "text\tlabel\ne\tb\n");
    let splits = Splits::open(folder.path(), &Columns::default(), None).unwrap();
    assert_eq!(splits.validation.unwrap().labels().unwrap(), [Some(2)]);
    assert_eq!(splits.test.unwrap().labels().unwrap(), [Some(1)]);
    let order = ["c", "b", "a"].map(String::from);
    let splits = Splits::open(folder.path(), &Columns::default(), Some(&order)).unwrap();
    assert_eq!(splits.train.labels().unwrap(), [Some(1), Some(0), Some(2)]);
    assert_eq!(splits.test.unwrap().label_names(), order);
}

#[test]
fn training_rows_alone_are_opened_without_the_other_files() {
    let folder = tempfile::tempdir().unwrap();
    file(&folder, "train.csv", "text,label\na,x\nb,y\n");
    file(&folder, "test.csv", "text,label\na,x,too many\n");
    assert!(Splits::open(folder.path(), &Columns::default(), None).is_err());
    let train = Splits::open_train(folder.path(), &Columns::default(), None).unwrap();
    assert_eq!(texts(&train), ["a", "b"]);
}

#[test]
fn the_hash_is_of_texts_in_order_and_of_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let hash = |content: &str| open(&file(&folder, "d.csv", content)).hash();
    let hashes = [
        hash("text\nab\nc\n"),
        hash("text\na\nbc\n"),
        hash("text\nc\nab\n"),
        hash("text,text_pair\nab,c\n"),
        hash("text\nab\n"),
        hash("text,text_pair\na,\nb,\n"),
    ];
    for (place, one) in hashes.iter().enumerate() {
        assert!(!hashes[..place].contains(one), "{place}");
    }
    assert_eq!(hash("text,label\nab,1\nc,0\n"), hashes[0]);
    // A change of the hash would disown all signals ever written.
    assert_eq!(hashes[0], "c45e3e1fe5552d3a9565af4d1492b0f4a252166995b362969aced7d506322508");
}

#[test]
fn a_tenth_is_held_out_and_equal_texts_stay_together() {
    let folder = tempfile::tempdir().unwrap();
    let lines: Vec<String> = (0..4000).map(|row| format!("text {}", row % 2000)).collect();
    let data = open(&file(&folder, "d.txt", &lines.join("\n")));
    let held = hold_out(&data).unwrap();
    assert!((330..=470).contains(&held.validation.len()), "{}", held.validation.len());
    let text = |row: &usize| data.text(*row).unwrap().text.to_owned();
    let validation: Vec<String> = held.validation.iter().map(text).collect();
    assert!(held.train.iter().all(|row| !validation.contains(&text(row))));
    // A row's side does not depend on the others.
    let half: Vec<usize> = (0..2000).collect();
    let expected: Vec<usize> = held.validation.iter().copied().filter(|&row| row < 2000).collect();
    assert_eq!(hold_out(&data.select(&half)).unwrap().validation, expected);
}

#[test]
fn two_texts_are_enough_to_hold_one_out() {
    let folder = tempfile::tempdir().unwrap();
    let held = hold_out(&open(&file(&folder, "d.txt", "one\ntwo\ntwo\n"))).unwrap();
    assert_eq!((held.train.is_empty(), held.validation.is_empty()), (false, false));
}

#[test]
fn a_stream_gives_rows_before_it_ends() {
    struct Endless;
    impl std::io::Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            buffer.copy_from_slice(&vec![b'\n'; buffer.len()]);
            Ok(buffer.len())
        }
    }
    let reader = std::io::Read::chain(Cursor::new("first\nsecond\r\n"), Endless);
    let examples = Examples::from_reader(
        reader,
        Format::named("lines").unwrap(),
        Path::new("stdin"),
        &Columns::default(),
    );
    let table = examples.unwrap().next_table(3).unwrap().unwrap();
    let texts: Vec<&str> = table.texts().unwrap().map(|row| row.text).collect();
    assert_eq!(texts, ["first", "second", ""]);
}

#[test]
fn a_text_of_10_megabytes_is_a_text() {
    let folder = tempfile::tempdir().unwrap();
    let long = "word ".repeat(2_000_000);
    for (name, content) in [
        ("d.txt", long.clone()),
        ("d.csv", format!("text\n\"{long}\"\n")),
        ("d.jsonl", format!("{{\"text\":\"{long}\"}}\n")),
    ] {
        assert_eq!(texts(&open(&file(&folder, name, &content)))[0].len(), long.len(), "{name}");
    }
    let path = folder.path().join("d.parquet");
    parquet_files::write(&path, &[(Some(&long), None)], 1, Compression::SNAPPY);
    assert_eq!(texts(&open(&path))[0].len(), long.len());
}

#[test]
fn a_tenth_of_every_class_is_held_out_and_equal_texts_stay_together() {
    let folder = tempfile::tempdir().unwrap();
    // 200 rows of one class, 30 of another, 2 of a third, and texts that come with two labels.
    let row = |row: usize| match row {
        0..200 => format!("common {row},a\n"),
        200..230 => format!("rare {row},b\n"),
        230..232 => format!("single {row},c\n"),
        _ => format!("common {},b\n", row - 232),
    };
    let content: String = (0..240).map(row).collect();
    let data = open(&file(&folder, "d.csv", &format!("text,label\n{content}none,\n")));
    let held = hold_out_by_class(&data).unwrap();
    let of = |class: u32| {
        held.validation.iter().filter(|&&row| data.labels().unwrap()[row] == Some(class)).count()
    };
    assert!(
        (20..=24).contains(&of(0)) && (4..=8).contains(&of(1)) && of(2) == 0,
        "{} {} {}",
        of(0),
        of(1),
        of(2)
    );
    let text = |row: &usize| data.text(*row).unwrap().text.to_owned();
    let validation: Vec<String> = held.validation.iter().map(text).collect();
    assert!(held.train.iter().all(|row| !validation.contains(&text(row))));
    assert_eq!(held.train.len() + held.validation.len(), 241);
    let few = open(&file(&folder, "e.csv", "text,label\na,x\nb,x\nc,x\nd,y\ne,y\n"));
    assert!(matches!(hold_out_by_class(&few), Err(DataError::TooFewLabels { rows: 5, .. })));
}

#[test]
fn what_is_written_as_json_lines_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let data = open(&file(&folder, "d.csv", "text,text_pair,label\n\"a\nb\",c,01\nd,\u{e9},\nf,g,1\n"));
    let path = folder.path().join("e.jsonl");
    write_json_lines(&data, &std::collections::BTreeMap::new(), &path).unwrap();
    let again = open(&path);
    assert_eq!(
        (again.hash(), again.labels(), again.label_names()),
        (data.hash(), data.labels(), data.label_names())
    );
}

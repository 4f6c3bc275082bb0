//! One hostile data file a test: each is refused with the file, the place and both numbers.

use std::fs;
use std::path::Path;

use lelp_data::{
    ColumnRequest, ColumnSettings, Columns, DataError, Dataset, Location, Splits, ValueError, hold_out,
};
use parquet::basic::Compression;

use crate::parquet_files;

/// The error of a file of this name and content; the message is returned without the folder.
fn refused(name: &str, content: &[u8]) -> (DataError, String) {
    refused_with(name, content, &Columns::default())
}

fn refused_with(name: &str, content: &[u8], columns: &Columns) -> (DataError, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    let error = Dataset::open(&path, columns).unwrap_err();
    let message = message(&error, folder.path());
    (error, message)
}

fn message(error: &DataError, folder: &Path) -> String {
    error.to_string().replace(&format!("{}/", folder.display()), "")
}

#[test]
fn empty_files() {
    for name in ["d.csv", "d.tsv", "d.jsonl", "d.txt", "d.parquet"] {
        let (error, message) = refused(name, b"");
        assert!(matches!(error, DataError::Empty { .. }), "{error:?}");
        assert_eq!(message, format!("`{name}` has no rows"));
    }
}

#[test]
fn a_header_without_rows() {
    assert!(matches!(refused("d.csv", b"text,label\n").0, DataError::Empty { .. }));
}

#[test]
fn a_missing_column_names_those_that_are_there() {
    let (_, message) = refused("d.csv", b"sentence,label\na,1\n");
    assert_eq!(message, "`d.csv` has no column `text`; it has `sentence`, `label`");
    let columns = ColumnSettings { label: Some("class".into()), ..ColumnSettings::default() }.columns();
    let (_, message) = refused_with("d.jsonl", b"{\"text\":\"a\",\"label\":1}\n", &columns);
    assert_eq!(message, "`d.jsonl` has no column `class`; it has `label`, `text`");
}

#[test]
fn a_missing_file_and_an_unknown_ending() {
    let open = |name: &str| Dataset::open(Path::new(name), &Columns::default()).unwrap_err();
    // What is not there is said first, whatever it is called.
    for name in ["no/such.csv", "nowhere", "data.docx"] {
        assert_eq!(open(name).to_string(), format!("cannot read `{name}`"));
    }
    let work = tempfile::tempdir().unwrap();
    let path = work.path().join("data.docx");
    std::fs::write(&path, "text").unwrap();
    assert!(matches!(open(&path.display().to_string()), DataError::UnknownFormat { .. }));
}

#[test]
fn a_ragged_row_has_its_line_and_both_counts() {
    let (_, message) = refused("d.csv", b"text,label\n\"two\nlines\",1\na,b,c\n");
    assert_eq!(
        message,
        "`d.csv`, line 4: 3 fields, but the header has 2; is a quote or a separator missing?"
    );
}

#[test]
fn bytes_that_are_not_utf8_have_their_place() {
    for (name, content, place) in [
        ("d.csv", &b"text,label\nfine,0\nnot \xff,1\n"[..], Location::Line(3)),
        ("d.jsonl", b"{\"text\":\"fine\"}\n{\"text\":\"\xff\"}\n", Location::Line(2)),
        ("d.txt", b"fine\nnot \xff\n", Location::Line(2)),
    ] {
        let (error, _) = refused(name, content);
        assert!(matches!(error, DataError::NotUtf8 { location: found, .. } if found == place), "{error:?}");
    }
}

#[test]
fn bytes_that_are_not_utf8_in_parquet_have_their_row() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d.parquet");
    let texts = [Some(b"fine".to_vec()), Some(b"fine".to_vec()), Some(b"not \xff".to_vec())];
    parquet_files::write_bytes(&path, &texts, &[Some(0); 3], 2, Compression::SNAPPY);
    let error = Dataset::open(&path, &Columns::default()).unwrap_err();
    assert_eq!(
        message(&error, folder.path()),
        "`d.parquet`, row 2: column `text`: not valid UTF-8 after 4 bytes; convert the file to UTF-8"
    );
}

#[test]
fn a_null_text_has_its_row() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d.parquet");
    parquet_files::write(
        &path,
        &[(Some("a"), None), (Some("b"), None), (None, None)],
        2,
        Compression::SNAPPY,
    );
    let error = Dataset::open(&path, &Columns::default()).unwrap_err();
    assert_eq!(message(&error, folder.path()), "`d.parquet`, row 2: column `text` is empty (null) here");
}

#[test]
fn a_pair_in_some_rows_only() {
    let (error, _) = refused("d.jsonl", b"{\"text\":\"a\",\"text_pair\":\"b\"}\n{\"text\":\"c\"}\n");
    assert!(
        matches!(error, DataError::Value { location: Location::Row(1), problem: ValueError::Missing, .. }),
        "{error:?}"
    );
    let (error, _) = refused("d.jsonl", b"{\"text\":\"a\"}\n{\"text\":\"c\",\"text_pair\":\"b\"}\n");
    assert!(
        matches!(error, DataError::Value { location: Location::Row(0), problem: ValueError::Missing, .. }),
        "{error:?}"
    );
}

#[test]
fn lines_that_are_not_json_objects() {
    let (_, message) = refused("d.jsonl", b"{\"text\":\"a\"}\n{\"text\": b}\n");
    assert_eq!(message, "`d.jsonl`, line 2, column 10: not a JSON object: expected value");
    for content in
        [&b"[1]\n"[..], b"\"text\"\n", b"{\"text\":\"a\"} {}\n", &b"[".repeat(100_000), b"{\"text\":\"a"]
    {
        assert!(matches!(refused("d.jsonl", content).0, DataError::Json { line: 1, .. }));
    }
}

#[test]
fn a_text_that_is_a_number() {
    let (_, message) = refused("d.jsonl", b"{\"text\":\"a\"}\n{\"text\":5}\n");
    assert_eq!(message, "`d.jsonl`, line 2: column `text` holds a number, but a string is needed");
}

#[test]
fn a_negative_label() {
    let (_, message) = refused("d.csv", b"text,label\na,1\nb,-2\n");
    assert_eq!(message, "`d.csv`, row 1: label -2 is negative, while -1 or an empty field means no label");
}

#[test]
fn a_label_with_two_names() {
    let (_, message) = refused("d.csv", b"text,label,label_name\na,1,yes\nb,1,no\n");
    assert_eq!(message, "`d.csv`, row 1: label 1 is called `no` here and `yes` in an earlier row");
}

#[test]
fn a_label_outside_the_classes_of_train() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("train.csv"), "text,label\na,x\nb,y\n").unwrap();
    fs::write(folder.path().join("test.csv"), "text,label\na,x\nb,z\n").unwrap();
    let error = Splits::open(folder.path(), &Columns::default(), None).unwrap_err();
    assert_eq!(
        message(&error, folder.path()),
        "`test.csv`, row 1: label `z` is none of the 2 classes `x`, `y`"
    );
}

#[test]
fn a_label_column_of_texts() {
    let rows: Vec<String> = (0..10_001).map(|row| format!("a,text {row}")).collect();
    let (error, _) = refused("d.csv", format!("text,label\n{}", rows.join("\n")).as_bytes());
    assert!(matches!(error, DataError::TooManyClasses { classes: 10_001, rows: 10_001, .. }), "{error:?}");
}

#[test]
fn one_class_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("train.csv");
    fs::write(&path, "text,label\na,x\nb,x\nc,\n").unwrap();
    let error = Splits::open(&path, &Columns::default(), None).unwrap_err();
    assert_eq!(
        message(&error, folder.path()),
        "`train.csv`: all 2 labelled rows have the label `x`; at least 2 classes are needed"
    );
}

#[test]
fn folders_without_train_or_with_two() {
    let folder = tempfile::tempdir().unwrap();
    let open = || Splits::open(folder.path(), &Columns::default(), None).unwrap_err();
    assert!(matches!(open(), DataError::NoTrain { .. }));
    fs::write(folder.path().join("train.csv"), "text\na\n").unwrap();
    fs::write(folder.path().join("train.txt"), "a\n").unwrap();
    assert!(matches!(open(), DataError::TwoFiles { split: "train", .. }));
}

#[test]
fn one_text_cannot_be_held_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d.txt");
    fs::write(&path, "a\na\n").unwrap();
    let data = Dataset::open(&path, &Columns::default()).unwrap();
    assert!(matches!(hold_out(&data), Err(DataError::HoldOut { rows: 2, .. })));
}

#[test]
fn a_column_of_another_type_in_parquet() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d.parquet");
    parquet_files::write(&path, &[(Some("a"), Some(1))], 1, Compression::SNAPPY);
    let columns = Columns {
        text: ColumnRequest::Required("label".into()),
        label: ColumnRequest::No,
        ..Columns::default()
    };
    let error = Dataset::open(&path, &columns).unwrap_err();
    assert!(matches!(error, DataError::Value { problem: ValueError::Type { .. }, .. }), "{error:?}");
}

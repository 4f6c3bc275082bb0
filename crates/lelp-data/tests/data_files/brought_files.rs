//! Files as pandas, Excel, Spark, fastText and `datasets` write them.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use flate2::write::GzEncoder;
use lelp_data::{ColumnSettings, Columns, DataError, Dataset, Examples, Format, NoticeKind, Splits};
use parquet::basic::Compression;
use parquet::data_type::Int32Type;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use tempfile::TempDir;

use crate::parquet_files;

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

fn opened(name: &str, content: impl AsRef<[u8]>) -> Result<Dataset, DataError> {
    let folder = folder(&[(name, content.as_ref())]);
    Dataset::open(&folder.path().join(name), &Columns::default())
}

fn texts(data: &Dataset) -> Vec<&str> {
    data.table().texts().unwrap().map(|row| row.text).collect()
}

fn message(error: &DataError, folder: &Path) -> String {
    error.to_string().replace(&format!("{}/", folder.display()), "")
}

fn refused(name: &str, content: impl AsRef<[u8]>) -> String {
    let folder = folder(&[(name, content.as_ref())]);
    message(&Dataset::open(&folder.path().join(name), &Columns::default()).unwrap_err(), folder.path())
}

fn kinds(data: &Dataset) -> Vec<NoticeKind> {
    data.notices().iter().map(|notice| notice.kind.clone()).collect()
}

fn gzip(content: &str) -> Vec<u8> {
    let mut writer = GzEncoder::new(Vec::new(), flate2::Compression::default());
    writer.write_all(content.as_bytes()).unwrap();
    writer.finish().unwrap()
}

const CSV: &[u8] = b"text,label\na,x\nb,y\n";

#[test]
fn splits_by_the_names_that_others_give_them() {
    for validation in ["val.csv", "valid.csv", "dev.csv", "Validation.CSV", "VAL.Csv"] {
        let folder =
            folder(&[("Train.CSV", CSV), (validation, CSV), ("testing.csv", CSV), ("_SUCCESS", b"")]);
        let splits = Splits::open(folder.path(), &Columns::default(), None).unwrap();
        assert_eq!(splits.validation.as_ref().unwrap().rows(), 2, "{validation}");
        assert!(splits.test.is_some() && splits.notices().next().is_none());
    }
}

#[test]
fn a_file_that_is_no_split_is_told_and_two_of_one_are_refused() {
    let one =
        folder(&[("train.csv", CSV), ("train_old.csv", CSV), (".train.csv", CSV), ("readme.txt", b"x")]);
    let splits = Splits::open(one.path(), &Columns::default(), None).unwrap();
    let told: Vec<String> = splits.notices().map(ToString::to_string).collect();
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("train_old.csv` is none of the splits"), "{told:?}");
    for (first, second) in [("val.csv", "dev.csv"), ("val.csv", "val.csv.gz"), ("val-1.csv", "val.csv")] {
        let both = folder(&[("train.csv", CSV), (first, CSV), (second, CSV)]);
        let error = Splits::open(both.path(), &Columns::default(), None).unwrap_err();
        assert!(matches!(error, DataError::TwoFiles { split: "validation", .. }), "{error}");
    }
    let none = folder(&[("data.csv", CSV)]);
    let error = Splits::open(none.path(), &Columns::default(), None).unwrap_err();
    assert!(message(&error, none.path()).ends_with("it has `data.csv`"), "{error}");
}

#[test]
fn shards_of_a_split_are_one_data_set() {
    let shard = |texts: &str| format!("text,label\n{texts}").into_bytes();
    let (first, second) = (shard("a,x\nb,y\n"), shard("c,x\n"));
    let folder = folder(&[
        ("train-00001-of-00002.csv", &second),
        ("train-00000-of-00002.csv", &first),
        ("test_10.csv", &second),
        ("test_9.csv", &first),
        ("validation-00000-of-00001-0123abcd.csv", &first),
    ]);
    let splits = Splits::open(folder.path(), &Columns::default(), None).unwrap();
    assert_eq!(texts(&splits.train), ["a", "b", "c"]);
    assert_eq!(texts(splits.test.as_ref().unwrap()), ["a", "b", "c"]);
    assert_eq!(splits.validation.unwrap().rows(), 2);
    // The name of the split stands for its shards, and of one shard it is told.
    let again = Dataset::open(splits.train.file(), &Columns::default()).unwrap();
    assert_eq!(again.hash(), splits.train.hash());
    let one = Dataset::open(&folder.path().join("train-00001-of-00002.csv"), &Columns::default()).unwrap();
    assert_eq!(kinds(&one), [NoticeKind::OneShard]);
    fs::remove_file(folder.path().join("train-00000-of-00002.csv")).unwrap();
    let error = Splits::open(folder.path(), &Columns::default(), None).unwrap_err();
    assert!(message(&error, folder.path()).ends_with("shard 0 of 2 of train is missing"), "{error}");
}

#[test]
fn a_folder_of_parts_is_read_as_spark_writes_it() {
    let folder = folder(&[
        ("train.csv/_SUCCESS", b""),
        ("train.csv/.part-0000.crc", b"\0"),
        ("train.csv/part-0000", b"text,label\na,x\n"),
        ("train.csv/part-0001", b""),
        ("train.csv/part-0002", b"text,label\nb,y\n"),
        ("val/part-00000-1f3a-c000.json", b"{\"text\":\"c\",\"label\":\"x\"}\n"),
        ("test.parquet/_SUCCESS", b""),
    ]);
    let part = folder.path().join("test.parquet/part-00000-1f3a-c000.snappy.parquet");
    parquet_files::write(&part, &[(Some("d"), None), (Some("e"), None)], 2, Compression::SNAPPY);
    let splits = Splits::open(folder.path(), &Columns::default(), None).unwrap();
    assert_eq!(
        (texts(&splits.train), splits.train.label_names()),
        (vec!["a", "b"], &["x".into(), "y".into()][..])
    );
    assert_eq!(texts(splits.validation.as_ref().unwrap()), ["c"]);
    assert_eq!(texts(splits.test.as_ref().unwrap()), ["d", "e"]);
    // The folder of parts alone is a training set, and a data set.
    let alone = folder.path().join("train.csv");
    assert_eq!(Splits::open(&alone, &Columns::default(), None).unwrap().train.rows(), 2);
    assert_eq!(Dataset::open(&alone, &Columns::default()).unwrap().rows(), 2);
    let error = Dataset::open(folder.path(), &Columns::default()).unwrap_err();
    assert!(matches!(error, DataError::NoParts { .. }), "{error}");
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    let open = |files: &[(&str, &[u8])]| {
        let folder = folder(files);
        Dataset::open(&folder.path().join("d"), &Columns::default()).unwrap_err()
    };
    let json: &[u8] = b"{\"text\":\"a\"}\n";
    let error = open(&[("d/part-0.csv", CSV), ("d/part-1.jsonl", json)]);
    assert!(matches!(error, DataError::TwoFormats { .. }), "{error}");
    let error = open(&[("d/part-0.csv", CSV), ("d/part-1.csv", b"text,text_pair\na,b\n")]);
    assert!(matches!(error, DataError::PartColumns { .. }), "{error}");
    let error = open(&[("d/label=x/part-0.csv", CSV)]);
    assert!(matches!(error, DataError::Partitioned { .. }), "{error}");
    let error = open(&[("d/train.csv", CSV), ("d/test.csv", CSV)]);
    assert!(matches!(error, DataError::FolderOfSplits { .. }), "{error}");
    let error = open(&[("d/part-0.csv", b""), ("d/part-1.csv", b"")]);
    assert!(matches!(error, DataError::Empty { .. }), "{error}");
}

#[test]
fn packed_files_of_every_text_format_are_read() {
    let contents = [
        ("d.csv", "text,label\na,x\nb,y\n"),
        ("d.tsv", "text\tlabel\na\tx\nb\ty\n"),
        ("d.jsonl", "{\"text\":\"a\",\"label\":\"x\"}\n{\"text\":\"b\",\"label\":\"y\"}\n"),
        ("d.json", "[{\"text\":\"a\",\"label\":\"x\"},\n{\"text\":\"b\",\"label\":\"y\"}]\n"),
        ("d.txt", "__label__x a\n__label__y b\n"),
    ];
    for (name, content) in contents {
        let zstd = zstd::encode_all(content.as_bytes(), 3).unwrap();
        for (name, bytes) in [
            (format!("{name}.gz"), gzip(content)),
            (format!("{name}.ZST"), zstd.clone()),
            // A name may forget to say it.
            (name.to_owned(), gzip(content)),
        ] {
            let data = opened(&name, bytes).unwrap();
            assert_eq!(
                (texts(&data), data.label_names()),
                (vec!["a", "b"], &["x".into(), "y".into()][..]),
                "{name}"
            );
        }
    }
    // Two members of one gzip file, as `cat a.gz b.gz` makes it.
    let both = [gzip("text\na\n"), gzip("b\n")].concat();
    assert_eq!(texts(&opened("d.csv.gz", both).unwrap()), ["a", "b"]);
}

#[test]
fn a_packed_file_that_is_cut_off_or_a_bomb_is_an_error() {
    let whole = gzip(&"text\n".repeat(10_000));
    let error = opened("d.csv.gz", &whole[..whole.len() / 2]).unwrap_err();
    assert!(matches!(error, DataError::Read { .. }), "{error}");
    // 80 MB of one line, packed to 80 kB.
    let bomb = gzip(&format!("text\n{}", "a".repeat(80 << 20)));
    for name in ["d.csv.gz", "d.txt.gz", "d.jsonl.gz"] {
        let error = opened(name, &bomb).unwrap_err();
        assert!(matches!(error, DataError::LongLine { .. } | DataError::Json { .. }), "{name}: {error}");
    }
}

#[test]
fn files_of_another_sort_are_named() {
    let said = |name: &str, content: &[u8]| refused(name, content);
    assert_eq!(
        said("d.csv", b"PK\x03\x04..."),
        "`d.csv` is a zip archive or a workbook: unpack it, or save it as CSV"
    );
    assert_eq!(
        said("d.csv.gz", &gzip("PAR1...")),
        "`d.csv.gz` is Parquet: give its name the ending .parquet"
    );
    let packed = "`d.parquet.gz` is a packed Parquet file, whose pages are packed already: unpack it first";
    assert_eq!(said("d.parquet.gz", &gzip("PAR1...")), packed);
    assert_eq!(said("d.csv", b"BZh91AY"), "`d.csv` is packed with bzip2: unpack it first");
    let utf16 = "`d.csv` is UTF-16 text: save it as UTF-8";
    let units = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    assert_eq!(said("d.csv", &units("\u{feff}text,label\na,x\n")), utf16);
    assert_eq!(said("d.csv", &units("text,label\na,x\n")), utf16);
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 4\n";
    for name in ["d.csv", "d.parquet", "d.arrow", "d.jsonl"] {
        let fetch = format!("`{name}` is a pointer of Git LFS: fetch the file itself with `git lfs pull`");
        assert_eq!(said(name, pointer), fetch);
    }
    assert_eq!(said("d.csv", b"<!DOCTYPE html>\n<html>"), "`d.csv` is a web page: was the download refused?");
    assert_eq!(said("d.parquet", CSV), "`d.parquet` is text: give its name the ending of what it holds");
    assert_eq!(
        said("d.parquet", b"ARROW1\0\0"),
        "`d.parquet` is an Arrow file: give its name the ending .arrow"
    );
    assert_eq!(
        said("d.feather", b"PAR1\x15\x04"),
        "`d.feather` is Parquet: give its name the ending .parquet"
    );
    assert_eq!(said("d.parquet", &gzip("PAR1...")), "`d.parquet` is packed with gzip: unpack it first");
    let workbook = "`d.xlsx` is a workbook: save it as CSV (UTF-8)";
    assert_eq!(said("d.xlsx", b"PK\x03\x04"), workbook);
    assert!(said("d.csv.bz2", b"BZh9").contains("is packed with bzip2: unpack it first"));
    let table = "`d.txt` is a table, as its first line names columns: give its name the ending .csv or .tsv";
    assert_eq!(said("d.txt", CSV), table);
    assert_eq!(said("d.txt", b"id\tlabel\ttext\n1\tx\ta\n"), table);
    assert!(opened("d.txt", "a text, and a label\n").is_ok());
    let json = "`d.csv` is JSON: give its name the ending .jsonl";
    assert_eq!(said("d.csv", b"{\"text\": \"a\", \"label\": 1}\n"), json);
    assert!(said("d.csv", b"__label__x a\n").contains("lines of fastText"));
}

/// As Spark writes CSV unless it is told otherwise.
#[test]
fn a_quotation_mark_behind_a_backslash_is_one_where_the_first_rows_show_it() {
    let content = "text,label\n\"say \\\"hi\\\", twice\",x\nC:\\data,y\n\"C:\\new \\\"folder\\\"\",y\n";
    let data = opened("d.csv", content).unwrap();
    assert_eq!(texts(&data), ["say \"hi\", twice", "C:\\data", "C:\\new \"folder\""]);
    assert_eq!(kinds(&data), [NoticeKind::BackslashQuotes]);
    // Doubled marks, and a backslash before the closing one.
    let data = opened("d.csv", "text,label\n\"say \"\"hi\"\"\",x\n\"C:\\\",y\n").unwrap();
    assert_eq!((texts(&data), data.notices().len()), (vec!["say \"hi\"", "C:\\"], 0));
    let stray = opened("d.csv", "text,label\na,x\n\"b\" c,y\n\"d\" e,y\n").unwrap();
    assert_eq!(texts(&stray), ["a", "b c", "d e"]);
    let told: Vec<String> = stray.notices().iter().map(ToString::to_string).collect();
    assert!(told.len() == 1 && told[0].contains("line 3: a field goes on behind its closing"), "{told:?}");
}

#[test]
fn a_first_quotation_mark_behind_a_backslash_far_into_a_file_is_one_too() {
    let plain = "\"a, b\",x\nc,y\n".repeat(20_000);
    let content = format!("text,label\n{plain}\"say \\\"hi\\\", twice\",x\n\"\\\", d\",y\n");
    let data = opened("d.csv", &content).unwrap();
    assert_eq!(data.rows(), 40_002);
    assert_eq!(texts(&data)[40_000..], ["say \"hi\", twice", "\", d"]);
    let told: Vec<String> = data.notices().iter().map(ToString::to_string).collect();
    assert!(told.len() == 1 && told[0].contains("line 40002: `\\\"` is read"), "{told:?}");
    // A stream is read alike.
    let (format, name) = (Format::named("csv").unwrap(), Path::new("stdin"));
    let mut examples =
        Examples::from_reader(std::io::Cursor::new(content), format, name, &Columns::default()).unwrap();
    let table = examples.next_table(50_000).unwrap().unwrap();
    assert_eq!((table.rows(), table.text(40_000).unwrap().text), (40_002, "say \"hi\", twice"));
}

#[test]
fn lines_are_counted_whatever_they_end_in() {
    let line = |content: &str| {
        let said = refused("d.csv", content);
        said.split("line ").nth(1).unwrap().split(':').next().unwrap().to_owned()
    };
    for (content, expected) in [
        ("text,label\na,x\r\nb,y\nc,d,e\n", "4"),
        ("text,label\r\na,x\nb,y\r\nc,d,e\n", "4"),
        ("text,label\r\na,x\nb,y\nc,d,e", "4"),
        ("text,label\na,x\r\nb,y\r\nc,d,e\r\n", "4"),
        ("text,label\na,x\r\n\r\n\nb,y\n\nc,d,e\n", "7"),
        ("text,label\r\n\"a\nb\",x\n\"c\r\nd\",y\nc,d,e\n", "6"),
    ] {
        assert!(line(content).starts_with(expected), "{content:?}: {}", line(content));
    }
}

#[test]
fn a_header_in_quotation_marks_says_that_fields_of_a_tsv_file_are_quoted() {
    let data = opened("d.tsv", "\"text\"\t\"label\"\n\"a \"\"b\"\"\"\t\"x\"\n\"c\td\"\t\"y\"\n").unwrap();
    assert_eq!((texts(&data), data.label_names()), (vec!["a \"b\"", "c\td"], &["x".into(), "y".into()][..]));
    assert!(data.notices().is_empty());
}

#[test]
fn a_separator_that_is_not_read_is_named() {
    let said = refused("d.csv", "text^label\na^x\n");
    assert!(said.contains("header `text^label` are separated by `^`; write it with commas"), "{said}");
    assert_eq!(texts(&opened("d.csv", "\"sep=;\"\ntext;label\na, b;x\nc;y\n").unwrap()), ["a, b", "c"]);
}

#[test]
fn rows_without_a_value_and_bytes_that_are_no_text_are_told_with_their_place() {
    let data = opened("d.csv", "text,label\na,x\n,\nb,y\n , \n").unwrap();
    assert_eq!(data.rows(), 4);
    let told = data.notices()[0].to_string();
    assert!(told.contains("line 3: a row without any value") && told.ends_with("(and 1 row more)"), "{told}");
    assert_eq!(
        refused("d.csv", b"text,label\na,x\ncaf\xe9,y\n"),
        "`d.csv`, line 3: column `text`: not valid UTF-8 after 3 bytes; convert the file to UTF-8"
    );
}

#[test]
fn a_column_that_no_object_has_is_missed_before_a_row_is_read_and_a_late_one_is_not() {
    let columns = ColumnSettings { numbers: vec!["n".into()], ..ColumnSettings::default() }.columns();
    let line = "{\"text\":\"a\",\"m\":1}\n".repeat(600);
    let work = folder(&[
        ("none.jsonl", line.as_bytes()),
        ("late.jsonl", format!("{line}{{\"text\":\"b\",\"n\":2}}\n").as_bytes()),
    ]);
    let Err(error) = Examples::open(&work.path().join("none.jsonl"), &columns) else { panic!("it is read") };
    assert_eq!(message(&error, work.path()), "`none.jsonl` has no column `n`; it has `m`, `text`");
    let mut late = Examples::open(&work.path().join("late.jsonl"), &columns).unwrap();
    assert_eq!(late.next_table(1000).unwrap().unwrap().rows(), 601);
    // A stream cannot be looked through: its rows are refused until one has the column.
    let stream = "{\"text\":\"a\"}\n{\"text\":\"b\",\"n\":null}\n{\"text\":\"c\"}\n";
    let (format, name) = (Format::named("jsonl").unwrap(), Path::new("stdin"));
    let mut rows = Examples::from_reader(std::io::Cursor::new(stream), format, name, &columns).unwrap();
    let error = rows.next_table(10).unwrap_err();
    assert!(error.is_of_row() && error.to_string().contains("line 1: column `n` is in no row"), "{error}");
    assert_eq!(rows.next_table(10).unwrap().unwrap().rows(), 2);
}

#[test]
fn a_file_without_the_column_of_labels_tells_its_other_columns() {
    let no_label = |wanted: &str| {
        vec![NoticeKind::NoLabelColumn { wanted: "label".into(), unread: vec![wanted.into()] }]
    };
    assert_eq!(kinds(&opened("d.csv", "text,mood\na,x\n").unwrap()), no_label("mood"));
    assert_eq!(kinds(&opened("d.jsonl", "{\"text\":\"a\",\"mood\":\"x\"}\n").unwrap()), no_label("mood"));
    assert!(opened("d.csv", "text\na\n").unwrap().notices().is_empty());
    let late = "{\"text\":\"a\",\"mood\":\"x\"}\n{\"text\":\"b\",\"label\":\"x\"}\n";
    // The rows before it are without one.
    assert_eq!(kinds(&opened("d.jsonl", late).unwrap()), [NoticeKind::EmptyLabels]);
}

#[test]
fn json_that_holds_no_object_a_row_is_refused_with_how_to_write_it() {
    for content in [
        r#"{"text":{"0":"a","1":"b"},"label":{"0":"x","1":"y"}}"#,
        r#"{"0":{"text":"a","label":"x"},"1":{"text":"b","label":"y"}}"#,
        r#"{"columns":["text","label"],"index":[0,1],"data":[["a","x"],["b","y"]]}"#,
        r#"{"text":["a","b"],"label":["x","y"]}"#,
        "{\n\"text\":[\"a\",\"b\"],\n\"label\":[\"x\",\"y\"]}",
        r#"[["a","x"],["b","y"]]"#,
    ] {
        let said = refused("d.json", content);
        assert!(
            said.contains("otherwise than as one object a row") && said.contains("orient"),
            "{content}: {said}"
        );
    }
    // Rows that hold an array are rows, not a document.
    let chat = "{\"messages\":[{\"role\":\"user\"}]}\n".repeat(2);
    assert_eq!(refused("d.jsonl", chat), "`d.jsonl` has no column `text`; it has `messages`");
    let cut = refused("d.json", "[{\"text\":\"a\"},\n{\"text\":\"b\"},\n");
    assert_eq!(cut, "`d.json`: its array of rows is not closed up to line 3, the last; is the file whole?");
}

#[test]
fn lines_are_counted_alike_whatever_ends_them() {
    let text = "text,label\n\"a\nb\",x\nc,y\nd,x,z\n";
    for text in [text.to_owned(), text.replace('\n', "\r\n")] {
        let given = folder(&[("train.csv", text.as_bytes())]);
        let error = Splits::open(given.path(), &Columns::default(), None).unwrap_err().to_string();
        assert!(error.contains("line 5: 3 fields"), "{error}");
    }
}

#[test]
fn folders_that_are_one_table_are_read_or_refused_in_words() {
    let saved = r#"{"_data_files":[{"filename":"data-0.csv"},{"filename":"data-1.csv"}]}"#;
    let files: [(&str, &[u8]); 5] = [
        ("data-0.csv", CSV),
        ("data-1.csv", CSV),
        ("cache-1f.csv", CSV),
        ("dataset_info.json", b"{}"),
        ("state.json", saved.as_bytes()),
    ];
    let whole = folder(&files);
    let splits = Splits::open(whole.path(), &Columns::default(), None).unwrap();
    assert_eq!((splits.train.rows(), splits.notices().count()), (4, 0));
    let cut = folder(&[files[0], files[3], files[4]]);
    let said = |folder: &TempDir| {
        message(&Splits::open(folder.path(), &Columns::default(), None).unwrap_err(), folder.path())
            .replace(&folder.path().display().to_string(), ".")
    };
    assert_eq!(said(&cut), "`.` lacks `data-1.csv`, which its `state.json` lists");
    let outside = br#"{"_data_files":[{"filename":"../data-0.csv"}]}"#;
    assert!(said(&folder(&[files[0], files[3], ("state.json", outside)])).contains("lacks `../data-0.csv`"));
    let twice = br#"{"_data_files":[{"filename":"data-0.csv"},{"filename":"data-0.csv"}]}"#;
    let twice = folder(&[files[0], files[3], ("state.json", twice)]);
    assert_eq!(said(&twice), "`.` lists `data-0.csv` twice in its `state.json`");
    let numbered = folder(&[("train/data-00000-of-00002.csv", CSV), ("train/state.json", b"{}")]);
    assert!(said(&numbered).contains("shard 1 of 2 of data is missing"));
    let delta = folder(&[("part-0.csv", CSV), ("_delta_log/0.json", b"{}")]);
    assert!(said(&delta).contains("is a Delta table"));
    let partitioned = folder(&[("label=x/part-0.csv", CSV), ("_SUCCESS", b"")]);
    assert!(said(&partitioned).contains("is partitioned by a column"));
    let inside = folder(&[("data/train.csv", CSV), ("README.md", b"")]);
    let error = Splits::open(inside.path(), &Columns::default(), None).unwrap_err();
    assert!(
        matches!(&error, DataError::NoTrain { meant, .. } if meant == &[inside.path().join("data")]),
        "{error}"
    );
    let dask = folder(&[("part.0.csv", CSV), ("part.1.csv", CSV)]);
    assert_eq!(Splits::open(dask.path(), &Columns::default(), None).unwrap().train.rows(), 4);
}

#[test]
fn the_separator_of_a_csv_file_is_found() {
    for content in [
        "text;label\na, b;x\nc;y\n",
        "text\tlabel\na, b\tx\nc\ty\n",
        "text|label\na, b|x\nc|y\n",
        "sep=;\r\ntext;label\r\na, b;x\r\nc;y\r\n",
        "\u{feff}text ; label\n\"a, b\";x\nc;y\n",
        "\n\ntext;label\na, b;x\nc;y\n",
    ] {
        let data = opened("d.csv", content).unwrap();
        assert_eq!(
            (texts(&data), data.label_names()),
            (vec!["a, b", "c"], &["x".into(), "y".into()][..]),
            "{content}"
        );
    }
    assert_eq!(
        refused("d.csv", "sep=;\n\ntext;label\na;b\nc\n"),
        "`d.csv`, line 5: 1 fields, but the header has 2; is a quote or a separator missing?"
    );
}

#[test]
fn a_quotation_mark_is_text_in_tsv_and_told_where_it_swallows_rows_in_csv() {
    let tsv = opened("d.tsv", "text\tlabel\n\"good\tx\nbad\ty\n\"fair\tx\n").unwrap();
    assert_eq!(texts(&tsv), ["\"good", "bad", "\"fair"]);
    assert!(tsv.notices().is_empty());
    let quoted = opened("d.tsv", "text\tlabel\n\"good\"\tx\nbad\ty\n").unwrap();
    assert_eq!((texts(&quoted)[0], kinds(&quoted)), ("\"good\"", vec![NoticeKind::QuotesInTsv]));
    let csv = opened("d.csv", "text,label\nfine,y\n\"good,x\nbad,y\n\"fair,x\n").unwrap();
    assert_eq!(csv.rows(), 2);
    let told = |part: &str| csv.notices().iter().any(|notice| notice.to_string().contains(part));
    assert!(
        told("line 3: a quoted field spans lines") && told("line 5: a field goes on"),
        "{:?}",
        csv.notices()
    );
    // A real text of several lines is no suspect, unless its commas stand where those of swallowed rows would.
    for (text, suspect) in
        [("a\nb", false), ("a, b\nc, d", false), ("a\nb, c", false), ("a, b\nc\nd", false), ("a, b\nc", true)]
    {
        let csv = opened("d.csv", format!("text,label\n\"{text}\",x\n")).unwrap();
        let expected = if suspect { vec![NoticeKind::QuotedLines] } else { Vec::new() };
        assert_eq!(kinds(&csv), expected, "{text}");
    }
    assert_eq!(
        refused("d.csv", "text,label\nfine,y\n\"good,x\nbad,y\n"),
        "`d.csv`, line 3: a quote is opened and never closed, up to line 4, the last"
    );
    // A closed one at the end of the file, without a last line break.
    assert_eq!(texts(&opened("d.csv", "label,text\nx,a\ny,\"b\n\"").unwrap()), ["a", "b\n"]);
    assert_eq!(texts(&opened("d.csv", "label,text\nx,a\ny,\"b\n\"\n").unwrap()), ["a", "b\n"]);
}

#[test]
fn headers_are_trimmed_and_doubles_are_refused_with_both_places() {
    let data = opened("d.csv", "\u{feff} text , label\u{a0}\na,x\nb,y\n").unwrap();
    assert_eq!(data.label_names(), ["x", "y"]);
    assert_eq!(
        refused("d.csv", "text,label,id,label\na,x,1,y\n"),
        "`d.csv` has two columns `label`, in places 2 and 4; rename one"
    );
    // Columns that nobody reads may be called anything.
    assert!(opened("d.csv", "text,,\na,,\n").is_ok());
    let similar = opened("d.csv", "text,Label\na,x\n").unwrap();
    assert!(matches!(&kinds(&similar)[..], [NoticeKind::SimilarColumn { found, .. }] if found == "Label"));
    assert_eq!(refused("d.csv", "Text,Label\na,x\n"), "`d.csv` has no column `text`; it has `Text`, `Label`");
    assert!(refused("d.jsonl", "{\"text\":\"a\",\"text\":\"b\"}\n").starts_with("`d.jsonl`, line 1, column"));
}

#[test]
fn json_stands_in_lines_in_an_array_or_in_a_document() {
    for content in [
        "{\"text\":\"a\",\"label\":\"x\"}\n{\"text\":\"b\",\"label\":\"y\"}",
        "[{\"text\":\"a\",\"label\":\"x\"},{\"text\":\"b\",\"label\":\"y\"}]",
        "[\n  {\n    \"text\": \"a\",\n    \"label\": \"x\"\n  },\n  {\"text\": \"b\", \"label\": \"y\"}\n]\n",
        "{\n \"text\": \"a\",\n \"label\": \"x\"\n}\n{\n \"text\": \"b\", \"label\": \"y\"}\n",
        "{\"version\": 1, \"data\": [{\"text\":\"a\",\"label\":\"x\"},{\"text\":\"b\",\"label\":\"y\"}]}\n",
        "{\n\"data\": [\n{\"text\":\"a\",\"label\":\"x\"},\n{\"text\":\"b\",\"label\":\"y\"}\n]\n}\n",
    ] {
        for name in ["d.json", "d.jsonl"] {
            let data = opened(name, content).unwrap();
            assert_eq!(
                (texts(&data), data.label_names()),
                (vec!["a", "b"], &["x".into(), "y".into()][..]),
                "{content}"
            );
        }
    }
    assert_eq!(
        refused("d.json", "[{\"text\":\"a\"},\n{\"text\":5}]"),
        "`d.json`, line 2: column `text` holds a number, but a string is needed"
    );
    assert!(refused("d.json", "[{\"text\":\"a\"},\n\n{\"text\":").starts_with("`d.json`, line 3, column"));
}

#[test]
fn a_missing_key_is_a_missing_value() {
    let data = opened(
        "d.jsonl",
        "{\"text\":\"a\"}\n{\"text\":\"b\",\"label\":\"x\"}\n{\"text\":\"c\",\"label\":\"y\"}\n",
    )
    .unwrap();
    assert_eq!(data.labels().unwrap(), [None, Some(0), Some(1)]);
    let open = |settings: &ColumnSettings, content: &str| {
        let folder = folder(&[("d.jsonl", content.as_bytes())]);
        Dataset::open(&folder.path().join("d.jsonl"), &settings.columns())
            .map_err(|error| message(&error, folder.path()))
    };
    let named = ColumnSettings {
        label: Some("mood".into()),
        numbers: vec!["price".into()],
        ..ColumnSettings::default()
    };
    let sparse = "{\"text\":\"a\"}\n{\"text\":\"b\",\"mood\":\"x\",\"price\":2}\n";
    let data = open(&named, sparse).unwrap();
    assert_eq!(
        (data.labelled_rows(), data.table().number(0, 1), data.table().number(1, 1)),
        (1, None, Some(2.0))
    );
    let error = open(&named, "{\"text\":\"a\",\"price\":1}\n{\"text\":\"b\",\"id\":1}\n").unwrap_err();
    assert_eq!(error, "`d.jsonl` has no column `mood`; it has `id`, `price`, `text`");
    let inner = ColumnSettings { text: Some("review.body".into()), ..ColumnSettings::default() };
    assert_eq!(texts(&open(&inner, "{\"review\":{\"body\":\"a\"}}\n").unwrap()), ["a"]);
}

#[test]
fn half_a_surrogate_pair_and_nan_are_read_and_told() {
    let data = opened(
        "d.jsonl",
        "{\"text\":\"a\"}\n{\"text\":\"b \\ud83d\",\"label\":NaN}\n{\"text\":\"\\ude00\"}\n",
    )
    .unwrap();
    assert_eq!(texts(&data), ["a", "b \u{fffd}", "\u{fffd}"]);
    assert_eq!(kinds(&data), [NoticeKind::HalfSurrogate, NoticeKind::NotANumber]);
    assert_eq!(
        (data.notices()[0].count, data.notices()[0].location),
        (2, Some(lelp_data::Location::Line(2)))
    );
}

#[test]
fn lines_of_fasttext_have_labels() {
    let data = opened("d.txt", "__label__x a film\n__label__y\tb\nno label\n").unwrap();
    assert_eq!(texts(&data), ["a film", "b", "no label"]);
    assert_eq!(data.labels().unwrap(), [Some(0), Some(1), None]);
    // At the end of a line, and behind lines without one.
    let data = opened("d.txt", "no label\na film __label__x\n __label__y b\n").unwrap();
    assert_eq!(texts(&data), ["no label", "a film", "b"]);
    assert_eq!(data.labels().unwrap(), [None, Some(0), Some(1)]);
    assert_eq!(
        refused("d.txt", "__label__x a\n__label__x __label__y b\n"),
        "`d.txt`, line 2: two labels, `x` and `y`; a row has one class"
    );
}

#[test]
fn class_labels_of_datasets_give_names_to_numbers() {
    let open = |labels: &[i32], about: &str| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("d.parquet");
        let schema = Arc::new(parse_message_type("message rows { required int32 label; }").unwrap());
        let about = KeyValue::new("huggingface".to_owned(), about.to_owned());
        let properties = WriterProperties::builder().set_key_value_metadata(Some(vec![about])).build();
        let file = fs::File::create(&path).unwrap();
        let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties)).unwrap();
        let mut group = writer.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<Int32Type>().write_batch(labels, None, None).unwrap();
        column.close().unwrap();
        group.close().unwrap();
        writer.close().unwrap();
        let columns = ColumnSettings { categories: vec!["label".into()], ..ColumnSettings::default() };
        Dataset::open(&path, &columns.columns()).unwrap()
    };
    let about =
        r#"{"info":{"features":{"label":{"names":["negative","neutral","positive"],"_type":"ClassLabel"}}}}"#;
    let data = open(&[2, 0, -1], about);
    assert_eq!(data.label_names(), ["negative", "neutral", "positive"]);
    assert_eq!((data.labels().unwrap(), data.notices().len()), (&[Some(2), Some(0), None][..], 0));
    // Names for other numbers than those that are there are none.
    assert_eq!(open(&[0, 3], about).label_names(), ["0", "3"]);
    assert_eq!(open(&[0, 1], "{").label_names(), ["0", "1"]);
}

#[test]
fn rows_behind_a_bad_one_are_read() {
    let next = |examples: &mut Examples| {
        examples.next_table(10).map(|table| {
            table.map(|table| table.texts().unwrap().map(|row| row.text.to_owned()).collect::<Vec<_>>())
        })
    };
    for (format, content) in [
        ("lines", &b"a\nb\n\xff\nc\n"[..]),
        ("jsonl", b"{\"text\":\"a\"}\n{\"text\":\"b\"}\n{\"text\":3}\n{\"text\":\"c\"}\n"),
        ("jsonl", b"{\"text\":\"a\"}\n{\"text\":\"b\"}\n{\"text\":\n{\"text\":\"c\"}\n"),
        ("csv", b"text\na\nb\n\xff\nc\n"),
        ("csv", b"text\na\nb\nx,y\nc\n"),
    ] {
        let (format, name) = (Format::named(format).unwrap(), Path::new("stdin"));
        let reader = std::io::Cursor::new(content.to_vec());
        let mut examples = Examples::from_reader(reader, format, name, &Columns::default()).unwrap();
        assert_eq!(next(&mut examples).unwrap().unwrap(), ["a", "b"]);
        let error = next(&mut examples).unwrap_err();
        assert!(error.is_of_row(), "{error}");
        assert_eq!(next(&mut examples).unwrap().unwrap(), ["c"]);
        assert!(next(&mut examples).unwrap().is_none());
    }
}

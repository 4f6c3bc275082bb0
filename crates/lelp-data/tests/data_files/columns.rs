//! Vectors, numbers and categories in every format, and what each wrong one is told.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use half::f16;
use lelp_data::{ColumnKind, ColumnSettings, DataError, Dataset, Examples, Format, Table, Text, hold_out};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FixedLenByteArray, FixedLenByteArrayType,
    FloatType, Int32Type, Int64Type,
};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use tempfile::TempDir;

fn settings(vectors: &[&str], numbers: &[&str], categories: &[&str]) -> ColumnSettings {
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect();
    ColumnSettings {
        vectors: names(vectors),
        numbers: names(numbers),
        categories: names(categories),
        ..ColumnSettings::default()
    }
}

/// The three columns that most tests have.
fn all() -> ColumnSettings {
    settings(&["v"], &["n"], &["c"])
}

fn written(name: &str, content: impl AsRef<[u8]>) -> (TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    (folder, path)
}

fn opened(name: &str, content: impl AsRef<[u8]>, settings: &ColumnSettings) -> Dataset {
    let (_folder, path) = written(name, content);
    Dataset::open(&path, &settings.columns()).unwrap()
}

/// The message of a file that is refused, without its folder.
fn refused(name: &str, content: impl AsRef<[u8]>, settings: &ColumnSettings) -> String {
    let (folder, path) = written(name, content);
    let error = Dataset::open(&path, &settings.columns()).unwrap_err();
    message(&error, folder.path())
}

fn message(error: &DataError, folder: &Path) -> String {
    error.to_string().replace(&format!("{}/", folder.display()), "")
}

/// Writes one column of a row group.
fn column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, File>,
    values: &[T::T],
    definitions: Option<&[i16]>,
    repetitions: Option<&[i16]>,
) {
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<T>().write_batch(values, definitions, repetitions).unwrap();
    column.close().unwrap();
}

/// A Parquet file of one row group with this schema.
fn parquet(path: &Path, schema: &str, fill: impl FnOnce(&mut SerializedRowGroupWriter<'_, File>)) {
    let schema = Arc::new(parse_message_type(&format!("message rows {{ {schema} }}")).unwrap());
    let properties = Arc::new(WriterProperties::builder().build());
    let mut writer = SerializedFileWriter::new(File::create(path).unwrap(), schema, properties).unwrap();
    let mut group = writer.next_row_group().unwrap();
    fill(&mut group);
    group.close().unwrap();
    writer.close().unwrap();
}

/// Three rows: the values that every format below holds.
fn check(table: &Table) {
    let place = |name| table.schema().column(name).unwrap();
    assert_eq!(table.schema().fields()[place("v")].kind, ColumnKind::Vector { width: 2 });
    let vectors: Vec<&[f32]> = (0..3).map(|row| table.vector(row, place("v"))).collect();
    assert_eq!(vectors, [[1.5, -2.0], [0.0, 1e-3], [3.0, 4.0]]);
    let numbers: Vec<Option<f64>> = (0..3).map(|row| table.number(row, place("n"))).collect();
    assert_eq!(numbers, [Some(0.25), None, Some(-7.0)]);
    let categories: Vec<Option<&str>> = (0..3).map(|row| table.category(row, place("c"))).collect();
    assert_eq!(categories, [Some("de"), Some("a, b"), None]);
}

const CSV: &str = "v,n,c,label\n\"[1.5, -2.0]\",0.25,de,1\n0 1e-3,,\"a, b\",0\n3;4.0,-7,,1\n";
const JSON_LINES: &str = r#"{"v":[1.5,-2],"n":0.25,"c":"de","label":1}
{"v":[0,0.001],"n":null,"c":"a, b","label":0}
{"v":[3.0,4.0],"n":-7,"label":1}
"#;

fn write_parquet(path: &Path) {
    let schema = "optional group v (LIST) { repeated group list { optional float element; } }
        optional double n; optional binary c (UTF8); optional int32 label;";
    parquet(path, schema, |group| {
        column::<FloatType>(
            group,
            &[1.5, -2.0, 0.0, 1e-3, 3.0, 4.0],
            Some(&[3; 6]),
            Some(&[0, 1, 0, 1, 0, 1]),
        );
        column::<DoubleType>(group, &[0.25, -7.0], Some(&[1, 0, 1]), None);
        let categories = ["de", "a, b"].map(ByteArray::from);
        column::<ByteArrayType>(group, &categories, Some(&[1, 1, 0]), None);
        column::<Int32Type>(group, &[1, 0, 1], Some(&[1; 3]), None);
    });
}

/// The column `day` of every file, read as dates.
fn dates() -> ColumnSettings {
    let types = [("day".to_owned(), "date".parse().unwrap())];
    ColumnSettings { types: types.into(), ..ColumnSettings::default() }
}

#[test]
fn every_format_holds_columns_of_a_type() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d.parquet");
    parquet(&path, "optional int32 day (DATE);", |group| {
        column::<Int32Type>(group, &[20_787, -1], Some(&[1, 0, 1]), None);
    });
    let stored = Dataset::open(&path, &dates().columns()).unwrap();
    let csv = opened("d.csv", "day,label\n2026-11-30,a\n,b\n1969-12-31,a\n", &dates());
    let lines = "{\"day\":\"2026-11-30\"}\n{\"day\":null}\n{\"day\":\"1969-12-31\"}\n";
    let lines = opened("d.jsonl", lines, &dates());
    for data in [&stored, &csv, &lines] {
        let days: Vec<Option<f64>> = (0..3).map(|row| data.table().number(row, 0)).collect();
        assert_eq!(days, [Some(20_787.0), None, Some(-1.0)]);
        assert_eq!(data.schema().fields()[0].kind, ColumnKind::Number);
        assert_eq!(data.hash(), stored.hash());
    }
}

#[test]
fn what_is_none_of_a_columns_type_is_named_and_a_date_is_no_number_by_itself() {
    let wrong = refused("d.csv", "day\n2026-11-30\n30.11.2026\n", &dates());
    assert_eq!(wrong, "`d.csv`, line 3: column `day` holds `30.11.2026`, but a date as 2026-11-30 is needed");
    let plain = refused("d.csv", "day\n2026-11-30\n", &settings(&[], &["day"], &[]));
    assert!(plain.contains("holds `2026-11-30`, but a number is needed"), "{plain}");
    // A type says how a column is read that is listed as a number too, as a model's folder lists it.
    let both = ColumnSettings { numbers: vec!["day".to_owned()], ..dates() };
    assert_eq!(opened("d.csv", "day\n2026-11-30\n", &both).schema().fields().len(), 1);
}

#[test]
fn every_format_holds_every_kind_of_column() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d.parquet");
    write_parquet(&path);
    let expected = Dataset::open(&path, &all().columns()).unwrap();
    check(expected.table());
    let tsv = "v\tn\tc\tlabel\n1.5 -2\t0.25\tde\t1\n0,1e-3\t\ta, b\t0\n[3. 4.]\t-7.0\t\t1\n";
    for (name, content) in [("d.csv", CSV), ("d.tsv", tsv), ("d.jsonl", JSON_LINES)] {
        let found = opened(name, content, &all());
        check(found.table());
        assert_eq!(found.schema(), expected.schema(), "{name}");
        assert_eq!(found.labels().unwrap(), [Some(1), Some(0), Some(1)]);
        assert_eq!(found.hash(), expected.hash(), "{name}");
    }
}

#[test]
fn columns_stand_beside_texts_and_pairs() {
    let content = "text,text_pair,n\na,b,1\nc,d,2\n";
    let data = opened("d.csv", content, &settings(&[], &["n"], &[]));
    assert_eq!(
        (data.text(1), data.table().number(1, 2)),
        (Some(Text { text: "c", pair: Some("d") }), Some(2.0))
    );
    // Without the column of texts that nobody named, and with one that somebody did.
    let without = opened("d.csv", "query,n\na,1\nb,2\n", &settings(&[], &["n"], &[]));
    assert_eq!((without.schema().text(), without.schema().fields().len()), (None, 1));
    assert_eq!((without.text(0), without.table().text(1)), (None, None));
    let error = without.texts().err().unwrap().to_string();
    assert_eq!(error, "there is no column `text` (a text); there are `n`");
    let named = ColumnSettings { text: Some("query".into()), ..settings(&[], &["n"], &[]) };
    assert_eq!(opened("d.csv", "query,n\na,1\nb,2\n", &named).text(0), Some("a".into()));
}

#[test]
fn numbers_and_categories_of_every_type_in_parquet() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d.parquet");
    let schema = "required boolean flag; required int64 big; required int32 unsigned (INTEGER(32,false));
        required int32 cents (DECIMAL(9,2)); required fixed_len_byte_array(3) wide (DECIMAL(6,1));
        required fixed_len_byte_array(2) half (FLOAT16); required float single;";
    parquet(&path, schema, |group| {
        column::<BoolType>(group, &[true, false], None, None);
        column::<Int64Type>(group, &[1 << 40, -1], None, None);
        column::<Int32Type>(group, &[-1, 1], None, None);
        column::<Int32Type>(group, &[1250, -5], None, None);
        let fixed = |bytes: &[u8]| FixedLenByteArray::from(ByteArray::from(bytes.to_vec()));
        column::<FixedLenByteArrayType>(group, &[fixed(&[0, 1, 1]), fixed(&[0xff, 0xff, 0xf6])], None, None);
        let halves = [f16::from_f32(0.5), f16::from_f32(-2.0)].map(|half| fixed(&half.to_le_bytes()));
        column::<FixedLenByteArrayType>(group, &halves, None, None);
        column::<FloatType>(group, &[0.5, 2.0], None, None);
    });
    let names = ["flag", "big", "unsigned", "cents", "wide", "half", "single"];
    let data = Dataset::open(&path, &settings(&[], &names, &[]).columns()).unwrap();
    let row = |row: usize| (0..7).map(|column| data.table().number(row, column).unwrap()).collect::<Vec<_>>();
    assert_eq!(row(0), [1.0, (1_u64 << 40) as f64, f64::from(u32::MAX), 12.5, 25.7, 0.5, 0.5]);
    assert_eq!(row(1), [0.0, -1.0, 1.0, -0.05, -1.0, -2.0, 2.0]);
    let data = Dataset::open(&path, &settings(&[], &[], &["flag", "big"]).columns()).unwrap();
    assert_eq!(data.table().category(0, 0), Some("true"));
    assert_eq!(data.table().category(1, 1), Some("-1"));
    let error = Dataset::open(&path, &settings(&[], &[], &["single"]).columns()).unwrap_err();
    assert_eq!(
        message(&error, folder.path()),
        "`d.parquet`, row 0: column `single` holds a fraction, but a category (a string, a whole number or a boolean) is needed"
    );
}

#[test]
fn vectors_of_every_float_in_parquet() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d.parquet");
    // Required all through, and a field that repeats by itself.
    let schema = "required group a (LIST) { repeated group list { required double element; } }
        repeated float b;
        required group c (LIST) { repeated group list { required fixed_len_byte_array(2) element (FLOAT16); } }";
    parquet(&path, schema, |group| {
        let (definitions, repetitions) = ([1; 4], [0, 1, 0, 1]);
        column::<DoubleType>(group, &[1.0, 2.0, 3.0, 4.0], Some(&definitions), Some(&repetitions));
        column::<FloatType>(group, &[1.0, 2.0, 3.0, 4.0], Some(&definitions), Some(&repetitions));
        let half = |value: f32| {
            FixedLenByteArray::from(ByteArray::from(f16::from_f32(value).to_le_bytes().to_vec()))
        };
        let halves = [1.0, 2.0, 3.0, 4.0].map(half);
        column::<FixedLenByteArrayType>(group, &halves, Some(&definitions), Some(&repetitions));
    });
    let data = Dataset::open(&path, &settings(&["a", "b", "c"], &[], &[]).columns()).unwrap();
    for column in 0..3 {
        assert_eq!(data.table().vector(0, column), [1.0, 2.0]);
        assert_eq!(data.table().vector(1, column), [3.0, 4.0]);
    }
}

#[test]
fn lists_that_are_no_vectors_in_parquet() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d.parquet");
    let schema = "optional group v (LIST) { repeated group list { optional float element; } }";
    let refused = |values: &[f32], definitions: &[i16], repetitions: &[i16]| {
        parquet(&path, schema, |group| {
            column::<FloatType>(group, values, Some(definitions), Some(repetitions));
        });
        let error = Dataset::open(&path, &settings(&["v"], &[], &[]).columns()).unwrap_err();
        message(&error, folder.path())
    };
    let row_1 = |rest: &str| format!("`d.parquet`, row 1: column `v` {rest}");
    assert_eq!(refused(&[1.0], &[3, 0], &[0, 0]), row_1("is empty (null) here"));
    assert_eq!(
        refused(&[1.0], &[3, 1], &[0, 0]),
        row_1("holds a list of 0 numbers, but a list of numbers is needed")
    );
    assert_eq!(
        refused(&[1.0, 1.0, 1.0], &[3; 3], &[0, 0, 1]),
        row_1("holds a vector of 2 numbers, but 1 in the rows before")
    );
    assert_eq!(
        refused(&[1.0, 2.0, 3.0], &[3, 3, 3, 2], &[0, 1, 0, 1]),
        row_1("holds NaN at place 1 of its vector, but numbers must be finite (as 32-bit floats)")
    );
    assert_eq!(
        refused(&[1.0, f32::INFINITY], &[3, 3], &[0, 0]),
        row_1("holds inf at place 0 of its vector, but numbers must be finite (as 32-bit floats)")
    );
    let schema = "optional group v (LIST) { repeated group list { optional binary element (UTF8); } }";
    parquet(&path, schema, |group| {
        column::<ByteArrayType>(group, &[ByteArray::from("a")], Some(&[3]), Some(&[0]));
    });
    let error = Dataset::open(&path, &settings(&["v"], &[], &[]).columns()).unwrap_err();
    assert_eq!(
        message(&error, folder.path()),
        "`d.parquet`, row 0: column `v` holds a list of strings, but a list of numbers is needed"
    );
}

/// No change may panic or allocate what the file does not hold, also where lists say how long they are.
#[test]
fn a_changed_byte_of_a_parquet_file_of_vectors_is_refused_or_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d.parquet");
    write_parquet(&path);
    let whole = fs::read(&path).unwrap();
    for place in 0..whole.len() {
        for value in [0x00, 0x7f, 0xff, whole[place] ^ 1, whole[place].wrapping_add(1)] {
            let mut changed = whole.clone();
            changed[place] = value;
            fs::write(&path, &changed).unwrap();
            if let Ok(data) = Dataset::open(&path, &all().columns()) {
                assert!(data.rows() <= 3, "byte {place} set to {value}");
            }
        }
    }
}

#[test]
fn fields_of_text_that_are_no_numbers_or_vectors() {
    let csv = |v: &str, n: &str| refused("d.csv", format!("v,n,c\n1 2,1,x\n{v},{n},x\n"), &all());
    let line_3 = |rest: &str| format!("`d.csv`, line 3: column {rest}");
    assert_eq!(csv("1 2", "ten"), line_3("`n` holds `ten`, but a number is needed"));
    assert_eq!(csv("1 2", "nan"), line_3("`n` holds NaN, but numbers must be finite"));
    assert_eq!(csv("1 2", "1e999"), line_3("`n` holds inf, but numbers must be finite"));
    assert_eq!(csv("", "1"), line_3("`v` is empty (null) here"));
    assert_eq!(csv("[]", "1"), line_3("`v` holds a list of 0 numbers, but a list of numbers is needed"));
    assert_eq!(csv("1 2 3", "1"), line_3("`v` holds a vector of 3 numbers, but 2 in the rows before"));
    assert_eq!(csv("1 x", "1"), line_3("`v` holds `x` in a list, but a number is needed"));
    assert_eq!(
        csv("1 inf", "1"),
        line_3("`v` holds inf at place 1 of its vector, but numbers must be finite (as 32-bit floats)")
    );
    let long = "9".repeat(50) + "x";
    assert_eq!(
        csv("1 2", &long),
        line_3(&format!("`n` holds `{}...`, but a number is needed", "9".repeat(40)))
    );
    let wide = vec!["1"; 1_000_000].join(" ");
    assert_eq!(csv(&wide, "1"), line_3("`v` holds a vector of 1000000 numbers, but 2 in the rows before"));
}

#[test]
fn json_values_of_another_type() {
    let json = |row: &str| refused("d.jsonl", format!("{{\"v\":[1],\"n\":1,\"c\":\"x\"}}\n{row}\n"), &all());
    let line_2 = |rest: &str| format!("`d.jsonl`, line 2: column {rest}");
    assert_eq!(json(r#"{"v":[1],"n":"1","c":"x"}"#), line_2("`n` holds a string, but a number is needed"));
    assert_eq!(
        json(r#"{"v":1,"n":1,"c":"x"}"#),
        line_2("`v` holds a number, but a list of numbers is needed")
    );
    assert_eq!(
        json(r#"{"v":[1,"2"],"n":1,"c":"x"}"#),
        line_2("`v` holds an array with something else than numbers, but a list of numbers is needed")
    );
    assert_eq!(
        json(r#"{"v":[1e300],"n":1,"c":"x"}"#),
        line_2("`v` holds inf at place 0 of its vector, but numbers must be finite (as 32-bit floats)")
    );
    assert_eq!(
        json(r#"{"v":[1],"n":1,"c":{}}"#),
        line_2(
            "`c` holds an object (what is in it is called `column.key`), but a category (a string, a whole number or a boolean) is needed"
        )
    );
    assert_eq!(json(r#"{"n":1,"c":"x"}"#), line_2("`v` is empty (null) here"));
    let whole = opened("d.jsonl", "{\"c\":3}\n{\"c\":true}\n{\"c\":\"\"}\n", &settings(&[], &[], &["c"]));
    let categories: Vec<Option<&str>> = (0..3).map(|row| whole.table().category(row, 0)).collect();
    assert_eq!(categories, [Some("3"), Some("true"), None]);
}

#[test]
fn columns_that_are_not_there() {
    assert_eq!(refused("d.csv", "v,n\n1,2\n", &all()), "`d.csv` has no column `c`; it has `v`, `n`");
    assert_eq!(
        refused("d.txt", "a\n", &settings(&[], &["n"], &[])),
        "`d.txt` has no column `n`; it has `text`"
    );
    assert_eq!(refused("d.csv", "n\n1\n", &settings(&[], &["n", "n"], &[])), "`d.csv`");
}

fn npy(shape: &str, values: &[f32]) -> Vec<u8> {
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend_from_slice(&(header.len() as u16).to_le_bytes());
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}

#[test]
fn an_array_beside_a_file_is_a_column_of_vectors() {
    let (folder, path) = written("train.csv", "label\n1\n0\n");
    let array = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    let columns = settings(&["embedding.npy"], &[], &[]).columns();
    array("embedding.npy", &npy("(2, 3)", &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    let shared = Dataset::open(&path, &columns).unwrap();
    assert_eq!(shared.schema().fields()[0].name, "embedding.npy");
    assert_eq!(shared.table().vector(1, 0), [4.0, 5.0, 6.0]);
    // That of the split wins.
    array("train.embedding.npy", &npy("(2, 1)", &[7.0, 8.0]));
    assert_eq!(Dataset::open(&path, &columns).unwrap().table().vector(1, 0), [8.0]);
    let refused = |bytes: &[u8]| {
        array("train.embedding.npy", bytes);
        message(&Dataset::open(&path, &columns).unwrap_err(), folder.path())
    };
    assert_eq!(
        refused(&npy("(1, 1)", &[1.0])),
        "`train.csv` has more than 1 rows, but array `embedding.npy` beside it has 1"
    );
    assert_eq!(
        refused(&npy("(3, 1)", &[1.0, 2.0, 3.0])),
        "`train.csv` has 2 rows, but array `embedding.npy` beside it has 3"
    );
    assert_eq!(
        refused(&npy("(2, 1)", &[1.0, f32::NAN])),
        "`train.csv`, row 1: column `embedding.npy` holds NaN at place 0 of its vector, but numbers must be finite (as 32-bit floats)"
    );
    let cause = |bytes: &[u8]| {
        array("train.embedding.npy", bytes);
        let error = Dataset::open(&path, &columns).unwrap_err();
        assert_eq!(message(&error, folder.path()), "`train.csv`: column `embedding.npy` cannot be read");
        std::error::Error::source(&error)
            .unwrap()
            .to_string()
            .replace(&format!("{}/", folder.path().display()), "")
    };
    assert_eq!(
        cause(&npy("(2,)", &[1.0, 2.0])),
        "`train.embedding.npy`: array `embedding.npy` has shape [2], but must have [rows, width]"
    );
    assert_eq!(
        cause(&npy("(2, 4611686018427387904)", &[1.0])),
        "`train.embedding.npy`: array `embedding.npy` of shape [2, 4611686018427387904] needs 36893488147419103232 bytes, but 4 are there"
    );
    assert_eq!(cause(b"no array"), "`train.embedding.npy`: `embedding.npy` is not a NumPy array file");
}

#[test]
fn an_array_of_an_archive_is_a_column_of_vectors() {
    let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data_files/fixtures/compressed.npz");
    let (folder, path) = written("d.csv", "label\n1\n0\n1\n0\n1\n");
    fs::copy(archive, folder.path().join("all.npz")).unwrap();
    let data = Dataset::open(&path, &settings(&["all.npz:embeddings"], &[], &[]).columns()).unwrap();
    assert_eq!(data.table().vector(1, 0), [0.75, 1.0, 1.25]);
    let error = Dataset::open(&path, &settings(&["all.npz:pooled"], &[], &[]).columns()).unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("all.npz` has no array `pooled`; it has "), "{cause}");
}

#[test]
fn the_hash_covers_every_column_and_tells_them_apart() {
    let hash = |content: &str, settings: &ColumnSettings| opened("d.csv", content, settings).hash();
    let (numbers, both) = (settings(&[], &["a"], &[]), settings(&[], &["a", "b"], &[]));
    let hashes = [
        hash("a,b\n1,2\n", &numbers),
        hash("a,b\n2,2\n", &numbers),
        hash("a,b\n,2\n", &numbers),
        hash("a,b\n1,2\n", &both),
        hash("b,a\n1,2\n", &both),
        hash("a,b\n1,2\n", &settings(&[], &[], &["a"])),
        hash("a,b\n1,2\n", &settings(&["a"], &[], &[])),
        hash("text,a\nx,1\n", &numbers),
        hash("text,a\ny,1\n", &numbers),
    ];
    for (place, one) in hashes.iter().enumerate() {
        assert!(!hashes[..place].contains(one), "{place}");
    }
    assert_eq!(hash("a,label\n1,1\n", &numbers), hashes[0]);
}

#[test]
fn rows_without_texts_are_held_out_by_their_values() {
    let rows: Vec<String> = (0..4000).map(|row| format!("{},x{}", row % 2000, row % 2000)).collect();
    let data = opened("d.csv", format!("n,c\n{}\n", rows.join("\n")), &settings(&[], &["n"], &["c"]));
    let held = hold_out(&data).unwrap();
    assert!((330..=470).contains(&held.validation.len()), "{}", held.validation.len());
    let number = |row: &usize| data.table().number(*row, 0).map(f64::to_bits);
    let validation: Vec<_> = held.validation.iter().map(number).collect();
    assert!(held.train.iter().all(|row| !validation.contains(&number(row))));
    let alike = opened("d.csv", "n\n1\n1\n", &settings(&[], &["n"], &[]));
    assert!(matches!(hold_out(&alike), Err(DataError::HoldOut { rows: 2, .. })));
}

#[test]
fn a_stream_comes_as_tables_of_as_many_rows_as_are_wanted() {
    let format = Format::named("jsonl").unwrap();
    let reader = std::io::Cursor::new("{\"n\":1,\"v\":[1]}\n{\"n\":2,\"v\":[2]}\n{\"n\":3,\"v\":[3]}\n");
    let columns = settings(&["v"], &["n"], &[]).columns();
    let mut examples = Examples::from_reader(reader, format, Path::new("stdin"), &columns).unwrap();
    let mut rows = Vec::new();
    while let Some(table) = examples.next_table(2).unwrap() {
        rows.push((0..table.rows()).map(|row| table.number(row, 1).unwrap()).collect::<Vec<_>>());
    }
    assert_eq!(rows, [vec![1.0, 2.0], vec![3.0]]);
    // The width holds beyond a table.
    let reader = std::io::Cursor::new("{\"n\":1,\"v\":[1]}\n{\"n\":2,\"v\":[2,3]}\n");
    let mut examples = Examples::from_reader(reader, format, Path::new("stdin"), &columns).unwrap();
    examples.next_table(1).unwrap();
    assert_eq!(
        examples.next_table(1).unwrap_err().to_string(),
        "`stdin`, line 2: column `v` holds a vector of 2 numbers, but 1 in the rows before"
    );
}

//! Arrow files and streams, as pyarrow writes them: the rows of the Parquet file of the same table, and what is damaged.

use std::fs;
use std::path::{Path, PathBuf};

use lelp_data::{ColumnSettings, Dataset, Examples, TableValue};

const FILES: [&str; 4] = ["plain.arrow", "stream.arrow", "lz4.feather", "zstd.feather"];

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data_files/fixtures").join(name)
}

fn columns() -> ColumnSettings {
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    ColumnSettings {
        vectors: names(&["vector"]),
        numbers: names(&["clicks", "price"]),
        categories: names(&["country"]),
        ..ColumnSettings::default()
    }
}

/// Every value of every row, in words.
fn content(path: &Path) -> Vec<String> {
    let data = Dataset::open(path, &columns().columns()).unwrap();
    let fields = data.schema().fields().len();
    let row = |row: usize| {
        let value = |column| match data.table().value(row, column) {
            TableValue::Vector(numbers) => format!("{numbers:?}"),
            value => value.to_string(),
        };
        let label = data.labels().unwrap()[row].map(|label| data.label_names()[label as usize].clone());
        format!("{:?} {label:?}", (0..fields).map(value).collect::<Vec<_>>())
    };
    (0..data.rows()).map(row).collect()
}

#[test]
fn every_kind_of_arrow_file_holds_the_rows_of_the_same_table_as_parquet() {
    let wanted = content(&fixture("rows.parquet"));
    assert_eq!(wanted.len(), 5);
    assert!(
        wanted[0].contains("where is my card?") && wanted[0].ends_with("Some(\"card\")"),
        "{}",
        wanted[0]
    );
    assert!(wanted[3].ends_with("None"), "{}", wanted[3]);
    for name in FILES {
        assert_eq!(content(&fixture(name)), wanted, "{name}");
    }
}

#[test]
fn the_end_of_a_file_stays_its_end() {
    for name in FILES {
        let mut rows = Examples::open(&fixture(name), &columns().columns()).unwrap();
        assert_eq!(rows.next_table(100).unwrap().unwrap().rows(), 5, "{name}");
        for _ in 0..3 {
            assert!(rows.next_table(100).unwrap().is_none(), "{name}");
        }
    }
}

#[test]
fn a_file_that_is_cut_off_is_refused_at_every_place_or_read_without_its_end() {
    let work = tempfile::tempdir().unwrap();
    for name in FILES {
        let whole = fs::read(fixture(name)).unwrap();
        let path = work.path().join(name);
        let mut read = 0;
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            match Dataset::open(&path, &columns().columns()) {
                // What stands behind the last batch of a file is a table of contents.
                Ok(data) => {
                    assert!(data.rows() <= 5);
                    read += 1;
                }
                Err(error) => assert!(error.to_string().contains(name), "{length}: {error}"),
            }
        }
        assert!(read < whole.len(), "{name}");
    }
}

#[test]
fn what_says_that_it_is_larger_than_it_can_be_is_refused() {
    let work = tempfile::tempdir().unwrap();
    let path = work.path().join("rows.arrow");
    let open = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        Dataset::open(&path, &columns().columns()).unwrap_err().to_string()
    };
    // The size of the first description; a packed buffer's own.
    let mut bytes = fs::read(fixture("stream.arrow")).unwrap();
    bytes[4..8].copy_from_slice(&0x7FFF_FFFF_u32.to_le_bytes());
    assert!(open(&bytes).contains("2147483647 bytes"), "{}", open(&bytes));
    let mut bytes = fs::read(fixture("zstd.feather")).unwrap();
    let frame = bytes.windows(4).position(|window| window == [0x28, 0xB5, 0x2F, 0xFD]).unwrap();
    bytes[frame - 8..frame].copy_from_slice(&(1_i64 << 40).to_le_bytes());
    assert!(open(&bytes).contains("unpack to 1099511627776"), "{}", open(&bytes));
    assert!(open(b"FEA1 and more").contains("write version 2"));
    assert!(open(b"").contains("rows.arrow"));
    assert!(open(b"text,label\na,b\n").contains("rows.arrow"));
}

#[test]
fn an_arrow_file_under_another_name_is_known_by_its_beginning() {
    let work = tempfile::tempdir().unwrap();
    let path = work.path().join("rows.csv");
    fs::copy(fixture("plain.arrow"), &path).unwrap();
    let said = Dataset::open(&path, &columns().columns()).unwrap_err().to_string();
    assert!(said.contains("an Arrow file: give its name the ending .arrow"), "{said}");
}

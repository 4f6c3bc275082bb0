//! One hostile signals folder a test: each is refused with the file, the row and both numbers.

use std::fs;
use std::path::PathBuf;

use lelp_data::{Existing, SignalsFileError, SignalsFolder};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::signals::{Teacher, forget_hashes};

/// A whole folder of 5 rows in parts of 2, width 2, 2 classes.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    Teacher::new(5, 2, 2, 2).write(folder.path());
    folder
}

fn part(folder: &TempDir, part: usize) -> PathBuf {
    folder.path().join(format!("part-{part:05}.safetensors"))
}

/// The error and its message without the folder.
fn refused(folder: &TempDir) -> (SignalsFileError, String) {
    let error = SignalsFolder::open(folder.path()).unwrap_err();
    let message = error.to_string().replace(&format!("{}/", folder.path().display()), "");
    (error, message)
}

fn describe(change: impl Fn(&mut Value)) -> (SignalsFileError, String) {
    let folder = folder();
    let path = folder.path().join("signals.json");
    let mut description: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut description);
    fs::write(&path, description.to_string()).unwrap();
    refused(&folder)
}

/// Puts a safetensors file with this header and `bytes` zeros in the place of the first part.
fn with_header(header: &str, bytes: usize) -> (SignalsFileError, String) {
    let folder = folder();
    let mut content = (header.len() as u64).to_le_bytes().to_vec();
    content.extend_from_slice(header.as_bytes());
    content.resize(content.len() + bytes, 0);
    fs::write(part(&folder, 0), content).unwrap();
    refused(&folder)
}

#[test]
fn a_folder_without_a_description() {
    let folder = folder();
    fs::remove_file(folder.path().join("signals.json")).unwrap();
    assert!(matches!(refused(&folder).0, SignalsFileError::NoDescription { .. }));
    let writer = Teacher::new(5, 2, 2, 2).writer(folder.path(), Existing::Resume);
    assert!(matches!(writer.err().unwrap(), SignalsFileError::PartsWithoutDescription { .. }));
}

#[test]
fn a_description_that_is_not_one() {
    for content in ["", "{}", "[1]", "{\"format\":1}", "\u{0}"] {
        let folder = folder();
        fs::write(folder.path().join("signals.json"), content).unwrap();
        assert!(matches!(refused(&folder).0, SignalsFileError::Description { .. }), "{content}");
    }
}

#[test]
fn a_newer_format() {
    let (_, message) = describe(|it| *it = json!({ "format": 7, "new": true }));
    assert_eq!(message, "`signals.json` has format 7, but this version reads format 1; update lelp");
}

#[test]
fn numbers_that_no_signals_have() {
    for (field, value, least) in [("classes", 1, 2), ("width", 0, 1), ("rows", 0, 1), ("part_rows", 0, 1)] {
        let (_, message) = describe(|it| it[field] = json!(value));
        assert_eq!(message, format!("`signals.json`: {field} is {value}, but must be at least {least}"));
    }
    assert!(matches!(
        describe(|it| it["classes"] = json!(3)).0,
        SignalsFileError::LabelNames { names: 2, classes: 3, .. }
    ));
    assert!(matches!(describe(|it| it["rows"] = json!(-1)).0, SignalsFileError::Description { .. }));
}

#[test]
fn more_rows_than_there_are_parts() {
    let (_, message) = describe(|it| it["rows"] = json!(1u64 << 60));
    // The last part has one row, where one of 2^60 rows would have two.
    assert_eq!(
        message,
        "`part-00002.safetensors`: tensor `embeddings` has shape [1, 2], but must have [2, 2]"
    );
    let (error, _) = describe(|it| {
        it["rows"] = json!(u64::MAX);
        it["part_rows"] = json!(u64::MAX);
        it["width"] = json!(u64::MAX);
    });
    assert!(matches!(error, SignalsFileError::TensorShape { .. }), "{error}");
}

#[test]
fn fewer_rows_than_there_are_parts() {
    let (error, message) = describe(|it| it["rows"] = json!(4));
    assert!(matches!(error, SignalsFileError::ExtraPart { rows: 4, .. }), "{message}");
}

#[test]
fn a_missing_part() {
    let folder = folder();
    fs::remove_file(part(&folder, 1)).unwrap();
    assert_eq!(refused(&folder).1, "`part-00001.safetensors` is missing; it should hold rows 2 to 3 of 5");
}

#[test]
fn a_part_cut_anywhere() {
    let folder = folder();
    let whole = fs::read(part(&folder, 1)).unwrap();
    for length in 0..whole.len() {
        fs::write(part(&folder, 1), &whole[..length]).unwrap();
        let (error, message) = refused(&folder);
        assert!(
            matches!(error, SignalsFileError::Safetensors { .. } | SignalsFileError::File(_)),
            "{length}: {message}"
        );
        assert!(message.contains("part-00001"), "{message}");
    }
}

#[test]
fn a_header_that_claims_2_to_the_60_bytes() {
    let folder = folder();
    let mut content = fs::read(part(&folder, 0)).unwrap();
    content[..8].copy_from_slice(&(1u64 << 60).to_le_bytes());
    fs::write(part(&folder, 0), content).unwrap();
    assert!(matches!(refused(&folder).0, SignalsFileError::Safetensors { .. }));
}

#[test]
fn tensors_that_claim_more_than_the_file_holds() {
    for shape in ["[1152921504606846976,2]", "[18446744073709551615,18446744073709551615]", "[2,-1]"] {
        let header = format!(r#"{{"embeddings":{{"dtype":"F32","shape":{shape},"data_offsets":[0,16]}}}}"#);
        assert!(matches!(with_header(&header, 16).0, SignalsFileError::Safetensors { .. }), "{shape}");
    }
    let header = r#"{"embeddings":{"dtype":"F32","shape":[2,2],"data_offsets":[16,0]}}"#;
    assert!(matches!(with_header(header, 16).0, SignalsFileError::Safetensors { .. }));
}

#[test]
fn a_missing_tensor_and_one_of_another_type() {
    let (_, message) = with_header("{}", 0);
    assert_eq!(message, "`part-00000.safetensors` has no tensor `embeddings`");
    let header = r#"{"embeddings":{"dtype":"F64","shape":[2,2],"data_offsets":[0,32]}}"#;
    let (_, message) = with_header(header, 32);
    assert_eq!(message, "`part-00000.safetensors`: tensor `embeddings` is F64, but must be F32");
}

#[test]
fn a_part_in_the_place_of_another() {
    let folder = folder();
    fs::copy(part(&folder, 0), part(&folder, 1)).unwrap();
    assert_eq!(refused(&folder).1, "`part-00001.safetensors`: entry 0 of `row` is 0, but must be 2");
}

/// Changes the first place where `from` stands in part 1 to `to`.
fn replaced(from: &[u8], to: &[u8]) -> SignalsFileError {
    let folder = folder();
    let mut content = fs::read(part(&folder, 1)).unwrap();
    let place = content.windows(from.len()).position(|window| window == from).unwrap();
    content[place..place + to.len()].copy_from_slice(to);
    fs::write(part(&folder, 1), content).unwrap();
    forget_hashes(folder.path());
    let signals = SignalsFolder::open(folder.path()).unwrap();
    signals.read().unwrap_err()
}

fn with_source(error: &SignalsFileError) -> String {
    std::error::Error::source(error).unwrap().to_string()
}

#[test]
fn values_that_are_not_finite_have_their_row() {
    // Row 3 holds embeddings 1.5 and 1.75, and logits -6 and -7.
    let error = replaced(&1.75f32.to_le_bytes(), &f32::NAN.to_le_bytes());
    assert!(error.to_string().contains("part-00001"), "{error}");
    assert!(with_source(&error).starts_with("embedding row 3, column 1 is NaN"), "{}", with_source(&error));
    let error = replaced(&(-7f32).to_le_bytes(), &f32::INFINITY.to_le_bytes());
    assert!(with_source(&error).starts_with("logit row 3, column 1 is inf"), "{}", with_source(&error));
}

#[test]
fn a_label_that_is_no_class_has_its_row() {
    // Labels of rows 2 and 3 are 1 and -1.
    let labels = [1i32, -1].map(i32::to_le_bytes).concat();
    let error = replaced(&labels, &7i32.to_le_bytes());
    assert!(
        with_source(&error).starts_with("label of row 2 is 7, but must be in 0..2"),
        "{}",
        with_source(&error)
    );
}

#[test]
fn a_head_that_does_not_fit() {
    let folder = folder();
    fs::copy(part(&folder, 0), folder.path().join("head.safetensors")).unwrap();
    assert_eq!(refused(&folder).1, "`head.safetensors` has no tensor `bias`");
}

#[test]
fn a_block_that_is_not_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    let teacher = Teacher::new(5, 2, 2, 2);
    let mut writer = teacher.writer(folder.path(), Existing::Resume).unwrap();
    for rows in [2..4, 0..1, 0..3] {
        assert!(matches!(writer.write(&teacher.block(rows)), Err(SignalsFileError::WrongBlock { .. })));
    }
    assert!(matches!(writer.finish(), Err(SignalsFileError::Incomplete { written: 0, rows: 5, .. })));
}

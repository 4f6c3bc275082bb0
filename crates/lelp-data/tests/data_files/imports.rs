//! Signals made elsewhere: what is read, and what each hostile file is told.

use std::fs;
use std::path::{Path, PathBuf};

use lelp_data::import::{ImportError, ImportOptions, import};
use lelp_data::{ArrayError, Existing, Precision, SignalsFolder};
use tempfile::TempDir;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data_files/fixtures").join(name)
}

/// An `.npy` file, version 1.
fn npy(descr: &str, shape: &str, values: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend_from_slice(&(header.len() as u16).to_le_bytes());
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend_from_slice(values);
    bytes
}

fn f32s(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// A folder of `.npy` files: 3 rows of width 2 and 2 classes, and what `changes` puts in their place.
fn arrays(changes: &[(&str, Vec<u8>)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let embeddings = npy("<f4", "(3, 2)", &f32s(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    fs::write(folder.path().join("embeddings.npy"), embeddings).unwrap();
    let logits = npy("<f4", "(3, 2)", &f32s(&[0.1, 0.2, 0.3, 0.4, 0.5, 0.6]));
    fs::write(folder.path().join("logits.npy"), logits).unwrap();
    for (name, bytes) in changes {
        fs::write(folder.path().join(format!("{name}.npy")), bytes).unwrap();
    }
    folder
}

fn imported(path: &Path, options: &ImportOptions) -> Result<(TempDir, SignalsFolder), ImportError> {
    let out = tempfile::tempdir().unwrap();
    let signals = import(&[path.to_owned()], out.path(), options, &mut |_| {})?;
    Ok((out, signals))
}

fn logits(changes: &[(&str, Vec<u8>)]) -> Vec<f32> {
    let folder = arrays(changes);
    imported(folder.path(), &ImportOptions::default()).unwrap().1.logits().unwrap()
}

/// The error of a folder with these changes, and its message without the folder.
fn refused(changes: &[(&str, Vec<u8>)]) -> (ImportError, String) {
    let folder = arrays(changes);
    let error = imported(folder.path(), &ImportOptions::default()).err().unwrap();
    let message = error.to_string().replace(&format!("{}/", folder.path().display()), "");
    (error, message)
}

#[test]
fn archives_of_numpy_stored_and_compressed_are_the_same_signals() {
    for name in ["stored.npz", "compressed.npz"] {
        let options = ImportOptions { part_rows: 2, ..ImportOptions::default() };
        let out = tempfile::tempdir().unwrap();
        let mut told = Vec::new();
        let signals = import(&[fixture(name)], out.path(), &options, &mut |rows| told.push(rows)).unwrap();
        assert_eq!(told, [2, 4, 5]);
        assert_eq!(signals.logits().unwrap(), [-5., -4., -3., -2., -1., 0., 1., 2., 3., 4.]);
        assert_eq!(signals.labels().unwrap(), [0, 1, -1, 1, 0]);
        assert_eq!(signals.head().unwrap().weight(), [0., 1., 2., 3., 4., 5.]);
        assert_eq!(signals.head().unwrap().bias(), [0.5, -0.5]);
        let stored = signals.read().unwrap();
        let expected: Vec<f32> = (0..15).map(|place| place as f32 / 4.0).collect();
        assert_eq!(&stored.signals().embedding_rows(0..5)[..], expected);
        assert_eq!(signals.description().label_names, ["0", "1"]);
        assert_eq!(signals.description().embeddings, Precision::F32);
    }
}

#[test]
fn a_part_of_signals_is_itself_a_file_to_import() {
    let options = ImportOptions { precision: Some(Precision::F16), ..ImportOptions::default() };
    let (first_folder, first) = imported(&fixture("stored.npz"), &options).unwrap();
    let part = first_folder.path().join("part-00000.safetensors");
    let head = first_folder.path().join("head.safetensors");
    let out = tempfile::tempdir().unwrap();
    let again = import(&[part, head], out.path(), &ImportOptions::default(), &mut |_| {}).unwrap();
    assert_eq!(again.description().embeddings, Precision::F16);
    assert_eq!(again.head(), first.head());
    assert_eq!(
        fs::read(out.path().join("part-00000.safetensors")).unwrap(),
        fs::read(first_folder.path().join("part-00000.safetensors")).unwrap()
    );
}

#[test]
fn one_logit_two_logits_and_probabilities_say_the_same() {
    let z = [-1.0f32, 0.0, 2.0];
    let one = logits(&[("logits", npy("<f4", "(3,)", &f32s(&z)))]);
    assert_eq!(one, [0.0, -1.0, 0.0, 0.0, 0.0, 2.0]);
    assert_eq!(logits(&[("logits", npy("<f4", "(3, 1)", &f32s(&z)))]), one);
    let p: Vec<f32> = z.iter().map(|z| 1.0 / (1.0 + (-z).exp())).collect();
    let pairs: Vec<f32> = p.iter().flat_map(|p| [1.0 - p, *p]).collect();
    for probabilities in [npy("<f4", "(3,)", &f32s(&p)), npy("<f4", "(3, 2)", &f32s(&pairs))] {
        let folder = arrays(&[("probabilities", probabilities)]);
        fs::remove_file(folder.path().join("logits.npy")).unwrap();
        let found = imported(folder.path(), &ImportOptions::default()).unwrap().1.logits().unwrap();
        for (row, z) in found.chunks_exact(2).zip(z) {
            assert!((row[1] - row[0] - z).abs() < 1e-6, "{row:?} for {z}");
        }
    }
}

#[test]
fn other_arrays_do_not_continue_an_import() {
    let out = tempfile::tempdir().unwrap();
    let options = ImportOptions::default();
    import(&[fixture("stored.npz")], out.path(), &options, &mut |_| {}).unwrap();
    import(&[fixture("stored.npz")], out.path(), &options, &mut |_| panic!("all is there")).unwrap();
    let other = arrays(&[]);
    let import =
        |options: &ImportOptions| import(&[other.path().to_owned()], out.path(), options, &mut |_| {});
    let message = import(&options).unwrap_err().to_string();
    assert!(message.contains("with teacher") && message.contains("is asked for"), "{message}");
    import(&ImportOptions { existing: Existing::Overwrite, ..options }).unwrap();
}

#[test]
fn a_refused_import_leaves_nothing_and_the_mended_one_takes_its_place() {
    let (work, mended) = (tempfile::tempdir().unwrap(), arrays(&[]));
    let out = work.path().join("signals");
    // The last part is bad; the others are not written either. A value too large for half precision, too.
    let nan = npy("<f4", "(3, 2)", &f32s(&[0., 0., 0., 0., 0., f32::NAN]));
    let large = npy("<f4", "(3, 2)", &f32s(&[0., 0., 0., 0., 0., 1e6]));
    let labels = npy("<i4", "(3,)", &[0, 1, 9].map(i32::to_le_bytes).concat());
    for change in [("embeddings", nan), ("embeddings", large), ("labels", labels)] {
        let bad = arrays(&[change]);
        let options =
            ImportOptions { part_rows: 1, precision: Some(Precision::F16), ..ImportOptions::default() };
        import(&[bad.path().to_owned()], &out, &options, &mut |_| {}).unwrap_err();
        assert!(!out.exists());
    }
    import(&[mended.path().to_owned()], &out, &ImportOptions::default(), &mut |_| {}).unwrap();
}

#[test]
fn what_is_there_is_listed_where_an_array_is_missing() {
    let folder = arrays(&[("hidden", npy("<f4", "(1,)", &[0; 4]))]);
    fs::remove_file(folder.path().join("embeddings.npy")).unwrap();
    let message = imported(folder.path(), &ImportOptions::default()).err().unwrap().to_string();
    assert!(
        message.starts_with("no array `embeddings` in ") && message.contains("holds hidden, logits"),
        "{message}"
    );
    let one = folder.path().join("hidden.npy");
    let message = imported(&one, &ImportOptions::default()).err().unwrap().to_string();
    assert!(message.contains("holds hidden;"), "{message}");
    let tensor = |name: &'static str| {
        (name, safetensors::tensor::TensorView::new(safetensors::Dtype::U8, vec![1], &[0]).unwrap())
    };
    let file = folder.path().join("other.safetensors");
    fs::write(&file, safetensors::serialize([tensor("logits"), tensor("arr_1")], None).unwrap()).unwrap();
    let message = imported(&file, &ImportOptions::default()).err().unwrap().to_string();
    assert!(
        message.contains("array `logits` holds u8") || message.contains("holds arr_1, logits"),
        "{message}"
    );
}

#[test]
fn labels_of_any_whole_type_are_the_same() {
    let labels = |npy: Vec<u8>| {
        let folder = arrays(&[("labels", npy)]);
        imported(folder.path(), &ImportOptions::default()).unwrap().1.labels().unwrap()
    };
    for (descr, bytes) in [("|i1", 1), ("<i2", 2), ("<i4", 4), ("<i8", 8)] {
        let values =
            [0_i64, 1, -1].iter().flat_map(|value| value.to_le_bytes()[..bytes].to_vec()).collect::<Vec<_>>();
        assert_eq!(labels(npy(descr, "(3,)", &values)), [0, 1, -1], "{descr}");
    }
    for (descr, bytes) in [("|b1", 1), ("|u1", 1), ("<u2", 2), ("<u4", 4), ("<u8", 8)] {
        let values =
            [0_u64, 1, 1].iter().flat_map(|value| value.to_le_bytes()[..bytes].to_vec()).collect::<Vec<_>>();
        assert_eq!(labels(npy(descr, "(3,)", &values)), [0, 1, 1], "{descr}");
    }
}

#[test]
fn bf16_is_read_from_safetensors() {
    let values = [1.0_f32, -2.5, 0.0, 3.0].map(half::bf16::from_f32);
    let view = || {
        safetensors::tensor::TensorView::new(
            safetensors::Dtype::BF16,
            vec![2, 2],
            bytemuck::cast_slice(&values),
        )
        .unwrap()
    };
    let work = tempfile::tempdir().unwrap();
    let file = work.path().join("teacher.safetensors");
    fs::write(&file, safetensors::serialize([("embeddings", view()), ("logits", view())], None).unwrap())
        .unwrap();
    let (_out, signals) = imported(&file, &ImportOptions::default()).unwrap();
    assert_eq!(signals.logits().unwrap(), [1.0, -2.5, 0.0, 3.0]);
    assert_eq!(&signals.read().unwrap().signals().embedding_rows(0..2)[..], [1.0, -2.5, 0.0, 3.0]);
    assert_eq!(signals.description().embeddings, Precision::F32);
}

#[test]
fn one_changed_byte_in_an_archive_is_seen() {
    let work = tempfile::tempdir().unwrap();
    for name in ["stored.npz", "compressed.npz"] {
        let whole = fs::read(fixture(name)).unwrap();
        let (mut refused, mut other) = (0, 0);
        for place in (0..whole.len()).step_by(3) {
            let mut bytes = whole.clone();
            bytes[place] ^= 1;
            let path = work.path().join(name);
            fs::write(&path, bytes).unwrap();
            match imported(&path, &ImportOptions::default()) {
                Err(_) => refused += 1,
                // A byte that nobody reads, as a date of a member.
                Ok((_out, signals)) => {
                    other += 1;
                    assert_eq!(
                        signals.logits().unwrap(),
                        [-5., -4., -3., -2., -1., 0., 1., 2., 3., 4.],
                        "{place}"
                    );
                }
            }
        }
        assert!(refused > other, "{refused} {other}");
    }
}

#[test]
fn labels_and_classes_that_contradict_the_data_are_refused() {
    let out = tempfile::tempdir().unwrap();
    let names = |names: [&str; 2]| names.map(str::to_owned).to_vec();
    let options = ImportOptions { label_names: Some(names(["neg", "pos"])), ..ImportOptions::default() };
    let signals = import(&[fixture("stored.npz")], out.path(), &options, &mut |_| {}).unwrap();
    let data = |labels: &str| {
        let path = out.path().join("rows.csv");
        let row = |label| format!("a,{}\n", if label == '?' { ' ' } else { label });
        let rows = labels.chars().map(row).collect::<Vec<_>>().concat();
        fs::write(&path, format!("text,label\n{rows}")).unwrap();
        lelp_data::Dataset::open(&path, &lelp_data::Columns::default()).unwrap()
    };
    // The signals have 0, 1, -1, 1, 0.
    let named = |labels: &str| data(labels).with_labels(&names(["neg", "pos"])).unwrap();
    signals.check_labels(&named("01010")).unwrap();
    signals.check_labels(&named("?1110")).unwrap();
    let said = signals.check_labels(&named("01100")).unwrap_err().to_string();
    assert!(
        said.contains("row 3 has label `pos`") && said.contains("`neg` in") && said.contains("0 others"),
        "{said}"
    );
    let said = signals.check_labels(&named("10101")).unwrap_err().to_string();
    assert!(said.contains("row 0") && said.contains("3 others"), "{said}");
    let said = signals
        .check_labels(&data("01010").with_labels(&names(["pos", "neg"])).unwrap())
        .unwrap_err()
        .to_string();
    assert!(said.contains("classes neg, pos") && said.contains("pos, neg are asked for"), "{said}");
    // Other names for all of them are names.
    signals.check_labels(&data("01010").with_labels(&names(["bad", "good"])).unwrap()).unwrap();
}

#[test]
fn counts_that_differ() {
    let (_, message) = refused(&[("logits", npy("<f4", "(2, 2)", &f32s(&[0.0; 4])))]);
    assert_eq!(message, "`logits.npy`: array `logits` has 2 rows, but `embeddings` has 3");
    let (_, message) = refused(&[("labels", npy("<i4", "(4,)", &[0; 16]))]);
    assert_eq!(message, "`labels.npy`: array `labels` has 4 rows, but `embeddings` has 3");
    let bias = ("bias", npy("<f4", "(2,)", &[0; 8]));
    let (_, message) = refused(&[("weight", npy("<f4", "(2, 3)", &[0; 24])), bias.clone()]);
    assert_eq!(message, "`weight.npy`: array `weight` has 3 columns, but `embeddings` has 2");
    let (_, message) = refused(&[("weight", npy("<f4", "(3, 2)", &[0; 24])), bias.clone()]);
    assert_eq!(message, "`bias.npy`: array `bias` has 2 rows, but `weight` has 3");
    assert!(matches!(refused(&[bias]).0, ImportError::HalfHead { missing: "weight", .. }));
}

#[test]
fn a_value_that_is_not_finite_has_its_row() {
    let (error, _) = refused(&[("embeddings", npy("<f4", "(3, 2)", &f32s(&[0., 0., 0., 0., 0., f32::NAN])))]);
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.starts_with("embedding row 2, column 1 is NaN"), "{source}");
    let huge = [0.0, 0.0, 1e300, 0.0, 0.0, 0.0f64].map(f64::to_le_bytes).concat();
    let (error, _) = refused(&[("logits", npy("<f8", "(3, 2)", &huge))]);
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.starts_with("logit row 1, column 0 is inf"), "{source}");
}

#[test]
fn probabilities_that_are_logits_have_their_row_in_the_data_set() {
    let folder = arrays(&[("probabilities", npy("<f4", "(3, 2)", &f32s(&[0.5, 0.5, 0.5, 0.5, 3.0, -2.0])))]);
    fs::remove_file(folder.path().join("logits.npy")).unwrap();
    let options = ImportOptions { part_rows: 1, ..ImportOptions::default() };
    let error = imported(folder.path(), &options).err().unwrap();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.starts_with("probability of row 2, class 0 is 3"), "{source}");
}

#[test]
fn a_label_that_is_no_class() {
    let labels = [0i64, 1, 1 << 40].map(i64::to_le_bytes).concat();
    let (_, message) = refused(&[("labels", npy("<i8", "(3,)", &labels))]);
    assert_eq!(message, "`labels.npy`: label of row 2 is 1099511627776, but must be in 0..2, or -1 for none");
}

#[test]
fn types_and_orders_that_are_not_read() {
    let (_, message) = refused(&[("labels", npy("<f4", "(3,)", &[0; 12]))]);
    assert_eq!(message, "`labels.npy`: array `labels` holds f32, but a type of whole numbers is needed");
    for descr in [">f4", "|O", "<c8", "<U5"] {
        assert!(matches!(
            refused(&[("logits", npy(descr, "(3, 2)", &[0; 48]))]).0,
            ImportError::Array(ArrayError::Element { .. })
        ));
    }
    let mut fortran = npy("<f4", "(3, 2)", &[0; 24]);
    let place = fortran.windows(5).position(|window| window == b"False").unwrap();
    fortran[place..place + 5].copy_from_slice(b"True ");
    let (_, message) = refused(&[("embeddings", fortran)]);
    assert_eq!(
        message,
        "`embeddings.npy`: array `embeddings` is in Fortran order; save `numpy.ascontiguousarray` of it"
    );
    let (_, message) = refused(&[("embeddings", npy("<f4", "(3,)", &[0; 12]))]);
    assert_eq!(message, "`embeddings.npy`: array `embeddings` has shape [3], but must have [rows, width]");
}

#[test]
fn a_shape_that_claims_more_than_there_is() {
    let (_, message) = refused(&[("embeddings", npy("<f4", "(3, 2)", &[0; 20]))]);
    assert_eq!(
        message,
        "`embeddings.npy`: array `embeddings` of shape [3, 2] needs 24 bytes, but 20 are there"
    );
    for shape in ["(1152921504606846976, 2)", "(18446744073709551615, 18446744073709551615)"] {
        assert!(matches!(
            refused(&[("embeddings", npy("<f4", shape, &[0; 20]))]).0,
            ImportError::Array(ArrayError::Size { .. })
        ));
    }
}

#[test]
fn headers_that_are_none() {
    let long = npy("<f4", &format!("({})", "(".repeat(50_000)), &[]);
    let mut cut = npy("<f4", "(3, 2)", &[]);
    cut.truncate(40);
    let bad_shapes = ["(3, -2)", "(3, x)", "3, 2", "(3, 2"].map(|shape| npy("<f4", shape, &[0; 24]));
    for bytes in
        [Vec::new(), b"\x93NUMPY".to_vec(), b"\x93NUMPY\x02\x00\xff\xff\xff\xff{".to_vec(), long, cut]
            .into_iter()
            .chain(bad_shapes)
    {
        let (error, _) = refused(&[("embeddings", bytes)]);
        assert!(
            matches!(error, ImportError::Array(ArrayError::NotNpy { .. } | ArrayError::File(_))),
            "{error}"
        );
    }
}

#[test]
fn missing_arrays_and_arrays_given_twice() {
    let folder = arrays(&[]);
    let embeddings = folder.path().join("embeddings.npy");
    let import = |paths: &[PathBuf]| {
        let out = tempfile::tempdir().unwrap();
        import(paths, out.path(), &ImportOptions::default(), &mut |_| {}).unwrap_err()
    };
    let error = import(std::slice::from_ref(&embeddings));
    assert!(
        matches!(&error, ImportError::MissingArray { array: "logits", found, .. } if found == &["embeddings"])
    );
    assert!(matches!(
        import(&[folder.path().join("logits.npy")]),
        ImportError::MissingArray { array: "embeddings", .. }
    ));
    let twice = import(&[folder.path().to_owned(), embeddings]);
    assert!(matches!(&twice, ImportError::TwoArrays { array, .. } if array == "embeddings"));
    assert!(matches!(import(&[folder.path().join("x.pt")]), ImportError::UnknownFormat { .. }));
}

#[test]
fn an_archive_cut_anywhere_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npz");
    let whole = fs::read(fixture("compressed.npz")).unwrap();
    for length in (0..whole.len()).step_by(7) {
        fs::write(&path, &whole[..length]).unwrap();
        assert!(imported(&path, &ImportOptions::default()).is_err(), "cut at {length}");
    }
}

/// Not every change can be noticed, but none may panic or allocate what the file does not hold.
#[test]
fn an_archive_with_a_changed_byte_is_refused_or_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npz");
    for name in ["stored.npz", "compressed.npz"] {
        let whole = fs::read(fixture(name)).unwrap();
        for place in (0..whole.len()).step_by(3) {
            let mut changed = whole.clone();
            changed[place] = if place % 2 == 0 { 0xff } else { changed[place] ^ 1 };
            fs::write(&path, &changed).unwrap();
            if let Ok((_, signals)) = imported(&path, &ImportOptions::default()) {
                assert_eq!(signals.rows(), 5, "{name}: byte {place}");
            }
        }
    }
}

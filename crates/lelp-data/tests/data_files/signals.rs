//! Signals folders that are as they should be: written, cut off, continued, read.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use half::f16;
use lelp::signals::{Embeddings, Head, Signals, SignalsParts};
use lelp_data::{
    ColumnSettings, Columns, Dataset, Existing, Precision, SignalsDescription, SignalsFileError,
    SignalsFolder, SignalsWriter,
};
use proptest::prelude::*;

/// Signals of a small teacher; every value says where it belongs.
pub(crate) struct Teacher {
    pub(crate) description: SignalsDescription,
    pub(crate) embeddings: Vec<f32>,
    pub(crate) logits: Vec<f32>,
    pub(crate) labels: Vec<i32>,
}

impl Teacher {
    pub(crate) fn new(rows: usize, width: usize, classes: usize, part_rows: u64) -> Self {
        let description = SignalsDescription {
            columns: BTreeMap::new(),
            classes,
            width,
            label_names: (0..classes).map(|class| format!("class {class}")).collect(),
            teacher: Some("teacher".into()),
            data: Some("data".into()),
            rows: rows as u64,
            part_rows,
            embeddings: Precision::F32,
            encoder_precision: None,
            subclasses: std::num::NonZeroUsize::MIN,
        };
        Self {
            description,
            embeddings: (0..rows * width).map(|place| place as f32 * 0.25).collect(),
            logits: (0..rows * classes).map(|place| -(place as f32)).collect(),
            labels: (0..rows as i32).map(|row| row % (classes as i32 + 1) - 1).collect(),
        }
    }

    pub(crate) fn block(&self, rows: std::ops::Range<u64>) -> Signals<'_> {
        let (first_row, rows) = (rows.start, rows.start as usize..rows.end as usize);
        let SignalsDescription { width, classes, .. } = self.description;
        let parts = SignalsParts {
            embeddings: Embeddings::F32(&self.embeddings[rows.start * width..rows.end * width]),
            width,
            logits: &self.logits[rows.start * classes..rows.end * classes],
            classes,
            labels: Some(&self.labels[rows]),
            first_row,
        };
        Signals::new(parts).unwrap()
    }

    pub(crate) fn writer(
        &self,
        folder: &Path,
        existing: Existing,
    ) -> Result<SignalsWriter, SignalsFileError> {
        SignalsWriter::open(folder, self.description.clone(), &ColumnSettings::default(), existing)
    }

    pub(crate) fn write(&self, folder: &Path) -> SignalsFolder {
        let mut writer = self.writer(folder, Existing::Resume).unwrap();
        while let Some(rows) = writer.next_rows() {
            writer.write(&self.block(rows)).unwrap();
        }
        writer.finish().unwrap()
    }
}

/// Names and bytes of all files of a folder; what is hidden is left out.
pub(crate) fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .filter(|path| !path.file_name().unwrap().to_string_lossy().starts_with('.'))
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(path).unwrap()))
        .collect()
}

/// Takes the hashes out of `signals.json`, as another program would write it.
pub(crate) fn forget_hashes(folder: &Path) {
    let path = folder.join("signals.json");
    let mut description: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    description.as_object_mut().unwrap().remove("files").unwrap();
    fs::write(&path, description.to_string()).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn what_is_written_is_read_back(
        rows in 1usize..40, width in 1usize..5, classes in 2usize..4, part_rows in 1u64..50, half in any::<bool>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut teacher = Teacher::new(rows, width, classes, part_rows);
        teacher.description.embeddings = if half { Precision::F16 } else { Precision::F32 };
        let signals = teacher.write(folder.path());
        prop_assert_eq!(signals.description(), &teacher.description);
        prop_assert_eq!(&signals.logits().unwrap(), &teacher.logits);
        prop_assert_eq!(&signals.labels().unwrap(), &teacher.labels);
        let stored = signals.read().unwrap();
        let all = stored.signals();
        // The values are quarters below 2^11, which half precision holds exactly.
        prop_assert_eq!(&all.embedding_rows(0..rows)[..], &teacher.embeddings[..]);
        let mut next = 0;
        for part in signals.parts() {
            let part = part.unwrap();
            let block = part.signals().unwrap();
            prop_assert_eq!((part.rows().start, block.first_row()), (next, next));
            prop_assert_eq!(matches!(block.embeddings(), Embeddings::F16(_)), half);
            next += block.rows() as u64;
        }
        prop_assert_eq!(next, rows as u64);
    }
}

#[test]
fn a_run_that_was_cut_off_ends_with_the_same_bytes() {
    let (whole, cut) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let teacher = Teacher::new(10, 3, 2, 3);
    teacher.write(whole.path());
    let mut writer = teacher.writer(cut.path(), Existing::Resume).unwrap();
    writer.write(&teacher.block(0..3)).unwrap();
    writer.write(&teacher.block(3..6)).unwrap();
    drop(writer);
    assert!(matches!(
        SignalsFolder::open(cut.path()),
        Err(SignalsFileError::Incomplete { written: 6, rows: 10, .. })
    ));
    let kept = fs::metadata(cut.path().join("part-00001.safetensors")).unwrap().modified().unwrap();
    let writer = teacher.writer(cut.path(), Existing::Resume).unwrap();
    assert_eq!((writer.next_rows(), writer.missing_rows()), (Some(6..9), 4));
    drop(writer);
    teacher.write(cut.path());
    assert_eq!(files(cut.path()), files(whole.path()));
    let now = fs::metadata(cut.path().join("part-00001.safetensors")).unwrap().modified().unwrap();
    assert_eq!(kept, now, "a part that was whole is written again");
}

#[test]
fn missing_and_damaged_parts_of_a_complete_folder_are_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let teacher = Teacher::new(10, 3, 2, 3);
    teacher.write(folder.path());
    let whole = files(folder.path());
    fs::remove_file(folder.path().join("part-00000.safetensors")).unwrap();
    let damaged = folder.path().join("part-00002.safetensors");
    fs::write(&damaged, &whole["part-00002.safetensors"][..100]).unwrap();
    assert_eq!(teacher.writer(folder.path(), Existing::Resume).unwrap().missing_rows(), 6);
    teacher.write(folder.path());
    assert_eq!(files(folder.path()), whole);
}

#[test]
fn other_settings_are_refused_unless_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let teacher = Teacher::new(10, 3, 2, 3);
    teacher.write(folder.path());
    fs::write(folder.path().join("notes.txt"), "mine").unwrap();
    let refused = |change: fn(&mut SignalsDescription)| {
        let mut description = teacher.description.clone();
        change(&mut description);
        match SignalsWriter::open(folder.path(), description, &ColumnSettings::default(), Existing::Resume)
            .err()
            .unwrap()
        {
            SignalsFileError::OtherSettings { field, found, wanted, .. } => {
                format!("{field}: {found}, {wanted}")
            }
            other => panic!("{other}"),
        }
    };
    assert_eq!(refused(|it| it.teacher = Some("b".into())), "teacher: teacher, b");
    assert_eq!(refused(|it| it.data = None), "data: data, unknown");
    assert_eq!(refused(|it| it.embeddings = Precision::F16), "embeddings as: f32, f16");
    assert_eq!(refused(|it| it.rows = 11), "rows: 10, 11");
    assert_eq!(refused(|it| it.label_names.reverse()), "label names: class 0, class 1, class 1, class 0");
}

#[test]
fn overwritten_signals_stay_until_the_new_ones_are_whole() {
    let folder = tempfile::tempdir().unwrap();
    let signals = folder.path().join("signals");
    let (old, new) = (Teacher::new(10, 3, 2, 3), Teacher::new(4, 1, 2, 3));
    old.write(&signals);
    fs::write(signals.join("notes.txt"), "mine").unwrap();
    let before = files(&signals);
    let mut writer = new.writer(&signals, Existing::Overwrite).unwrap();
    writer.write(&new.block(0..3)).unwrap();
    assert_eq!(files(&signals), before);
    drop(writer);
    let mut writer = new.writer(&signals, Existing::Overwrite).unwrap();
    assert_eq!(writer.missing_rows(), 1, "what was begun is gone on with");
    writer.write(&new.block(3..4)).unwrap();
    writer.finish().unwrap();
    let names = ["notes.txt", "part-00000.safetensors", "part-00001.safetensors", "signals.json"];
    assert_eq!(files(&signals).into_keys().collect::<Vec<_>>(), names);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    SignalsFolder::open(&signals).unwrap();
}

#[test]
fn a_part_or_head_of_other_signals_is_refused_and_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["a", "b"].map(|name| folder.path().join(name));
    let mut teacher = Teacher::new(10, 3, 2, 3);
    teacher.write(&paths[0]);
    teacher.embeddings[29] = 7.0;
    teacher.write(&paths[1]);
    fs::copy(paths[1].join("part-00003.safetensors"), paths[0].join("part-00003.safetensors")).unwrap();
    let error = SignalsFolder::open(&paths[0]).unwrap_err().to_string();
    assert!(error.contains("part-00003.safetensors` is not the file"), "{error}");
    let mut head = teacher.writer(&paths[1], Existing::Resume).unwrap();
    head.write_head(&Head::new(&[1.0, 2.0, 3.0], &[4.0], 3).unwrap()).unwrap();
    head.finish().unwrap();
    SignalsFolder::open(&paths[1]).unwrap();
    teacher.embeddings[29] = 29.0 * 0.25;
    let whole = teacher.write(&paths[0]);
    assert!(whole.head().is_none());
    fs::copy(paths[1].join("head.safetensors"), paths[0].join("head.safetensors")).unwrap();
    let error = SignalsFolder::open(&paths[0]).unwrap_err().to_string();
    assert!(error.contains("recorded none"), "{error}");
}

#[test]
fn signals_are_one_writers_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let teacher = Teacher::new(4, 1, 2, 3);
    let first = teacher.writer(folder.path(), Existing::Resume).unwrap();
    let second = teacher.writer(folder.path(), Existing::Resume).err().unwrap();
    assert!(matches!(second, SignalsFileError::Lock(_)) && second.to_string().contains("in use"), "{second}");
    drop(first);
    teacher.write(folder.path());
}

#[test]
fn a_head_is_read_back_and_one_row_is_two_classes() {
    let folder = tempfile::tempdir().unwrap();
    let teacher = Teacher::new(4, 3, 2, 3);
    teacher.write(folder.path());
    assert!(SignalsFolder::open(folder.path()).unwrap().head().is_none());
    let head = Head::new(&[1.0, 2.0, 3.0], &[4.0], 3).unwrap();
    let mut writer = teacher.writer(folder.path(), Existing::Resume).unwrap();
    writer.write_head(&head).unwrap();
    let signals = writer.finish().unwrap();
    assert_eq!(signals.head().unwrap().weight(), [0.0, 0.0, 0.0, 1.0, 2.0, 3.0]);
    assert_eq!(signals.head().unwrap().bias(), [0.0, 4.0]);
}

#[test]
fn signals_know_their_data_set() {
    let folder = tempfile::tempdir().unwrap();
    let open = |content: &str| {
        let path = folder.path().join("train.csv");
        fs::write(&path, content).unwrap();
        Dataset::open(&path, &Columns::default()).unwrap()
    };
    let data = open("text\na\nb\n");
    let mut teacher = Teacher::new(2, 1, 2, 2);
    teacher.description.data = Some(data.hash());
    let signals = teacher.write(&folder.path().join("signals"));
    signals.check_data(&data).unwrap();
    signals.check_data(&open("label,text\n1,a\n0,b\n")).unwrap();
    let error = signals.check_data(&open("text\na\nc\n")).unwrap_err();
    assert!(matches!(error, SignalsFileError::OtherData { rows: 2, data_rows: 2, .. }));
}

#[test]
fn signals_fit_other_columns_of_the_same_rows_by_those_that_both_have() {
    let folder = tempfile::tempdir().unwrap();
    let open = |content: &str, numbers: &[&str]| {
        let path = folder.path().join("train.csv");
        fs::write(&path, content).unwrap();
        let numbers = numbers.iter().map(ToString::to_string).collect();
        let columns = ColumnSettings { numbers, ..ColumnSettings::default() };
        Dataset::open(&path, &columns.columns()).unwrap()
    };
    let data = open("text,a,b\nx,1,2\ny,3,4\n", &["a"]);
    let mut teacher = Teacher::new(2, 1, 2, 2);
    teacher.description.data = Some(data.hash());
    teacher.description.columns = data.column_hashes();
    let signals = teacher.write(&folder.path().join("signals"));
    for (content, numbers, same) in [
        ("text,a,b\nx,1,2\ny,3,4\n", &["a", "b"][..], true),
        ("text,a,b\nx,1,2\ny,3,4\n", &[], true),
        ("a,b\n1,9\n3,9\n", &["a", "b"], true),
        ("text,a,b\nx,1,2\ny,3,5\n", &["a", "b"], true),
        ("text,a,b\nx,1,2\ny,5,4\n", &["a"], false),
        ("text,a,b\nx,1,2\nz,3,4\n", &["a"], false),
        ("a,b\n1,2\n3,4\n", &["b"], false),
    ] {
        let refused = signals.check_data(&open(content, numbers)).is_err();
        assert_eq!(refused, !same, "{content} {numbers:?}");
    }
}

/// The parts differ in rows, the teachers in classes and labels; a head of other classes says nothing of these.
#[test]
fn embeddings_of_one_teacher_go_with_the_logits_of_another() {
    let folder = tempfile::tempdir().unwrap();
    let (mut wide, teacher) = (Teacher::new(11, 5, 3, 4), Teacher::new(11, 2, 2, 3));
    let mut own = wide.writer(&folder.path().join("wide"), Existing::Resume).unwrap();
    let head = Head::new(&[1.0; 15], &[0.0; 3], 5).unwrap();
    own.write_head(&head).unwrap();
    drop(own);
    let signals = wide.write(&folder.path().join("wide"));
    assert!(signals.head().is_some());
    let of_teacher = teacher.write(&folder.path().join("teacher"));
    let both = signals.clone().with_logits_of(&of_teacher).unwrap();
    let description = both.description();
    assert_eq!((description.width, description.classes, description.rows), (5, 2, 11));
    assert_eq!(description.label_names, teacher.description.label_names);
    assert!(both.head().is_none());
    assert_eq!(both.logits().unwrap(), teacher.logits);
    assert_eq!(both.labels().unwrap(), teacher.labels);
    assert_eq!(&both.read().unwrap().signals().embedding_rows(0..11)[..], wide.embeddings);
    assert!(signals.clone().with_logits_of(&signals).unwrap().head().is_some(), "of the same classes");

    wide.description.data = Some("other".into());
    let other = wide.write(&folder.path().join("other"));
    let refused = other.with_logits_of(&of_teacher).unwrap_err().to_string();
    for part in ["other` (11 rows, hash other)", "teacher` (11 rows, hash data)"] {
        assert!(refused.contains(part), "{refused}");
    }
    let shorter = Teacher::new(10, 2, 2, 3).write(&folder.path().join("shorter"));
    let refused = shorter.with_logits_of(&of_teacher).unwrap_err().to_string();
    assert!(
        refused.contains("(10 rows, hash data)") && refused.contains("(11 rows, hash data)"),
        "{refused}"
    );
}

/// A file from another program may hold its tensors in any order and at any offset.
#[test]
fn tensors_at_odd_offsets_are_copied() {
    let folder = tempfile::tempdir().unwrap();
    let teacher = Teacher::new(2, 1, 2, 2);
    teacher.write(folder.path());
    let header = concat!(
        r#"{"odd":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"#,
        r#""embeddings":{"dtype":"F32","shape":[2,1],"data_offsets":[1,9]},"#,
        r#""logits":{"dtype":"F32","shape":[2,2],"data_offsets":[9,25]},"#,
        r#""row":{"dtype":"U64","shape":[2],"data_offsets":[25,41]}}"#
    );
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(header.as_bytes());
    bytes.push(0);
    bytes.extend([1.5f32, 2.5, 1.0, 2.0, 3.0, 4.0].iter().flat_map(|value| value.to_le_bytes()));
    bytes.extend([0u64, 1].iter().flat_map(|value| value.to_le_bytes()));
    fs::write(folder.path().join("part-00000.safetensors"), bytes).unwrap();
    forget_hashes(folder.path());
    let signals = SignalsFolder::open(folder.path()).unwrap();
    assert_eq!(signals.logits().unwrap(), [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(signals.labels().unwrap(), [-1, -1]);
    assert_eq!(&signals.read().unwrap().signals().embedding_rows(0..2)[..], [1.5, 2.5]);
}

#[test]
fn half_precision_rounds_and_refuses_what_it_cannot_hold() {
    let folder = tempfile::tempdir().unwrap();
    let mut teacher = Teacher::new(4, 2, 2, 2);
    teacher.description.embeddings = Precision::F16;
    teacher.embeddings[0] = 0.1;
    teacher.embeddings[5] = 70_000.0;
    let mut writer = teacher.writer(folder.path(), Existing::Resume).unwrap();
    writer.write(&teacher.block(0..2)).unwrap();
    let error = writer.write(&teacher.block(2..4)).unwrap_err();
    assert!(
        matches!(error, SignalsFileError::HalfOverflow { row: 2, column: 1, value: 70_000.0, .. }),
        "{error}"
    );
    teacher.embeddings[5] = 7.0;
    writer.write(&teacher.block(2..4)).unwrap();
    let stored = writer.finish().unwrap().read().unwrap();
    assert_eq!(stored.signals().embedding_rows(0..1)[0], f16::from_f32(0.1).to_f32());
}

#[test]
fn embeddings_are_read_at_random_as_they_were_written() {
    for precision in [Precision::F32, Precision::F16] {
        let folder = tempfile::tempdir().unwrap();
        let mut teacher = Teacher::new(11, 3, 2, 4);
        teacher.description.embeddings = precision;
        let signals = teacher.write(folder.path());
        let embeddings = signals.embeddings().unwrap();
        assert_eq!((embeddings.rows(), embeddings.width()), (11, 3));
        for row in [10, 0, 7, 4, 3, 8] {
            let mut found = [0.0; 3];
            embeddings.read(row, &mut found);
            assert_eq!(found, teacher.embeddings[3 * row..3 * row + 3], "row {row}");
        }
    }
}

/// Signals on further rows: parts, logits and embeddings go on where those before end, whatever the size of their parts.
#[test]
fn signals_on_further_rows_come_behind_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (Teacher::new(7, 3, 2, 3), Teacher::new(5, 3, 2, 2));
    let signals = first.write(&folder.path().join("first"));
    let further = second.write(&folder.path().join("second"));
    let all = signals.clone().with_rows_of(further.clone()).unwrap().with_rows_of(further).unwrap();
    assert_eq!((all.rows(), all.description().rows), (17, 7));
    let starts: Vec<u64> = all.parts().map(|part| part.unwrap().rows().start).collect();
    assert_eq!(starts, [0, 3, 6, 7, 9, 11, 12, 14, 16]);
    let firsts: Vec<u64> = all.parts().map(|part| part.unwrap().signals().unwrap().first_row()).collect();
    assert_eq!(firsts, starts);
    let logits = [&first.logits[..], &second.logits, &second.logits].concat();
    assert_eq!(all.logits().unwrap(), logits);
    let embeddings = all.embeddings().unwrap();
    let expected = [&first.embeddings[..], &second.embeddings, &second.embeddings].concat();
    for (row, expected) in expected.chunks_exact(3).enumerate() {
        let mut found = [0.0; 3];
        embeddings.read(row, &mut found);
        assert_eq!(found, expected, "row {row}");
    }

    let mut other = Teacher::new(2, 3, 2, 2);
    other.description.teacher = Some("another".into());
    let other = other.write(&folder.path().join("other"));
    let refused = signals.with_rows_of(other).unwrap_err();
    assert!(matches!(refused, SignalsFileError::OtherSettings { field: "teacher", .. }), "{refused}");
}

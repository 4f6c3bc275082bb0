//! Labels as other programs write them.

use std::fs;

use lelp_data::{ClassNamesError, ColumnSettings, DataError, Dataset, NoticeKind, class_names};

fn open_with(name: &str, content: &str, settings: &ColumnSettings) -> Result<Dataset, DataError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    Dataset::open(&path, &settings.columns())
}

fn open(name: &str, content: &str) -> Dataset {
    open_with(name, content, &ColumnSettings::default()).unwrap()
}

/// A CSV file of rows with these labels.
fn labelled(labels: &[&str]) -> Dataset {
    open("d.csv", &with_labels(labels))
}

fn with_labels(labels: &[&str]) -> String {
    let rows: Vec<String> =
        labels.iter().enumerate().map(|(row, label)| format!("text {row},{label}\n")).collect();
    format!("text,label\n{}", rows.concat())
}

fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

/// The labels that count as none, and their rows.
fn told(data: &Dataset) -> Vec<(String, u64)> {
    let mark = |notice: &lelp_data::Notice| match &notice.kind {
        NoticeKind::Unlabelled { mark } => Some((mark.clone(), notice.count)),
        _ => None,
    };
    data.notices().iter().filter_map(mark).collect()
}

#[test]
fn numbers_are_folded_where_all_labels_are_whole_numbers_without_leading_zeros() {
    let folded = labelled(&["1", "1.0", "0", "2.00", ""]);
    assert_eq!(folded.label_names(), ["0", "1", "2"]);
    assert_eq!(folded.labels().unwrap(), [Some(1), Some(1), Some(0), Some(2), None]);
    for (labels, classes) in [
        (&["01", "1", "2"][..], &["01", "1", "2"][..]),
        (&["1", "1.0", "x"], &["1", "1.0", "x"]),
        (&["1", "+1"], &["+1", "1"]),
        (&["007", "7"], &["007", "7"]),
        (&["1.5", "1"], &["1", "1.5"]),
    ] {
        assert_eq!(labelled(labels).label_names(), classes);
    }
}

#[test]
fn what_other_programs_write_for_nothing_is_unlabelled_and_told() {
    for mark in ["NA", "NULL", "None", "<NA>", "nan", "NaN", "N/A", "#N/A", "null", "-1"] {
        let data = labelled(&["yes", mark, "no", mark, ""]);
        assert_eq!(data.labels().unwrap(), [Some(1), None, Some(0), None, None], "{mark}");
        assert_eq!(told(&data), [(mark.to_owned(), 2)]);
        let empty = data.notices().iter().find(|notice| notice.kind == NoticeKind::EmptyLabels).unwrap();
        assert!(empty.to_string().ends_with(": 1 row without a label counts as unlabelled"));
    }
    assert!(labelled(&["yes", "no"]).notices().is_empty());
    // Labels of stance are `FAVOR`, `AGAINST`, `NONE`.
    assert_eq!(labelled(&["NONE", "FAVOR", "none"]).label_names(), ["FAVOR", "NONE", "none"]);
    assert_eq!(told(&labelled(&["-1.0", "0.0", "1.0"])), [("-1".to_owned(), 1)]);
}

#[test]
fn minus_one_and_na_are_classes_where_the_user_says_so() {
    let settings = ColumnSettings { missing_labels: Some(Vec::new()), ..ColumnSettings::default() };
    let signed = open_with("d.csv", &with_labels(&["-1", "0", "1", ""]), &settings).unwrap();
    assert_eq!(signed.label_names(), ["-1", "0", "1"]);
    assert_eq!(signed.labels().unwrap(), [Some(0), Some(1), Some(2), None]);
    assert!(told(&signed).is_empty());
    let mark = ColumnSettings { missing_labels: Some(strings(&["?"])), ..ColumnSettings::default() };
    let data = open_with("d.csv", &with_labels(&["NA", "EU", "?"]), &mark).unwrap();
    assert_eq!(data.labels().unwrap(), [Some(1), Some(0), None]);
    // A name of a class never counts as none.
    let classes = ColumnSettings { labels: Some(strings(&["EU", "NA"])), ..ColumnSettings::default() };
    let data = open_with("d.csv", &with_labels(&["NA", "EU", "NULL"]), &classes).unwrap();
    assert_eq!(data.labels().unwrap(), [Some(1), Some(0), None]);
}

#[test]
fn one_class_beside_minus_one_says_so() {
    let refused = labelled(&["1", "-1", "1"]).check_classes().unwrap_err().to_string();
    assert!(refused.ends_with("at least 2 classes are needed, and `-1` means no label"), "{refused}");
}

#[test]
fn truth_values_in_any_case_are_two_classes() {
    let data = labelled(&["True", "TRUE", "false", "true"]);
    assert_eq!(data.label_names(), ["false", "true"]);
    assert_eq!(data.labels().unwrap(), [Some(1), Some(1), Some(0), Some(1)]);
    let json = open("d.jsonl", "{\"text\":\"a\",\"label\":true}\n{\"text\":\"b\",\"label\":\"False\"}\n");
    assert_eq!(json.label_names(), ["false", "true"]);
    // A model may write them otherwise.
    assert_eq!(json.with_labels(&strings(&["False", "True"])).unwrap().labels().unwrap(), [Some(1), Some(0)]);
    assert_eq!(labelled(&["True", "true", "x"]).label_names(), ["True", "true", "x"]);
}

#[test]
fn a_name_is_one_whatever_its_blanks_and_its_unicode_form() {
    let (composed, decomposed) = ("caf\u{e9}", "cafe\u{301}");
    let data = labelled(&[composed, decomposed, " caf\u{e9} ", "tea"]);
    assert_eq!(data.label_names(), [composed, "tea"]);
    assert_eq!(data.labels().unwrap(), [Some(0), Some(0), Some(0), Some(1)]);
    let known = strings(&["tea ", decomposed]);
    assert_eq!(data.with_labels(&known).unwrap().labels().unwrap(), [Some(1), Some(1), Some(1), Some(0)]);
}

#[test]
fn names_of_classes_are_trimmed_and_doubles_are_refused() {
    assert_eq!(class_names(&strings(&["neg", " pos"])).unwrap(), ["neg", "pos"]);
    let problem = |names: &[&str]| match class_names(&strings(names)).unwrap_err() {
        DataError::ClassNames { problem, .. } => problem,
        other => panic!("{other}"),
    };
    assert_eq!(problem(&["neg", "neg "]), ClassNamesError::Twice { first: 1, second: 2 });
    assert_eq!(problem(&["caf\u{e9}", "x", "cafe\u{301}"]), ClassNamesError::Twice { first: 1, second: 3 });
    assert_eq!(problem(&["neg", " "]), ClassNamesError::Empty);
}

#[test]
fn a_number_finds_the_class_whose_name_holds_it_and_not_its_place() {
    let stars = strings(&["1 star", "2 stars", "3 stars", "4 stars", "5 stars"]);
    let data = labelled(&["1", "2", "5"]).with_labels(&stars).unwrap();
    assert_eq!(data.labels().unwrap(), [Some(0), Some(1), Some(4)]);
    assert!(matches!(labelled(&["0", "1"]).with_labels(&stars), Err(DataError::UnknownLabel { row: 0, .. })));
    let generic = strings(&["LABEL_0", "LABEL_1"]);
    assert_eq!(labelled(&["1", "0"]).with_labels(&generic).unwrap().labels().unwrap(), [Some(1), Some(0)]);
    // Names without numbers: the place.
    let named = strings(&["negative", "positive"]);
    assert_eq!(labelled(&["1", "0"]).with_labels(&named).unwrap().labels().unwrap(), [Some(1), Some(0)]);
}

#[test]
fn classes_that_are_seldom_meant_are_told() {
    let said =
        |labels: &[&str]| labelled(labels).notices().iter().map(ToString::to_string).collect::<Vec<_>>();
    let case = said(&["Pos", "neg", "pos"]);
    assert!(case.len() == 1 && case[0].contains("`Pos` and `pos` differ in their case"), "{case:?}");
    let texts: Vec<String> = (0..30).map(|row| format!("text {row}")).collect();
    let many = said(&texts.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(many.len() == 1 && many[0].contains("30 different labels in 30 labelled rows"), "{many:?}");
    assert!(said(&["a", "b", "a"]).is_empty());
    // Characters of no width around a name are none of it.
    assert_eq!(labelled(&["a\u{200b}", "a", "b"]).label_names(), ["a", "b"]);
}

//! Reading the folder of a comparison.

use std::any::Any;
use std::collections::BTreeMap;
use std::path::Path;

use lelp::LelpSettings;
use lelp_compare::record::{Setting, StudentRecord, TeacherRecord};
use lelp_compare::store::{RESULTS_FILE, Results};
use lelp_compare::summary::Summary;
use lelp_data::Splits;
use lelp_method::{Objective, SplitMethod};
use lelp_train::training::TrainSettings;
use serde_json::{Value, json};

use super::omission_reason::OmissionReason;
use super::run_inputs::{RunInputs, locate};
use super::{ReadContext, ReadError};
use crate::analysis::EmbeddingAnalysis;
use crate::run_report::{
    MethodResult, ResultGroup, RunKind, RunReport, SeedRun, SettingsSection, TrialResult,
};

/// Reads the results that a comparison has written so far.
pub(super) fn read(folder: &Path, context: &mut ReadContext<'_>) -> Result<RunReport, ReadError> {
    let records = Results::read(folder)?;
    let mut run = RunReport::new(RunKind::Comparison, folder.to_owned());
    run.baseline = Some(records.recipe.baseline.clone());
    for student in &records.students {
        let group = group(&mut run.groups, &student.setting);
        result(group, &student.method).runs.push(SeedRun {
            seed: student.seed,
            test: Some(student.test.clone()),
            epochs: student.epochs.clone(),
        });
    }
    for trial in &records.trials {
        let result = result(group(&mut run.groups, &trial.setting), &trial.method);
        let settings = settings(&trial.distill, &trial.train);
        result.trials.push(TrialResult { number: trial.trial, settings, validation: trial.validation });
    }
    sort(&mut run, &records.teachers, &records.recipe.methods);
    if run.groups.is_empty() && records.failed.is_empty() {
        return Err(ReadError::Unfinished(folder.join(RESULTS_FILE)));
    }
    take_summary(&mut run, &Summary::of(&records));
    collect_settings(&records, &mut run);
    for teacher in &records.teachers {
        match analysis(folder, teacher, &records.students, context) {
            Ok(analysis) => run.analyses.push(analysis),
            Err(reason) => {
                let part = format!("embeddings and subclasses of {} by {}", teacher.data, teacher.teacher);
                run.omit(part, &reason);
            }
        }
    }
    run.failures = records.failed;
    Ok(run)
}

/// Sets what the summary says of all students of a method: its difference to the baseline with the p-values, and its size.
fn take_summary(run: &mut RunReport, summary: &Summary) {
    for table in &summary.tables {
        let Some(group) = run.groups.iter_mut().find(|group| group.setting == table.setting) else {
            continue;
        };
        for line in &table.lines {
            let result = result(group, &line.method);
            (result.against_baseline, result.bytes) = (line.against_baseline, Some(line.bytes));
        }
    }
}

fn group<'a>(groups: &'a mut Vec<ResultGroup>, setting: &Setting) -> &'a mut ResultGroup {
    let place = groups.iter().position(|group| group.setting == *setting).unwrap_or_else(|| {
        groups.push(ResultGroup { setting: setting.clone(), teacher: None, methods: Vec::new() });
        groups.len() - 1
    });
    &mut groups[place]
}

fn result<'a>(group: &'a mut ResultGroup, method: &str) -> &'a mut MethodResult {
    let place = group.methods.iter().position(|result| result.method == method).unwrap_or_else(|| {
        let method = method.to_owned();
        group.methods.push(MethodResult {
            method,
            runs: Vec::new(),
            trials: Vec::new(),
            bytes: None,
            against_baseline: None,
        });
        group.methods.len() - 1
    });
    &mut group.methods[place]
}

/// Sorts the records, which come in any order, and sets the teacher of each group.
fn sort(run: &mut RunReport, teachers: &[TeacherRecord], methods: &[String]) {
    for group in &mut run.groups {
        let of_group = |teacher: &&TeacherRecord| {
            (&teacher.data, &teacher.teacher) == (&group.setting.data, &group.setting.teacher)
        };
        group.teacher = teachers.iter().find(of_group).and_then(|teacher| teacher.test.clone());
        let rank = |method: &String| methods.iter().position(|known| known == method).unwrap_or(usize::MAX);
        group.methods.sort_by(|a, b| rank(&a.method).cmp(&rank(&b.method)).then(a.method.cmp(&b.method)));
        for result in &mut group.methods {
            result.runs.sort_by_key(|run| run.seed);
            result.trials.sort_by_key(|trial| trial.number);
        }
    }
    run.groups.sort_by(|a, b| a.setting.cmp(&b.setting));
}

/// Collects the recipe, the teachers with their data, and the chosen settings of each method with its students' keys.
fn collect_settings(records: &Results, run: &mut RunReport) {
    run.settings.push(SettingsSection { heading: "Recipe".to_owned(), values: json!(records.recipe) });
    for teacher in &records.teachers {
        let heading = format!("Data {}, teacher {}", teacher.data, teacher.teacher);
        let test = teacher.test.as_ref().map(|test| test.rows);
        let values = json!({
            "path": teacher.path, "signals": teacher.signals, "teacher_hash": teacher.teacher_hash,
            "data_hash": teacher.data_hash, "labels": teacher.labels, "train_rows": teacher.train_rows,
            "labelled_rows": teacher.labelled_rows, "validation_rows": teacher.validation_rows, "test_rows": test,
        });
        run.settings.push(SettingsSection { heading, values });
    }
    for group in &run.groups {
        for result in &group.methods {
            let of_result = |student: &&StudentRecord| {
                student.setting == group.setting && student.method == result.method
            };
            let mut students: Vec<&StudentRecord> = records.students.iter().filter(of_result).collect();
            students.sort_by_key(|student| student.seed);
            let Some(first) = students.first() else { continue };
            let Setting { data, teacher, student } = &group.setting;
            let keys = students.iter().map(|student| json!({ "seed": student.seed, "key": student.key }));
            let values = json!({ "distill": first.distill, "train": first.train, "students": keys.collect::<Vec<_>>() });
            let heading = format!("{} on {data}, teacher {teacher}, student {student}", result.method);
            run.settings.push(SettingsSection { heading, values });
        }
    }
}

/// Analyses the signals of a teacher, with LELP's split where it was compared, because only that split has spectra, and
/// otherwise with the split that was best on the validation rows.
fn analysis(
    folder: &Path,
    teacher: &TeacherRecord,
    students: &[StudentRecord],
    context: &mut ReadContext<'_>,
) -> Result<EmbeddingAnalysis, OmissionReason> {
    let own = students.iter().filter(|student| {
        (&student.setting.data, &student.setting.teacher) == (&teacher.data, &teacher.teacher)
    });
    let split = own.filter(|student| {
        let base = &student.distill.base;
        base.split().is_some() && !base.needs().fine_labels
    });
    let rank = |student: &StudentRecord| {
        let by_lelp = |split: &SplitMethod| (&*split.maker as &dyn Any).is::<LelpSettings>();
        (student.distill.base.split().is_some_and(by_lelp), student.validation.value)
    };
    let best = split.max_by(|a, b| {
        let (a, b) = (rank(a), rank(b));
        a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
    });
    let columns = teacher.columns.clone();
    let inputs = RunInputs {
        folder,
        data: &teacher.path,
        signals: Some(&teacher.signals),
        split_signals: teacher.split_signals.as_deref(),
        columns: &columns,
        labels: &teacher.labels,
        data_hash: &teacher.data_hash,
        teacher_hash: teacher.teacher_hash.as_deref(),
        method: best.map(|student| &student.distill.base),
        seed: best.map_or(0, |student| student.train.seed),
        fit: None,
    };
    // The signals identify the data set: they hold the hash of all its training texts.
    let path =
        locate(&teacher.path, folder).ok_or_else(|| OmissionReason::DataNotFound(teacher.path.clone()))?;
    let splits = Splits::open(&path, &columns.columns(), Some(&teacher.labels))?;
    inputs.analyse([&teacher.data, &teacher.teacher], &splits.train, context)
}

/// Settings of method and training by name; those of an auxiliary term are prefixed with its name.
fn settings(method: &Objective, train: &TrainSettings) -> BTreeMap<String, Value> {
    let fields = |value: Result<Value, serde_json::Error>| match value {
        Ok(Value::Object(fields)) => fields,
        _ => serde_json::Map::new(),
    };
    let own = fields(serde_json::to_value(method)).into_iter().chain(fields(serde_json::to_value(train)));
    let mut settings: BTreeMap<String, Value> =
        own.filter(|(name, _)| !["add", "method"].contains(&name.as_str())).collect();
    for added in &method.add {
        let own = fields(serde_json::to_value(added)).into_iter().filter(|(name, _)| name != "method");
        settings.extend(own.map(|(name, value)| (format!("{} {name}", added.name()), value)));
    }
    settings
}

//! The folder that `lelp quickstart` wrote.

use std::collections::BTreeMap;
use std::path::Path;

use lelp_train::evaluate::Report;
use lelp_train::method::Combination;
use lelp_train::run::{TrainSettings, ValidationRecord};
use serde::Deserialize;
use serde_json::Value;

use super::student::StudentFolder;
use super::{QUICKSTART, ReadError, Reader, comparison, lines};
use crate::story::{Group, Kind, MethodResult, Run, Settings, Story, Trial};

/// `quickstart.json`; one that has not finished is empty.
#[derive(Deserialize)]
struct QuickstartFile {
    #[serde(default)]
    models: Vec<ModelFigures>,
}

#[derive(Deserialize)]
struct ModelFigures {
    model: String,
    bytes: u64,
    #[serde(default)]
    detail: Detail,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Detail {
    tried: Vec<Tried>,
    test: Vec<Report>,
}

#[derive(Deserialize)]
struct Tried {
    trial: Settled,
    validation: ValidationRecord,
}

#[derive(Deserialize)]
struct Settled {
    method: Combination,
    train: TrainSettings,
}

/// Every method of a quickstart; the look is that of its `lelp` student.
pub(super) fn read(folder: &Path, reader: &mut Reader<'_>) -> Result<Story, ReadError> {
    let file = folder.join(QUICKSTART);
    let figures: QuickstartFile = lines::value(&file)?;
    let mut story = Story::new(Kind::Quickstart, folder.to_owned());
    story.baseline = Some("kd".to_owned());
    let mut group: Option<Group> = None;
    for model in figures.models.iter().filter(|model| !model.detail.test.is_empty()) {
        let own = folder.join(&model.model);
        // The name comes from a file: it must not lead out of the folder.
        let plain = Path::new(&model.model).components().count() == 1 && own.join(super::RUN).is_file();
        let student = plain.then(|| StudentFolder::read(&own)).transpose()?;
        let setting = student.as_ref().map(StudentFolder::setting);
        let group = group.get_or_insert_with(|| Group {
            setting: setting.unwrap_or_else(|| comparison::setting("data", "teacher", "ngram")),
            teacher: None,
            methods: Vec::new(),
        });
        group.methods.push(result(model, student.as_ref()));
        if let Some(student) = student {
            let heading = format!("{}/run.json", model.model);
            story.settings.push(Settings { heading, values: student.all.clone() });
            if model.model == "lelp" {
                look(&own, &student, &mut story, reader);
            }
        }
    }
    story.groups.push(group.ok_or(ReadError::Unfinished(file))?);
    story.leave_out("the teacher's reliability and confusion", "a quickstart keeps its mean figures alone");
    Ok(story)
}

fn look(folder: &Path, student: &StudentFolder, story: &mut Story, reader: &mut Reader<'_>) {
    let material = student.material(folder);
    let setting = student.setting();
    let look = material
        .splits()
        .and_then(|splits| material.look([&setting.data, &setting.teacher], &splits.train, reader));
    match look {
        Ok(look) => story.looks.push(look),
        Err(reason) => story.leave_out("embeddings and subclasses", reason),
    }
}

/// Seeds of a quickstart are 0, 1, ...; the first one's student was kept, with its epochs.
fn result(model: &ModelFigures, student: Option<&StudentFolder>) -> MethodResult {
    let runs = model.detail.test.iter().enumerate().map(|(seed, test)| Run {
        seed: seed as u64,
        test: Some(test.clone()),
        epochs: student.filter(|_| seed == 0).map_or_else(Vec::new, |student| student.epochs.clone()),
    });
    let trials = model.detail.tried.iter().enumerate().map(|(number, tried)| Trial {
        number,
        settings: settings(&tried.trial.method, &tried.trial.train),
        validation: tried.validation,
    });
    let (runs, trials) = (runs.collect(), trials.collect());
    MethodResult { method: model.model.clone(), runs, trials, bytes: Some(model.bytes) }
}

/// Settings of method and training by name; those of what is added to the method bear its name.
pub(super) fn settings(method: &Combination, train: &TrainSettings) -> BTreeMap<String, Value> {
    let fields = |value: Result<Value, serde_json::Error>| match value {
        Ok(Value::Object(fields)) => fields,
        _ => serde_json::Map::new(),
    };
    let own = fields(serde_json::to_value(method)).into_iter().chain(fields(serde_json::to_value(train)));
    let mut settings: BTreeMap<String, Value> = own.filter(|(name, _)| name != "add").collect();
    for added in &method.add {
        let own = fields(serde_json::to_value(added)).into_iter();
        settings.extend(own.map(|(name, value)| (format!("{} {name}", added.name()), value)));
    }
    settings
}

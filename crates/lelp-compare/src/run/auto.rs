//! Methods that a recipe leaves to `auto`: each is chosen once for a data set and a teacher, and kept in the results.

use std::sync::atomic::{AtomicBool, Ordering};

use lelp_data::storage::sha256;
use serde_json::json;

use super::{Comparison, ProgressObserver, RunError};
use crate::auto::{AutoError, AutoResult, AutoSpec, choose_split};
use crate::prepare::PreparedTask;
use crate::progress::ProgressStep;
use crate::recipe::MethodEntry;
use crate::record::{AutoRecord, Record};

/// Changes when the same settings are chosen in another way, so that earlier choices are made again.
const AUTO_VERSION: u32 = 5;

impl Comparison<'_> {
    /// The methods, each `auto` replaced by what it comes to on these data.
    pub(super) fn resolve_auto(
        &self,
        prepared: &PreparedTask,
        observer: &dyn ProgressObserver,
        cancel: &AtomicBool,
    ) -> Result<Vec<MethodEntry>, RunError> {
        let mut methods = Vec::new();
        for method in &self.recipe.methods {
            let Some(auto) = method.auto else {
                methods.push(method.clone());
                continue;
            };
            let key = auto_key(prepared, method, &auto);
            let known = self.store.read(|results| {
                let record = results.auto.iter().find(|record| record.key == key)?;
                Some(record.result.method.clone())
            });
            if let Some(known) = known {
                methods.push(method.with_auto_result(known));
                continue;
            }
            match self.choose_split(prepared, method, auto, observer, cancel) {
                Ok(result) => {
                    methods.push(method.with_auto_result(result.method.clone()));
                    self.store.add(Record::Auto(AutoRecord {
                        key,
                        data: prepared.record.data.clone(),
                        teacher: prepared.record.teacher.clone(),
                        method: method.name.clone(),
                        result,
                    }))?;
                }
                Err(_) if cancel.load(Ordering::Relaxed) => return Err(RunError::Cancelled),
                Err(error) => {
                    for student in &self.recipe.students {
                        let setting = prepared.setting(&student.name);
                        self.record_method_failed(&setting, &method.name, &error, observer)?;
                    }
                }
            }
        }
        Ok(methods)
    }

    fn choose_split(
        &self,
        prepared: &PreparedTask,
        method: &MethodEntry,
        auto: AutoSpec,
        observer: &dyn ProgressObserver,
        cancel: &AtomicBool,
    ) -> Result<AutoResult, AutoError> {
        let (mut done, rows, data) = (0, auto.students(&method.method), &prepared.record.data);
        let mut on_student = || {
            done += 1;
            observer.step(ProgressStep { data, activity: "probing", done, rows });
        };
        choose_split(&prepared.task, &method.method, auto, self.locations.threads, &mut on_student, cancel)
    }
}

/// What decides the choice: task, what is left open, and the settings beside it.
fn auto_key(prepared: &PreparedTask, method: &MethodEntry, auto: &AutoSpec) -> String {
    let all = json!(["auto", AUTO_VERSION, prepared.identity, auto, method.method]);
    sha256(all.to_string().as_bytes())
}

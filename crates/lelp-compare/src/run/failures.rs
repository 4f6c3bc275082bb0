//! What cannot run is written to the results with its error, and the rest of the comparison goes on.

use std::error::Error;

use super::{Comparison, ProgressObserver, RunError};
use crate::record::{FailedRecord, Record, Setting};
use lelp::ErrorChain;

impl Comparison<'_> {
    /// Records that a data set and a teacher cannot be prepared: no student and no method can run.
    pub(super) fn record_unprepared(
        &self,
        data: &str,
        teacher: &str,
        error: &(dyn Error + 'static),
        observer: &dyn ProgressObserver,
    ) -> Result<(), RunError> {
        for student in &self.recipe.students {
            let setting =
                Setting { data: data.to_owned(), teacher: teacher.to_owned(), student: student.name.clone() };
            self.record_all_methods_failed(&setting, error, observer)?;
        }
        Ok(())
    }

    /// Records that no method can run with a student.
    pub(super) fn record_all_methods_failed(
        &self,
        setting: &Setting,
        error: &(dyn Error + 'static),
        observer: &dyn ProgressObserver,
    ) -> Result<(), RunError> {
        let methods = &self.recipe.methods;
        methods
            .iter()
            .try_for_each(|method| self.record_method_failed(setting, &method.name, error, observer))
    }

    /// Records that a method cannot run with a student; all its cells count as done.
    pub(super) fn record_method_failed(
        &self,
        setting: &Setting,
        method: &str,
        error: &(dyn Error + 'static),
        observer: &dyn ProgressObserver,
    ) -> Result<(), RunError> {
        let failed = FailedRecord {
            key: FailedRecord::key_of(setting, method),
            setting: setting.clone(),
            method: method.to_owned(),
            error: ErrorChain(error).to_string(),
            refused: false,
        };
        observer.failed(&failed);
        let cells = self
            .recipe
            .methods
            .iter()
            .find(|entry| entry.name == method)
            .map_or(0, |entry| self.cells_of(entry));
        for _ in 0..cells {
            observer.cell(&failed.setting, &failed.method);
        }
        Ok(self.store.add(Record::Failed(failed))?)
    }
}

//! Keys of a recipe's tables.

use lelp_train::training::TrainSettings;
use serde::Deserialize;
use toml::{Table, Value};

/// What is given of a training, and `defaults` for the rest.
pub(super) fn completed(given: Option<Table>, defaults: TrainSettings) -> Value {
    let mut training = Table::try_from(defaults).expect("settings are numbers and words");
    training.extend(given.unwrap_or_default());
    Value::Table(training)
}

/// Takes `key` out of the table, where it is there.
pub(super) fn take<T: for<'a> Deserialize<'a>>(
    table: &mut Table,
    key: &str,
) -> Result<Option<T>, toml::de::Error> {
    table.remove(key).map(Value::try_into).transpose()
}

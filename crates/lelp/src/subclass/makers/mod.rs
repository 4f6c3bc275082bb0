//! Target makers: a file and a line in `MAKERS` each, from which help, recipes, files and searches are made.

pub mod agglomerative;
pub mod kmeans;
pub mod lelp;
pub mod oracle;
pub mod random_projection;
pub mod random_subclass;
pub mod tsne_kmeans;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::maker::{MakerSettings, TargetMaker};

/// The makers in the order of help and reports.
pub(super) const MAKERS: &[Entry] = &[
    Entry::of::<lelp::LelpSettings>(),
    Entry::of::<kmeans::KmeansSettings>(),
    Entry::of::<agglomerative::AgglomerativeSettings>(),
    Entry::of::<tsne_kmeans::TsneKmeansSettings>(),
    Entry::of::<random_projection::RandomProjectionSettings>(),
    Entry::of::<random_subclass::RandomSubclassSettings>(),
    Entry::of::<oracle::OracleSettings>(),
];

/// How settings of one type come to be.
pub(super) struct Entry {
    pub(super) default: fn() -> MakerSettings,
    pub(super) read: fn(Map<String, Value>) -> Result<MakerSettings, serde_json::Error>,
}

impl Entry {
    const fn of<T: TargetMaker + Default + DeserializeOwned>() -> Self {
        Self {
            default: || T::default().into(),
            read: |settings| serde_json::from_value::<T>(Value::Object(settings)).map(Into::into),
        }
    }
}

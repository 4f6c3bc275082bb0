//! Arguments that several commands share, with the same names in each.

mod data;
mod encoder;
mod global;
mod labels;
mod method;
mod model_name;
pub(crate) mod parameters;
mod points;
mod precision;
mod size;
mod split;
mod student;
mod training;

pub(crate) use data::{ColumnArgs, InputArgs};
pub(crate) use encoder::{EncoderArgs, LogArgs};
pub(crate) use global::GlobalArgs;
pub(crate) use labels::LabelArgs;
pub(crate) use method::MethodArgs;
pub(crate) use model_name::model_name;
pub(crate) use points::points;
pub(crate) use precision::{PrecisionArgs, RunInArgs, SAMPLE};
pub(crate) use size::{megabytes, size};
pub(crate) use split::{FineArgs, SplitArgs};
pub(crate) use student::StudentArgs;
pub(crate) use training::TrainingArgs;

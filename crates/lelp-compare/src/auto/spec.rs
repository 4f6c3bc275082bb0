//! What a recipe or a flag leaves to `auto`.

use lelp_method::Objective;
use serde::Serialize;
use toml::{Table, Value};

use super::{candidates, probe};

/// The word for a setting that is to be chosen.
pub const AUTO: &str = "auto";

/// Which settings of a method are to be chosen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct AutoSpec {
    /// Whether the method is: `kd`, directions, or clusters.
    pub method: bool,
    /// Whether the number of subclasses is.
    pub subclasses: bool,
    /// Whether the width of the split is.
    pub beta: bool,
    /// The number of subclasses, where the method is to be chosen and that is not.
    pub given_subclasses: Option<i64>,
    /// The width of the split, likewise.
    pub given_beta: Option<f64>,
}

impl AutoSpec {
    /// Takes what is `"auto"` out of a table of a method's settings; none where nothing is.
    ///
    /// The table is then one of `kd`, where the method is to be chosen, or of the method with defaults for what is open.
    pub fn take(table: &mut Table) -> Option<Self> {
        let is_auto = |table: &Table, key: &str| table.get(key).and_then(Value::as_str) == Some(AUTO);
        let method = is_auto(table, "method");
        let mut spec = Self { method, ..Self::default() };
        spec.subclasses = is_auto(table, "subclasses") || (method && !table.contains_key("subclasses"));
        spec.beta = is_auto(table, "beta") || (method && !table.contains_key("beta"));
        if spec.subclasses {
            table.remove("subclasses");
        }
        if spec.beta {
            table.remove("beta");
        }
        if method {
            table.insert("method".to_owned(), Value::String("kd".to_owned()));
            spec.given_subclasses = table.remove("subclasses").and_then(|value| value.as_integer());
            spec.given_beta = table.remove("beta").and_then(|value| value.as_float());
        }
        (spec.method || spec.subclasses || spec.beta).then_some(spec)
    }

    /// Students that [`choose_split`](super::choose_split) trains for it.
    #[must_use]
    pub fn students(&self, method: &Objective) -> usize {
        probe::SEEDS.len() * candidates::count(method, self)
    }
}

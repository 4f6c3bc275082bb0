//! Files write 0 where the program says none, for settings whose default is a number: TOML has no word for none.

/// A count.
pub(crate) mod count {
    use std::num::NonZeroUsize;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[allow(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
    pub(crate) fn serialize<S: Serializer>(count: &Option<NonZeroUsize>, to: S) -> Result<S::Ok, S::Error> {
        count.map_or(0, NonZeroUsize::get).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<NonZeroUsize>, D::Error> {
        usize::deserialize(from).map(NonZeroUsize::new)
    }
}

/// A number.
pub(crate) mod number {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[allow(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
    pub(crate) fn serialize<S: Serializer>(number: &Option<f64>, to: S) -> Result<S::Ok, S::Error> {
        number.unwrap_or(0.0).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
        f64::deserialize(from).map(|number| (number != 0.0).then_some(number))
    }
}

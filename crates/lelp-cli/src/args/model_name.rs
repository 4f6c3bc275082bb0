//! Folders or names of models, which recipes and records hold as words.

use std::ffi::OsString;

use clap::builder::{OsStringValueParser, TypedValueParser};

/// Reads a folder, or the name of a model.
pub(crate) fn model_name() -> impl TypedValueParser<Value = String> {
    OsStringValueParser::new().try_map(|given: OsString| {
        given.into_string().map_err(|_| "the path is not UTF-8; rename it, or name it through a link")
    })
}

//! A loaded model with what requests are held against.

use std::num::NonZeroUsize;

use lelp_data::ColumnSettings;
use lelp_model::encoder::{Encoder, EncoderPrecision};
use lelp_model::{LoadOptions, ModelFolderError, Pairs, folder_name};

use crate::answerer::Answerer;
use crate::clock::seconds_since_1970;
use crate::columns::Columns;
use crate::error::ServeError;
use crate::fallback::Fallback;
use crate::settings::ServeSettings;

/// A model that is being served. A reload puts another in its place; requests that hold this one end with it.
#[derive(Debug)]
pub(crate) struct ServedModel {
    /// The name that clients call it by.
    pub(crate) name: String,
    pub(crate) answerer: Answerer,
    pub(crate) columns: Columns,
    /// Seconds since 1970 when it was loaded.
    pub(crate) loaded: u64,
    /// Who is asked where the model is not sure.
    pub(crate) fallback: Option<Fallback>,
}

impl ServedModel {
    /// Loads the model, and its teacher where it has one; blocks.
    pub(crate) fn load(settings: &ServeSettings, threads: NonZeroUsize) -> Result<Self, ServeError> {
        let folder = settings.model.as_path();
        let options = LoadOptions { precision: settings.precision, ..threads.into() };
        let answerer = Answerer::load(folder, options)?;
        let predictor = answerer.predictor();
        let remembered = ColumnSettings::remembered(folder)?;
        let name =
            settings.name.clone().or_else(|| folder_name(folder)).unwrap_or_else(|| "model".to_owned());
        let pairs = Pairs::of(folder, predictor.schema())?;
        let fallback = settings.fallback.as_ref();
        let fallback =
            fallback.map(|own| Fallback::load(own, predictor, folder, pairs, options)).transpose()?;
        let encoders = predictor.encoder().is_some() || fallback.as_ref().is_some_and(Fallback::has_encoder);
        if settings.precision != EncoderPrecision::F32 && !encoders {
            let (folder, kind) = (folder.to_owned(), predictor.kind());
            let precision = settings.precision.name();
            return Err(ModelFolderError::NoEncoder { folder, kind, precision }.into());
        }
        let columns = Columns::new(predictor, &remembered, pairs);
        Ok(Self { name, answerer, columns, loaded: seconds_since_1970(), fallback })
    }

    /// In what its products are taken, as text-embeddings-inference says it.
    pub(crate) fn data_type(&self) -> &'static str {
        match self.answerer.predictor().encoder().map(Encoder::precision) {
            None | Some(EncoderPrecision::F32) => "float32",
            Some(EncoderPrecision::Int8) => "int8",
        }
    }

    /// The least probability at which it answers itself, where there is a teacher to ask else.
    pub(crate) fn fallback_threshold(&self) -> Option<f32> {
        self.fallback.as_ref().map(Fallback::threshold)
    }

    pub(crate) fn labels(&self) -> &[String] {
        self.answerer.predictor().labels()
    }
}

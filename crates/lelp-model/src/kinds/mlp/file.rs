//! A network on disk: `config.json`, `model.safetensors`, and the folder `encoder` where a text is read.

use std::path::{Path, PathBuf};

use lelp::{Classified, ErrorKind};
use lelp_data::storage::{self, FileError, MappedFile};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use thiserror::Error;

use super::config::{InputColumn, MlpConfig};
use super::model::{CategoryTable, FolderEncoder, MlpError, MlpModel};
use crate::checkpoint::{self, WeightsError};
use crate::encoder::{Encoder, EncoderError, EncoderLoadOptions};
use crate::head::{ClassifierHead, ClassifierHeadError};
use crate::layer::{Layer, LayerError};
use crate::model_kind::LoadOptions;
use crate::predictor::Teacher;

/// File names inside the model's folder.
const CONFIG: &str = "config.json";
const WEIGHTS: &str = "model.safetensors";
const ENCODER: &str = "encoder";

/// The `config.json` of this kind of model.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(tag = "model", rename_all = "kebab-case")]
enum ConfigFile {
    Mlp(MlpConfig),
}

/// Why a model could not be loaded or saved; every variant names the file.
#[derive(Debug, Error)]
pub enum MlpFileError {
    /// The file system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// `config.json` is not what it should be.
    #[error("`{}` does not describe a network on columns", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// The weights are not a safetensors file, or one that contradicts itself.
    #[error("`{}` is not a sound safetensors file", path.display())]
    Safetensors {
        /// The file.
        path: PathBuf,
        /// Why.
        source: safetensors::SafeTensorError,
    },
    /// A tensor is missing or of another type or rank.
    #[error("`{}` lacks a tensor `{tensor}` of type F32 and rank {rank}", path.display())]
    Tensor {
        /// The file.
        path: PathBuf,
        /// The tensor's name.
        tensor: String,
        /// The number of dimensions it should have.
        rank: usize,
    },
    /// A layer does not hold together.
    #[error("layer `{layer}` in `{}` is unsound", path.display())]
    Layer {
        /// The file.
        path: PathBuf,
        /// The layer's name.
        layer: &'static str,
        /// Why.
        source: LayerError,
    },
    /// The layers do not fit together.
    #[error("the layers in `{}` do not fit together", path.display())]
    Head {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ClassifierHeadError,
    },
    /// Configuration and weights do not fit together.
    #[error("the model in `{}` is unsound", path.display())]
    Model {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: MlpError,
    },
    /// The encoder cannot be loaded.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// The encoder's files cannot be listed.
    #[error(transparent)]
    EncoderFiles(#[from] WeightsError),
}

impl Classified for MlpFileError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::File(error) => error.kind(),
            Self::Encoder(error) => error.kind(),
            Self::EncoderFiles(error) => error.kind(),
            _ => ErrorKind::Input,
        }
    }
}

impl MlpModel {
    /// Whether `folder` holds a network on columns, sound or not.
    #[must_use]
    pub fn is_in(folder: &Path) -> bool {
        crate::kinds::config_names(folder, "mlp")
    }

    /// Loads the model in `folder`; answers are the same bytes for any number of threads.
    pub fn load(folder: &Path, options: impl Into<LoadOptions>) -> Result<Self, MlpFileError> {
        let LoadOptions { threads, precision, .. } = options.into();
        let unsound = |source| MlpFileError::Model { path: folder.to_owned(), source };
        let path = folder.join(CONFIG);
        let ConfigFile::Mlp(config) = serde_json::from_slice(&storage::map(&path)?)
            .map_err(|source| MlpFileError::Config { path, source })?;
        // Before any size below is derived from it.
        config.check().map_err(|source| unsound(source.into()))?;
        let path = folder.join(WEIGHTS);
        let file = storage::map(&path)?;
        let weights = StoredTensors::open(&path, &file)?;
        let categories = config.columns.iter().filter(|column| is_category(column)).count();
        let tables = (0..categories).map(|place| weights.table(place)).collect::<Result<_, _>>()?;
        let hidden = config.hidden.map(|_| weights.layer("hidden")).transpose()?;
        let head = ClassifierHead::new(hidden, weights.layer("output")?)
            .map_err(|source| MlpFileError::Head { path: path.clone(), source })?;
        let encoder = config.encoder.map(|encoder| {
            let options = EncoderLoadOptions {
                pooling: Some(encoder.pooling),
                normalize: Some(encoder.normalize),
                max_length: Some(encoder.max_length),
                threads,
                precision,
            };
            let folder = folder.join(ENCODER);
            Ok::<_, MlpFileError>(FolderEncoder { encoder: Encoder::load(&folder, &options)?, folder })
        });
        Self::new(config, tables, head, encoder.transpose()?).map_err(unsound)
    }

    /// Saves the model into `folder`, which is made where it is missing; the encoder's files are copied.
    ///
    /// `config.json` comes last, so that a folder that holds it is complete.
    pub fn save(&self, folder: &Path) -> Result<(), MlpFileError> {
        storage::create_folder(folder)?;
        if let Some(from) = self.encoder_folder() {
            let to = folder.join(ENCODER);
            storage::create_folder(&to)?;
            let max_length = self.config().encoder.map_or(usize::MAX, |used| used.max_length.get());
            Encoder::copy_files(from, &to, max_length)?;
        }
        let path = folder.join(WEIGHTS);
        let bytes = safetensors::serialize(self.tensors(), None)
            .map_err(|source| MlpFileError::Safetensors { path: path.clone(), source })?;
        storage::write(&path, &bytes)?;
        let config = ConfigFile::Mlp(self.config().clone());
        Ok(storage::write(&folder.join(CONFIG), &storage::pretty_json(&config))?)
    }

    /// What tells this model from any other: its configuration, its tensors and the weights of its encoder.
    pub(super) fn identity(&self) -> Result<Vec<u8>, MlpFileError> {
        let path = PathBuf::from(WEIGHTS);
        let mut bytes = safetensors::serialize(self.tensors(), None)
            .map_err(|source| MlpFileError::Safetensors { path, source })?;
        bytes.extend(storage::pretty_json(&ConfigFile::Mlp(self.config().clone())));
        if let Some(folder) = self.encoder_folder() {
            bytes.extend(checkpoint::weights_hash(folder)?.into_bytes());
        }
        Ok(bytes)
    }

    fn tensors(&self) -> Vec<(String, TensorView<'_>)> {
        let mut tensors = Vec::new();
        for (place, CategoryTable { width, values }) in self.category_tables().iter().enumerate() {
            tensors.push(view(table_name(place), &[values.len() / width, *width], values));
        }
        let hidden = self.head().hidden().map(|(layer, _)| ("hidden", layer));
        for (name, layer) in hidden.into_iter().chain([("output", self.head().output())]) {
            let shape = [layer.outputs(), layer.inputs()];
            tensors.push(view(format!("{name}.weight"), &shape, layer.weight()));
            tensors.push(view(format!("{name}.bias"), &shape[..1], layer.bias()));
        }
        tensors
    }
}

fn is_category(column: &InputColumn) -> bool {
    matches!(column, InputColumn::Category { .. })
}

/// Name of the table of a category, by its place among the categories.
fn table_name(place: usize) -> String {
    format!("category.{place}.weight")
}

fn view<'a>(name: String, shape: &[usize], values: &'a [f32]) -> (String, TensorView<'a>) {
    let view = TensorView::new(Dtype::F32, shape.to_vec(), bytemuck::cast_slice(values));
    (name, view.expect("the shape is that of the values"))
}

/// The tensors of `model.safetensors`; their sizes were checked against the file's.
struct StoredTensors<'a> {
    path: &'a Path,
    tensors: SafeTensors<'a>,
}

impl<'a> StoredTensors<'a> {
    fn open(path: &'a Path, file: &'a MappedFile) -> Result<Self, MlpFileError> {
        let tensors = SafeTensors::deserialize(file)
            .map_err(|source| MlpFileError::Safetensors { path: path.to_owned(), source })?;
        Ok(Self { path, tensors })
    }

    fn read(&self, name: String, rank: usize) -> Result<(Vec<usize>, Vec<f32>), MlpFileError> {
        match self.tensors.tensor(&name) {
            Ok(view) if view.dtype() == Dtype::F32 && view.shape().len() == rank => {
                Ok((view.shape().to_vec(), bytemuck::pod_collect_to_vec(view.data())))
            }
            _ => Err(MlpFileError::Tensor { path: self.path.to_owned(), tensor: name, rank }),
        }
    }

    fn table(&self, place: usize) -> Result<CategoryTable, MlpFileError> {
        let (shape, values) = self.read(table_name(place), 2)?;
        Ok(CategoryTable { width: shape[1], values })
    }

    fn layer(&self, layer: &'static str) -> Result<Layer, MlpFileError> {
        let (shape, weight) = self.read(format!("{layer}.weight"), 2)?;
        let (_, bias) = self.read(format!("{layer}.bias"), 1)?;
        Layer::new(shape[1], weight, bias).map_err(|source| MlpFileError::Layer {
            path: self.path.to_owned(),
            layer,
            source,
        })
    }
}

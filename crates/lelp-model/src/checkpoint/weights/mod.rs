//! Tensors of a checkpoint, in one file or several, read from their memory maps and checked against the config.

mod error;
mod other_format;
mod shard;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use half::{bf16, f16};
use safetensors::Dtype;
use serde::Deserialize;

use super::adapter::holds_adapter;
use super::config::EncoderConfig;
use super::modules::ModuleTensor;
use lelp_data::storage;

pub use error::WeightsError;
use shard::Shard;

/// A checkpoint in one file.
pub(super) const ONE_FILE: &str = "model.safetensors";
/// Where the tensors of a checkpoint in several files are.
pub(super) const INDEX: &str = "model.safetensors.index.json";

/// The tensors of a checkpoint.
///
/// Names are those of a bare encoder; each is looked up as it is and behind the family's prefix.
#[derive(Debug)]
pub struct Weights {
    /// The file, or the index of several.
    path: PathBuf,
    shards: Vec<Shard>,
    /// Which shard the index places a tensor in; none where there is one file.
    places: Option<BTreeMap<String, usize>>,
    prefix: &'static str,
    /// How the file calls a tensor whose name training wrapped: `module.` of data parallelism, `_orig_mod.` of compilation,
    /// `model.` of Lightning.
    wrapped: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

impl Weights {
    /// Opens `model.safetensors` of `folder`, or the files that `model.safetensors.index.json` names.
    pub fn open(folder: &Path, config: &EncoderConfig) -> Result<Self, WeightsError> {
        let prefix = config.family.prefix;
        let (one, index) = (folder.join(ONE_FILE), folder.join(INDEX));
        if one.exists() || !index.exists() {
            if let Some(file) = other_format::find(folder).filter(|_| !one.exists()) {
                return Err(WeightsError::OtherFormat { folder: folder.to_owned(), file });
            }
            if !one.exists() && holds_adapter(folder) {
                return Err(WeightsError::Adapter(folder.to_owned()));
            }
            let shards = vec![Shard::open(&one)?];
            return Ok(Self { wrapped: wrapped_names(&shards), path: one, shards, places: None, prefix });
        }
        let (files, places) = read_index(&index)?;
        let missing = |file: &String| !folder.join(file).is_file();
        if let Some(shard) = files.iter().position(missing) {
            let name = places.iter().find(|&(_, &place)| place == shard).map(|(name, _)| name.clone());
            let (file, name) = (files[shard].clone(), name.unwrap_or_default());
            return Err(WeightsError::Shard { path: index, name, file });
        }
        let shards: Result<Vec<Shard>, _> =
            files.iter().map(|file| Shard::open(&folder.join(file))).collect();
        let shards = shards?;
        Ok(Self { wrapped: wrapped_names(&shards), path: index, shards, places: Some(places), prefix })
    }

    /// The file, or the index of several.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether there is a tensor of this name, with or without the prefix.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        matches!(self.find(name), Ok(Some(_)))
    }

    /// Number of floating point elements in all files; at most one for every 2 bytes of them.
    #[must_use]
    pub fn elements(&self) -> usize {
        self.shards.iter().map(Shard::elements).sum()
    }

    /// The elements of a module's tensor, row-major, borrowed where the file's bytes can be used as they are.
    pub fn read(&self, tensor: &ModuleTensor) -> Result<Cow<'_, [f32]>, WeightsError> {
        let name = tensor.name.as_str();
        let Some((shard, stored)) = self.find(name)? else {
            let (path, name) = (self.path.clone(), name.to_owned());
            return Err(WeightsError::Missing { path, name, prefix: self.prefix });
        };
        let (info, bytes) = shard.tensor(&stored).expect("it was found there");
        let path = || shard.path().to_owned();
        if info.shape != tensor.shape {
            let (found, expected) = (info.shape.clone(), tensor.shape.clone());
            return Err(WeightsError::Shape { path: path(), name: name.to_owned(), found, expected });
        }
        match info.dtype {
            Dtype::F64 => {
                let (chunks, _) = bytes.as_chunks::<8>();
                Ok(chunks.iter().map(|&chunk| f64::from_le_bytes(chunk) as f32).collect())
            }
            Dtype::F32 => Ok(singles(bytes)),
            Dtype::F16 => Ok(halves(bytes, |bits| f16::from_bits(bits).to_f32())),
            Dtype::BF16 => Ok(halves(bytes, |bits| bf16::from_bits(bits).to_f32())),
            found => Err(WeightsError::Element { path: path(), name: name.to_owned(), found }),
        }
    }

    /// How files spell `name`. Norms of the first BERT checkpoints keep TensorFlow's `gamma` and `beta`.
    fn spellings(&self, name: &str) -> Vec<String> {
        let old = name
            .strip_suffix("LayerNorm.weight")
            .map(|path| format!("{path}LayerNorm.gamma"))
            .or_else(|| name.strip_suffix("LayerNorm.bias").map(|path| format!("{path}LayerNorm.beta")));
        let names = std::iter::once(name.to_owned()).chain(old);
        let plain = names.flat_map(|name| [format!("{}{name}", self.prefix), name]);
        plain.map(|name| self.wrapped.get(&name).cloned().unwrap_or(name)).collect()
    }

    /// The shard that holds `name`, and what it is called there.
    fn find(&self, name: &str) -> Result<Option<(&Shard, String)>, WeightsError> {
        for stored in self.spellings(name) {
            let shard = match &self.places {
                None => self.shards.iter().find(|shard| shard.tensor(&stored).is_some()),
                Some(places) => match places.get(&stored) {
                    None => None,
                    Some(&place) if self.shards[place].tensor(&stored).is_some() => Some(&self.shards[place]),
                    Some(&place) => {
                        let path = self.shards[place].path().to_owned();
                        return Err(WeightsError::NotInShard { path, name: stored });
                    }
                },
            };
            if let Some(shard) = shard {
                return Ok(Some((shard, stored)));
            }
        }
        Ok(None)
    }
}

/// The names of tensors that training wrapped, by what they are without.
fn wrapped_names(shards: &[Shard]) -> BTreeMap<String, String> {
    let names = shards.iter().flat_map(Shard::names);
    let plain = names.filter_map(|name| {
        let inner = name.replace("_orig_mod.", "");
        let inner = inner.trim_start_matches("module.");
        let inner = inner.strip_prefix("model.").unwrap_or(inner);
        (inner != name).then(|| (inner.to_owned(), name))
    });
    plain.collect()
}

/// Names of the files that hold the weights of `folder`, the index first where there is one.
pub(super) fn file_names(folder: &Path) -> Result<Vec<String>, WeightsError> {
    let index = folder.join(INDEX);
    if folder.join(ONE_FILE).exists() || !index.exists() {
        return Ok(vec![ONE_FILE.to_owned()]);
    }
    let (files, _) = read_index(&index)?;
    Ok(std::iter::once(INDEX.to_owned()).chain(files).collect())
}

/// The files that an index names, each once, and the place in that list of every tensor.
fn read_index(path: &Path) -> Result<(Vec<String>, BTreeMap<String, usize>), WeightsError> {
    let index: Index = serde_json::from_slice(&storage::map(path)?)
        .map_err(|source| WeightsError::Index { path: path.to_owned(), source })?;
    let mut files: Vec<String> = index.weight_map.values().cloned().collect();
    files.sort_unstable();
    files.dedup();
    let place = |(name, file): (String, String)| {
        // The path comes from a file: only a plain name may be followed.
        if !storage::is_plain_name(&file) {
            return Err(WeightsError::Path { path: path.to_owned(), name, file });
        }
        let place = files.binary_search(&file).expect("the list is made of these");
        Ok((name, place))
    };
    let places = index.weight_map.into_iter().map(place).collect::<Result<_, _>>()?;
    Ok((files, places))
}

/// `bytes` as f32: as they are where they are aligned, else copied.
fn singles(bytes: &[u8]) -> Cow<'_, [f32]> {
    if let Ok(values) = bytemuck::try_cast_slice(bytes) {
        return Cow::Borrowed(values);
    }
    let (chunks, _) = bytes.as_chunks::<4>();
    chunks.iter().map(|&chunk| f32::from_le_bytes(chunk)).collect()
}

fn halves(bytes: &[u8], convert: impl Fn(u16) -> f32) -> Cow<'_, [f32]> {
    let (chunks, _) = bytes.as_chunks::<2>();
    chunks.iter().map(|&chunk| convert(u16::from_le_bytes(chunk))).collect()
}

//! Small models in folders of their own.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use lelp_data::{ColumnSettings, Text};
use lelp_model::head::ClassifierHead;
use lelp_model::layer::{Layer, OutputLayers};
use lelp_model::mlp::{CategoryTable, InputColumn, MlpConfig, MlpModel};
use lelp_model::ngram::{FeatureTable, NgramConfig, NgramModel};
use lelp_model::{Predictor, load_model};
use tempfile::TempDir;

/// A model's folder, called `student`.
pub(crate) struct Folder {
    _folder: TempDir,
    pub(crate) path: PathBuf,
}

impl Folder {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { path: folder.path().join("student"), _folder: folder }
    }

    /// An n-gram student of single texts.
    pub(crate) fn of_texts(labels: &[&str]) -> Self {
        let folder = Self::new();
        save_ngram(&folder.path, labels);
        folder
    }

    /// An n-gram student of pairs of texts.
    pub(crate) fn of_pairs() -> Self {
        let folder = Self::of_texts(&["no", "yes"]);
        let columns = ColumnSettings { pair: Some("text_pair".to_owned()), ..ColumnSettings::default() };
        columns.remember(&folder.path).unwrap();
        folder
    }

    /// A network on a number, a category and a vector of three.
    pub(crate) fn of_columns() -> Self {
        let folder = Self::new();
        let columns = vec![
            InputColumn::Number { name: "clicks".to_owned(), mean: 10.0, deviation: 4.0 },
            InputColumn::Category {
                name: "country".to_owned(),
                words: ["de", "fr"].map(str::to_owned).to_vec(),
                width: NonZeroUsize::new(2).unwrap(),
            },
            InputColumn::Vector { name: "image".to_owned(), width: 3 },
        ];
        let config = MlpConfig {
            labels: ["bad", "good"].map(str::to_owned).to_vec(),
            subclasses: NonZeroUsize::MIN,
            hidden: None,
            columns,
            encoder: None,
        };
        let countries = CategoryTable { width: 2, values: vec![0.5, -0.5, 1.0, 2.0, 3.0, 4.0] };
        let layer = Layer::new(7, values(14), values(2)).unwrap();
        let model = MlpModel::new(config, vec![countries], ClassifierHead::new(None, layer).unwrap(), None);
        model.unwrap().save(&folder.path).unwrap();
        folder
    }

    /// The model's own answer to a text.
    pub(crate) fn logits(&self, text: &str, pair: Option<&str>) -> Vec<f32> {
        let model = load_model(&self.path, NonZeroUsize::MIN).unwrap();
        Predictor::logits_of_texts(model.as_ref(), &[Text { text, pair }]).unwrap()
    }
}

/// Saves an n-gram student whose answers vary from text to text.
pub(crate) fn save_ngram(folder: &Path, labels: &[&str]) {
    save_ngram_with(folder, labels, 1);
}

/// The same with weights that depend on `seed`.
pub(crate) fn save_ngram_with(folder: &Path, labels: &[&str], seed: usize) {
    let mut config = NgramConfig::new(labels.iter().map(|&label| label.to_owned()).collect(), 1);
    config.features.buckets = 1 << 10;
    config.width = 8;
    config.hidden = None;
    let table =
        FeatureTable::new(1 << 10, 8, values((8 << 10) * seed).split_off((8 << 10) * (seed - 1))).unwrap();
    // Small enough that no answer is quite sure.
    let weights = values(8 * labels.len()).iter().map(|weight| weight / 20.0).collect();
    let output = Layer::new(8, weights, vec![0.0; labels.len()]).unwrap();
    NgramModel::new(config, table, None, OutputLayers { hidden: None, output })
        .unwrap()
        .save(folder)
        .unwrap();
    // As a run of ours leaves it: what was not made of pairs says so by naming none.
    std::fs::write(folder.join("run.json"), "{}").unwrap();
}

/// A Hugging Face sequence classifier with classes `bad` and `good`, which a thread of its own answers for.
pub(crate) fn encoder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../lelp-model/tests/goldens/roberta")
}

fn values(count: usize) -> Vec<f32> {
    (0..count).map(|i| ((i * 7919 % 1009) as f32 - 500.0) / 100.0).collect()
}

//! What a kind of model hands over to be exported.

use crate::encoder_classifier::ClassifierFiles;
use crate::mlp::MlpModel;
use crate::ngram::NgramModel;
use crate::static_embeddings::StaticModel;
use crate::tfidf::TfidfModel;

/// A model of any kind, as it is exported.
#[derive(Debug)]
pub(crate) enum ExportSource {
    Ngram(Box<NgramModel>),
    Static(StaticModel),
    Columns(Box<MlpModel>),
    Tfidf(TfidfModel),
    FrozenEncoder(ClassifierFiles),
    SequenceClassifier(ClassifierFiles),
}

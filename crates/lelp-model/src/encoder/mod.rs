//! Text encoders: a Hugging Face BERT-family folder becomes an ONNX graph in memory and runs on rten.
//!
//! ```no_run
//! use std::num::NonZeroUsize;
//! use std::path::Path;
//!
//! use lelp_model::encoder::{Encoder, EncoderLoadOptions};
//!
//! let threads = NonZeroUsize::MIN;
//! let encoder = Encoder::load(Path::new("all-MiniLM-L6-v2"), &EncoderLoadOptions::new(threads))?;
//! let embeddings = encoder.embed(&["a text".into(), "another".into()])?; // [2, 384], row-major
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod batching;
mod error;
mod folder_defaults;
mod precision;

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

pub use crate::engine::EngineError;
pub use crate::pooling::Pooling;
pub use error::EncoderError;
pub use precision::EncoderPrecision;

use self::folder_defaults::FolderDefaults;
use crate::checkpoint::{EncoderConfig, Weights, copy_network, weights_hash};
use crate::engine::{Session, Threads};
use crate::int8::QuantizedNetwork;
use crate::predict_error::PredictError;
use crate::tokenizer::{TextPreparation, TokenIds, Tokenizer};
use crate::{onnx, pooling};
use lelp_core::static_embeddings::Piece;
use lelp_data::{Text, storage};

/// How to load an encoder; what is `None` is read from the folder.
#[derive(Debug, Clone)]
pub struct EncoderLoadOptions {
    /// How tokens become one embedding; by default as `1_Pooling/config.json` says, else the mean.
    pub pooling: Option<Pooling>,
    /// Whether embeddings are scaled to length 1; by default as `modules.json` says, else not.
    pub normalize: Option<bool>,
    /// Tokens kept of each text, special ones included; by default as `sentence_bert_config.json` says,
    /// and never more than the position table holds.
    pub max_length: Option<NonZeroUsize>,
    /// Threads to run on. Embeddings are the same bytes for every number.
    pub threads: NonZeroUsize,
    /// Precision of the products of its dense layers.
    pub precision: EncoderPrecision,
}

impl EncoderLoadOptions {
    /// The folder's own settings, on `threads` threads, in f32.
    #[must_use]
    pub fn new(threads: NonZeroUsize) -> Self {
        let precision = EncoderPrecision::F32;
        Self { pooling: None, normalize: None, max_length: None, threads, precision }
    }
}

/// A frozen text encoder.
///
/// A text's embedding depends on the text alone: not on its neighbours, their order, or the threads.
#[derive(Debug)]
pub struct Encoder {
    network: Network,
    tokenizer: Tokenizer,
    pooling: Pooling,
    normalize: bool,
    width: usize,
    threads: NonZeroUsize,
    /// One engine thread for each batch that runs at a time.
    workers: Vec<Threads>,
}

/// What runs the layers.
#[derive(Debug)]
enum Network {
    F32(Session),
    Int8(QuantizedNetwork),
}

impl Encoder {
    /// Loads config, weights and tokenizer of `folder`.
    ///
    /// # Errors
    /// [`EncoderError`] names the file and what is wrong with it.
    pub fn load(folder: &Path, options: &EncoderLoadOptions) -> Result<Self, EncoderError> {
        let defaults = FolderDefaults::read(folder, options.pooling)?;
        let config = EncoderConfig::load(folder)?;
        let wanted = options.max_length.map(NonZeroUsize::get).or(defaults.max_length);
        // The tokenizer first: it is small, and a mistake there need not wait for the weights.
        let tokenizer = Tokenizer::load(folder, &config, wanted.unwrap_or(usize::MAX))?
            .prepared(TextPreparation::read(folder)?);
        let weights = Weights::open(folder, &config)?;
        let normalize = options.normalize.unwrap_or(defaults.normalize);
        let (threads, precision) = (options.threads, options.precision);
        Self::new(&config, &weights, tokenizer, (defaults.pooling, normalize), threads, precision)
    }

    /// The encoder of a checkpoint that has been opened.
    pub(crate) fn new(
        config: &EncoderConfig,
        weights: &Weights,
        tokenizer: Tokenizer,
        (pooling, normalize): (Pooling, bool),
        threads: NonZeroUsize,
        precision: EncoderPrecision,
    ) -> Result<Self, EncoderError> {
        let network = match precision {
            EncoderPrecision::F32 => {
                Network::F32(Session::load(onnx::hidden_graph(config, weights, pooling)?)?)
            }
            EncoderPrecision::Int8 => Network::Int8(QuantizedNetwork::new(config, weights, pooling)?),
        };
        Ok(Self {
            network,
            tokenizer,
            pooling,
            normalize,
            width: config.width,
            threads,
            workers: (0..threads.get()).map(|_| Threads::new(1)).collect(),
        })
    }

    /// Width of an embedding.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// How tokens become one embedding.
    #[must_use]
    pub fn pooling(&self) -> Pooling {
        self.pooling
    }

    /// Whether embeddings are scaled to length 1.
    #[must_use]
    pub fn normalizes(&self) -> bool {
        self.normalize
    }

    /// Precision of the products of its dense layers.
    #[must_use]
    pub fn precision(&self) -> EncoderPrecision {
        match self.network {
            Network::F32(_) => EncoderPrecision::F32,
            Network::Int8(_) => EncoderPrecision::Int8,
        }
    }

    /// Tokens kept of each text, special ones included.
    #[must_use]
    pub fn max_length(&self) -> usize {
        self.tokenizer.max_length()
    }

    /// What is done to every text before it is tokenised.
    #[must_use]
    pub fn preparation(&self) -> &TextPreparation {
        self.tokenizer.preparation()
    }

    /// The pieces of words that its tokenizer knows.
    #[must_use]
    pub fn pieces(&self) -> Vec<Piece> {
        self.tokenizer.pieces()
    }

    /// What decides the embeddings of a text, as a hash: config, weights and tokenizer of `folder`, which this encoder was
    /// loaded from, and how it is used.
    pub fn identity(&self, folder: &Path) -> Result<String, EncoderError> {
        let how = serde_json::json!([self.pooling, self.normalize, self.max_length(), self.preparation()]);
        let config = storage::sha256(&storage::map(&folder.join("config.json"))?);
        let tokenizer = storage::sha256(&self.tokenizer.to_bytes());
        let all = format!("encoder 1\n{}\n{config}\n{tokenizer}\n{how}\n", weights_hash(folder)?);
        Ok(self.precision().tell_apart(storage::sha256(all.as_bytes())))
    }

    /// Copies the files of the frozen encoder in `from` into `to`, its tokenizer cut to `max_length` tokens.
    pub(crate) fn copy_files(from: &Path, to: &Path, max_length: usize) -> Result<(), EncoderError> {
        let tokenizer = Tokenizer::load(from, &EncoderConfig::load(from)?, max_length)?;
        copy_network(from, to)?;
        Ok(tokenizer.save(from, to)?)
    }

    /// Embeddings of `texts`, `[texts.len(), width]`, row-major, in their order.
    ///
    /// # Errors
    /// [`PredictError::Tokenize`] names the text that has no tokens.
    pub fn embed(&self, texts: &[Text<'_>]) -> Result<Vec<f32>, PredictError> {
        self.embed_with_progress(texts, &mut |_| {}, &AtomicBool::new(false))
    }

    /// As [`embed`](Self::embed), for long runs: `progress` is called with the number of texts that are done, on
    /// the calling thread, and the run ends soon after `cancel` is set.
    ///
    /// All tokens and embeddings of `texts` are held at once: give a large data set part by part.
    ///
    /// # Errors
    /// As [`embed`](Self::embed), and [`PredictError::Cancelled`].
    pub fn embed_with_progress(
        &self,
        texts: &[Text<'_>],
        progress: &mut dyn FnMut(usize),
        cancel: &AtomicBool,
    ) -> Result<Vec<f32>, PredictError> {
        let tokens = self.tokenizer.encode(texts, self.threads)?;
        let lengths: Vec<usize> = tokens.iter().map(|text| text.ids.len()).collect();
        let batches = match self.network {
            Network::F32(_) => batching::batches(&lengths, batching::TOKEN_BUDGET),
            Network::Int8(_) => batching::mixed_batches(&lengths, batching::TOKEN_BUDGET),
        };
        let mut embeddings = vec![0.0; texts.len() * self.width]; // [texts, width]
        let mut done = 0;
        self.run_batches(&tokens, &batches, cancel, &mut |batch, rows| {
            for (&text, row) in batch.iter().zip(rows.chunks_exact(self.width)) {
                embeddings[text * self.width..][..self.width].copy_from_slice(row);
            }
            done += batch.len();
            progress(done);
        })?;
        if done < texts.len() {
            return Err(PredictError::Cancelled { done, rows: texts.len() });
        }
        Ok(embeddings)
    }

    /// Runs whole batches side by side, each on one thread, and hands their embeddings to `collect` on the
    /// calling thread. Two batches on two threads are faster than one batch on two, and a batch that
    /// always runs alone on one thread gives the same bytes for any number of threads.
    fn run_batches(
        &self,
        tokens: &[TokenIds],
        batches: &[Vec<usize>],
        cancel: &AtomicBool,
        collect: &mut dyn FnMut(&[usize], &[f32]),
    ) -> Result<(), PredictError> {
        let next = AtomicUsize::new(0);
        let failed = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let (sender, receiver) = mpsc::channel();
            for worker in self.workers.iter().take(batches.len()) {
                let (sender, next, failed) = (sender.clone(), &next, &failed);
                scope.spawn(move || {
                    while !cancel.load(Ordering::Relaxed) && !failed.load(Ordering::Relaxed) {
                        let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
                        if sender.send((batch, self.embed_batch(tokens, batch, worker))).is_err() {
                            break;
                        }
                    }
                });
            }
            drop(sender);
            for (batch, rows) in receiver {
                let rows = rows.inspect_err(|_| failed.store(true, Ordering::Relaxed))?;
                collect(batch, &rows);
            }
            Ok(())
        })
    }

    /// Embeddings `[batch.len(), width]` of the texts of a batch.
    fn embed_batch(
        &self,
        tokens: &[TokenIds],
        batch: &[usize],
        worker: &Threads,
    ) -> Result<Vec<f32>, PredictError> {
        let texts: Vec<&TokenIds> = batch.iter().map(|&index| &tokens[index]).collect();
        // Text after text, all of its tokens or of each the same few.
        let hidden = match &self.network {
            Network::F32(session) => session.run(&texts, worker)?,
            Network::Int8(network) => network.run(&texts),
        };
        let tokens: usize = texts.iter().map(|text| text.ids.len()).sum();
        let whole = hidden.len() == tokens * self.width;
        let few = hidden.len() / batch.len();
        let mut embeddings = vec![0.0; batch.len() * self.width];
        let mut rest = hidden.as_slice();
        for (text, embedding) in texts.iter().zip(embeddings.chunks_exact_mut(self.width)) {
            let (rows, others) = rest.split_at(if whole { text.ids.len() * self.width } else { few });
            rest = others;
            self.pooling.pool(rows, embedding);
            if self.normalize {
                pooling::normalize(embedding);
            }
        }
        Ok(embeddings)
    }
}

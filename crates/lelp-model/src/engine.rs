//! Runs a graph on rten; the only file that names it.

use std::process;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rten::{Model, ModelOptions, NodeId, RunOptions, ThreadPool};
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;
use thiserror::Error;

use crate::onnx::builder::OnnxGraph;
use crate::onnx::{HIDDEN, INPUT_IDS, TOKEN_TYPE_IDS};
use crate::tokenizer::TokenIds;

/// Name by which the model refers to its large constants; the engine takes this ending only.
const WEIGHTS: &str = "model.onnx.data";

/// The engine failed on a graph that we wrote, which is a fault of ours.
#[derive(Debug, Error)]
pub enum EngineError {
    /// The graph could not be loaded.
    #[error("the engine refused the encoder's graph")]
    Load(#[from] rten::LoadError),
    /// The graph lacks an input or output.
    #[error("the encoder's graph lacks an input or output")]
    Node(#[source] rten::RunError),
    /// The graph could not be run.
    #[error("the engine failed to run the encoder's graph")]
    Run(#[source] rten::RunError),
    /// The process is a fork of one that had loaded an encoder.
    #[error(
        "process {parent} had loaded an encoder before it was forked, and no fork of it can load another; load it before \
         the fork, or start the process anew (`spawn`)"
    )]
    Forked {
        /// The process that was forked.
        parent: u32,
    },
    /// The output is of another type or rank.
    #[error("the encoder's graph gives something other than [texts, tokens, width]")]
    Output(#[from] rten::TryFromValueError),
}

/// A loaded graph.
#[derive(Debug)]
pub(crate) struct Session {
    model: Model,
    input_ids: NodeId,
    token_types: Option<NodeId>,
    hidden: NodeId,
}

/// Threads that one batch runs on: made when they are first needed, and again in a process that was forked since.
#[derive(Debug)]
pub(crate) struct Threads {
    count: usize,
    /// The pool, and the process that its threads are in.
    pool: Mutex<Option<(u32, Arc<ThreadPool>)>>,
}

impl Threads {
    pub(crate) fn new(count: usize) -> Self {
        Self { count, pool: Mutex::new(None) }
    }

    fn pool(&self) -> Arc<ThreadPool> {
        let mut kept = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        let process = process::id();
        if let Some((owner, pool)) = &*kept
            && *owner == process
        {
            return Arc::clone(pool);
        }
        let pool = Arc::new(ThreadPool::with_num_threads(self.count));
        // Threads of a parent cannot be told to end: they are not here.
        std::mem::forget(kept.replace((process, Arc::clone(&pool))));
        pool
    }
}

/// Refuses to load in a process that was forked after a graph had been loaded: the engine's own threads stayed behind, and
/// it would wait for them for ever.
fn check_not_forked() -> Result<(), EngineError> {
    static LOADS_IN: OnceLock<u32> = OnceLock::new();
    let parent = *LOADS_IN.get_or_init(process::id);
    if parent == process::id() { Ok(()) } else { Err(EngineError::Forked { parent }) }
}

impl Session {
    /// Loads and optimises a graph. The constants are moved, not copied.
    pub(crate) fn load(graph: OnnxGraph) -> Result<Self, EngineError> {
        check_not_forked()?;
        let (model, weights) = graph.in_two_files(WEIGHTS);
        let mut options = ModelOptions::with_all_ops();
        // Packed weights take their size again, and save 3% of the time at 512 tokens a batch, 10% at 128
        // (MiniLM, Zen 3).
        options.external_data(WEIGHTS, weights).prepack_weights(true);
        let model = options.load(model)?;
        let node = |name| model.node_id(name).map_err(EngineError::Node);
        let (input_ids, hidden) = (node(INPUT_IDS)?, node(HIDDEN)?);
        let token_types = model.find_node(TOKEN_TYPE_IDS);
        Ok(Self { model, input_ids, token_types, hidden })
    }

    /// Hidden vectors `[texts, tokens, width]`, row-major, of texts that all have the same number of tokens.
    pub(crate) fn run(&self, texts: &[&TokenIds], threads: &Threads) -> Result<Vec<f32>, EngineError> {
        if let [text] = texts
            && text.ids.len() == 1
        {
            // The engine multiplies a single row in another way, with other rounding: it runs as two.
            let mut hidden = self.run(&[text, text], threads)?;
            hidden.truncate(hidden.len() / 2);
            return Ok(hidden);
        }
        let ids = matrix(texts, |text| &text.ids);
        let types = matrix(texts, |text| &text.types);
        let mut inputs = vec![(self.input_ids, ids.view().into())];
        inputs.extend(self.token_types.map(|node| (node, types.view().into())));
        let options = RunOptions::default().with_thread_pool(Some(threads.pool()));
        let [hidden] = self.model.run_n(inputs, [self.hidden], Some(options)).map_err(EngineError::Run)?;
        let hidden: NdTensor<f32, 3> = hidden.try_into()?;
        Ok(hidden.into_data())
    }
}

/// `[texts, tokens]`, as the i32 that the engine takes for whole numbers.
fn matrix(texts: &[&TokenIds], part: impl Fn(&TokenIds) -> &Vec<u32>) -> NdTensor<i32, 2> {
    let columns = texts.first().map_or(0, |text| part(text).len());
    let values: Vec<i32> = texts
        .iter()
        .flat_map(|text| part(text).iter())
        .map(|&id| i32::try_from(id).expect("ids were checked against a vocabulary below 2^24"))
        .collect();
    NdTensor::from_data([texts.len(), columns], values)
}

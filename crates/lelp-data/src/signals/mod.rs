//! Signals on disk: a folder of parts, written one by one, read by memory map.
//!
//! ```text
//! signals.json               what the parts hold, and whether they are all there
//! part-00000.safetensors     `row` u64 [n], `embeddings` f16 or f32 [n, width], `logits` f32 [n, classes],
//! part-00001.safetensors     `labels` i32 [n], -1 for none (the tensor may be missing)
//! parts.jsonl                while they are written: the parts that are there
//! head.safetensors           `weight` f32 [classes, width], `bias` f32 [classes] (the file may be missing)
//! ```
//!
//! Part `p` holds rows `p * part_rows ..` of the data set; only the last part may be shorter.

mod description;
mod embeddings;
mod error;
mod folder;
mod half_precision;
mod head;
mod journal;
mod part;
mod tensors;
mod writer;

pub use description::{PART_ROWS, Precision, SignalsDescription};
pub use embeddings::SignalsEmbeddings;
pub use error::{OtherLabel, SignalsFileError};
pub use folder::{SignalsFolder, StoredSignals};
pub use part::Part;
pub use writer::{Existing, SignalsWriter};

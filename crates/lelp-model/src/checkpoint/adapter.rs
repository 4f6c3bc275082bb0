//! Adapters, which are no model without the one that they were trained on.

use std::path::Path;

/// What a folder of PEFT holds, and what to do with it.
pub(crate) const ADAPTER: &str =
    "an adapter alone; merge it into its model (PEFT: `merge_and_unload()`) and save that";

/// Whether PEFT wrote an adapter into `folder`.
pub(crate) fn holds_adapter(folder: &Path) -> bool {
    folder.join("adapter_config.json").is_file()
}

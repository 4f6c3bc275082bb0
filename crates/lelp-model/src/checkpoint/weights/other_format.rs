//! Weights in formats that are not read, and how they become one that is.
//!
//! `PyTorch`'s own format is a pickle, which is a program: it is left to `PyTorch`, with `weights_only`.

use std::path::Path;

/// Files of other formats, and the program that writes `model.safetensors` from each; `{}` stands for the folder.
const OTHERS: [(&str, &str); 4] = [
    (
        "pytorch_model.bin",
        "import torch, safetensors.torch as s; \
         w = torch.load('{}/pytorch_model.bin', map_location='cpu', weights_only=True); \
         s.save_file({k: v.contiguous().clone() for k, v in w.items()}, '{}/model.safetensors', {'format': 'pt'})",
    ),
    (
        "pytorch_model.bin.index.json",
        "import glob, torch, safetensors.torch as s; \
         w = {k: v.contiguous().clone() for f in sorted(glob.glob('{}/pytorch_model-*.bin')) \
         for k, v in torch.load(f, map_location='cpu', weights_only=True).items()}; \
         s.save_file(w, '{}/model.safetensors', {'format': 'pt'})",
    ),
    (
        "tf_model.h5",
        "import transformers as t; c = t.AutoConfig.from_pretrained('{}'); \
         getattr(t, c.architectures[0]).from_pretrained('{}', from_tf=True).save_pretrained('{}')",
    ),
    (
        "flax_model.msgpack",
        "import transformers as t; c = t.AutoConfig.from_pretrained('{}'); \
         getattr(t, c.architectures[0]).from_pretrained('{}', from_flax=True).save_pretrained('{}')",
    ),
];

/// The weights in `folder` that are of another format, where there are some.
pub(super) fn find(folder: &Path) -> Option<&'static str> {
    OTHERS.iter().map(|&(file, _)| file).find(|file| folder.join(file).is_file())
}

/// The command that writes `model.safetensors` of `folder` from `file`, one that [`find`] knows.
pub(super) fn conversion(folder: &Path, file: &str) -> String {
    let program = OTHERS.iter().find(|(name, _)| *name == file).map_or("", |(_, program)| program);
    format!("python3 -c \"{}\"", program.replace("{}", &folder.display().to_string()))
}

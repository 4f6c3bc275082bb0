//! Embeds the lines of a file and says how fast: `embed FOLDER LINES THREADS REPEATS [OUT]`.
//!
//! Prints one number a repeat, examples per second, on standard output; writes the embeddings as
//! little-endian f32 `[lines, width]` to OUT.

use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Instant;

use lelp_infer::classifier::Text;
use lelp_infer::encoder::{Encoder, EncoderOptions};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, lines, threads, repeats, out @ ..] = arguments.as_slice() else {
        return Err("usage: embed FOLDER LINES THREADS REPEATS [OUT]".into());
    };
    let threads: NonZeroUsize = threads.parse()?;
    let lines = std::fs::read_to_string(lines)?;
    let texts: Vec<Text<'_>> = lines.lines().map(Text::from).collect();
    let encoder = Encoder::load(Path::new(folder), &EncoderOptions::new(threads))?;
    let mut stdout = std::io::stdout();
    for _ in 0..repeats.parse()? {
        let start = Instant::now();
        let embeddings = encoder.embed(&texts)?;
        writeln!(stdout, "{:.2}", texts.len() as f64 / start.elapsed().as_secs_f64())?;
        if let [out] = out {
            let bytes: Vec<u8> = embeddings.iter().flat_map(|value| value.to_le_bytes()).collect();
            std::fs::write(out, bytes)?;
        }
    }
    Ok(())
}

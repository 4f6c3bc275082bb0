//! Embeds the lines of a file and says how fast: `embed FOLDER LINES THREADS REPEATS CALL PRECISION [OUT]`.
//!
//! PRECISION is `f32` or `int8`; CALL is the number of texts given to the encoder at a time; 0 gives all at once. Prints one number a
//! repeat, examples per second, on standard output; writes the embeddings as little-endian f32
//! `[lines, width]` to OUT.

use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Instant;

use lelp_data::Text;
use lelp_model::encoder::{Encoder, EncoderLoadOptions, EncoderPrecision};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, lines, threads, repeats, call, precision, out @ ..] = arguments.as_slice() else {
        return Err("usage: embed FOLDER LINES THREADS REPEATS CALL PRECISION [OUT]".into());
    };
    let threads: NonZeroUsize = threads.parse()?;
    let lines = std::fs::read_to_string(lines)?;
    let texts: Vec<Text<'_>> = lines.lines().map(Text::from).collect();
    let precision = match precision.as_str() {
        "f32" => EncoderPrecision::F32,
        "int8" => EncoderPrecision::Int8,
        other => return Err(format!("`{other}` is neither f32 nor int8").into()),
    };
    let options = EncoderLoadOptions { precision, ..EncoderLoadOptions::new(threads) };
    let encoder = Encoder::load(Path::new(folder), &options)?;
    let call = match call.parse()? {
        0 => texts.len(),
        call => call,
    };
    let mut stdout = std::io::stdout();
    for _ in 0..repeats.parse()? {
        let start = Instant::now();
        let mut embeddings = Vec::with_capacity(texts.len() * encoder.width());
        for call in texts.chunks(call) {
            embeddings.extend(encoder.embed(call)?);
        }
        writeln!(stdout, "{:.2}", texts.len() as f64 / start.elapsed().as_secs_f64())?;
        if let [out] = out {
            let bytes: Vec<u8> = embeddings.iter().flat_map(|value| value.to_le_bytes()).collect();
            std::fs::write(out, bytes)?;
        }
    }
    Ok(())
}

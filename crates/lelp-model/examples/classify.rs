//! Classifies the lines of standard input: `classify FOLDER < LINES`.
//!
//! Prints class, probability and text, as `lelp predict` does, without a command line or anything that trains.

use std::io::{self, BufRead as _, BufWriter, Write as _};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("usage: classify FOLDER < LINES")?;
    let model = lelp_model::load(folder)?;
    let mut scratch = model.scratch();
    let mut logits = vec![0.0; model.labels().len()];
    let mut out = BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        let line = line?;
        model.text_logits(&line.as_str().into(), &mut scratch, &mut logits)?;
        let class = lelp::argmax(&logits);
        let probabilities = lelp::softmax(&logits, logits.len())?;
        writeln!(out, "{}\t{:.4}\t{line}", model.labels()[class], probabilities[class])?;
    }
    Ok(out.flush()?)
}

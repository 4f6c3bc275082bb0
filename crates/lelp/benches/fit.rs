//! Speed of the fit and of targets against bare matrix products of the same data, in one run.
//!
//! Rows come in parts of 2048, each checked first, as `lelp fit` reads them from a folder of signals.
//! `cargo bench -p lelp` prints medians and ratios; only the ratios mean something. Set by environment:
//! `LELP_BENCH_ROWS` (200000), `LELP_BENCH_THREADS` (all), `LELP_BENCH_SAMPLES` (5),
//! `LELP_BENCH_EXPORT` (a folder that receives `embeddings.f32` `[rows, 768]`, `classes.u8` `[rows]` and
//! `spectra.f64` `[2, 767]`, the variances that the fit found).
#![allow(clippy::print_stdout, reason = "a bench talks")]

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Instant;

use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, Mat, MatMut, MatRef, Par};
use lelp::subclass::DirectionsFit;
use lelp::{
    Embeddings, Head, LelpSettings, Members, MomentsBuilder, Signals, SignalsParts, SubclassFit,
    TargetSettings,
};

const WIDTH: usize = 768;
const SUBCLASSES: usize = 8;
const OUTPUTS: usize = 2 * SUBCLASSES;
/// Rows of a part of a folder of signals, unless asked otherwise.
const PART_ROWS: usize = 2048;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rows = setting("LELP_BENCH_ROWS", 200_000);
    let all = std::thread::available_parallelism()?.get();
    let threads = NonZeroUsize::new(setting("LELP_BENCH_THREADS", all)).ok_or("no threads")?;
    let samples = setting("LELP_BENCH_SAMPLES", 5);

    let (embeddings, head) = made_up(rows)?;
    let logits: Vec<f32> = embeddings.chunks(WIDTH).flat_map(|row| [-row[0], row[0]]).collect();
    let signals = Signals::new(signals_parts(&embeddings, &logits, 0))?;
    let settings = LelpSettings {
        subclasses: NonZeroUsize::new(SUBCLASSES).ok_or("no subclasses")?,
        ..LelpSettings::default()
    };
    let moments_and_fit = || -> Result<_, Box<dyn std::error::Error>> {
        let mut moments = MomentsBuilder::new(2, WIDTH, threads);
        let parts = embeddings.chunks(PART_ROWS * WIDTH).zip(logits.chunks(PART_ROWS * 2));
        for (part, (embeddings, logits)) in parts.enumerate() {
            let signals = Signals::new(signals_parts(embeddings, logits, part * PART_ROWS))?;
            moments.add(&signals, Members::Teacher)?;
        }
        let moments = moments.finish();
        let start = Instant::now();
        let fit = settings.fit_moments(&moments, Some(&head), threads)?;
        Ok((fit, start.elapsed().as_secs_f64()))
    };
    let (fit, _) = moments_and_fit()?;
    if let Some(folder) = std::env::var_os("LELP_BENCH_EXPORT") {
        export(Path::new(&folder), &embeddings, &logits, &fit)?;
    }
    let mut times: [Vec<f64>; 6] = Default::default();
    for _ in 0..samples {
        let parts = signals_parts(&embeddings, &logits, 0);
        times[0].push(seconds(|| Signals::new(parts).is_ok()));
        let mut inner = 0.0;
        times[1].push(seconds(|| inner = moments_and_fit().map_or(f64::NAN, |(_, fit)| fit)));
        times[2].push(inner);
        times[3].push(seconds(|| bare_self_product(&embeddings, threads)));
        times[4].push(seconds(|| fit.targets(&signals, None, TargetSettings::default(), threads)));
        times[5].push(seconds(|| bare_product(&embeddings, fit.projection(), threads)));
    }
    let [check, whole, inner, square, targets, product] = times.map(median);
    println!("{rows} x {WIDTH} f32, 2 classes, S = {SUBCLASSES}, {threads} threads, median of {samples}");
    println!("moments and fit           {whole:8.3} s (of that the fit {inner:.3} s, checking {check:.3} s)");
    println!("bare triangular X^T X     {square:8.3} s   ratio {:.2}", whole / square);
    println!("targets                   {targets:8.3} s");
    println!("bare product with [{WIDTH}, {OUTPUTS}] {product:6.3} s   ratio {:.2}", targets / product);
    Ok(())
}

fn setting(name: &str, otherwise: usize) -> usize {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(otherwise)
}

fn signals_parts<'a>(embeddings: &'a [f32], logits: &'a [f32], first_row: usize) -> SignalsParts<'a> {
    let embeddings = Embeddings::F32(embeddings);
    SignalsParts { embeddings, width: WIDTH, logits, classes: 2, labels: None, first_row: first_row as u64 }
}

/// Embeddings with a falling spectrum about a mean of 0.5 (a linear congruential generator, summed in
/// fours), and the head that reads their first column.
fn made_up(rows: usize) -> Result<(Vec<f32>, Head), lelp::SignalsError> {
    let mut state = 1_u64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1_u64 << 24) as f32 - 0.5
    };
    let mut embeddings = Vec::with_capacity(rows * WIDTH);
    for _ in 0..rows {
        for column in 0..WIDTH {
            let deviation = 1.0 / (1.0 + column as f32 / 32.0);
            let mean = if column == 0 { 0.0 } else { 0.5 };
            embeddings.push(mean + deviation * (uniform() + uniform()));
        }
    }
    let mut weight = vec![0.0; 2 * WIDTH];
    (weight[0], weight[WIDTH]) = (-1.0, 1.0);
    Ok((embeddings, Head::new(&weight, &[0.0, 0.0], WIDTH)?))
}

fn export(folder: &Path, embeddings: &[f32], logits: &[f32], fit: &DirectionsFit) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("embeddings.f32"), bytemuck::cast_slice(embeddings))?;
    let classes: Vec<u8> = logits.chunks(2).map(|row| u8::from(row[1] > row[0])).collect();
    std::fs::write(folder.join("classes.u8"), classes)?;
    let spectra: Vec<f64> = fit.findings().iter().flat_map(|found| found.spectrum.clone()).collect();
    std::fs::write(folder.join("spectra.f64"), bytemuck::cast_slice(&spectra))
}

fn seconds<R>(work: impl FnOnce() -> R) -> f64 {
    let start = Instant::now();
    black_box(work());
    start.elapsed().as_secs_f64()
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// The whole of `X^T X` in one call, lower triangle.
fn bare_self_product(embeddings: &[f32], threads: NonZeroUsize) -> Mat<f32> {
    let transposed = MatRef::from_column_major_slice(embeddings, WIDTH, embeddings.len() / WIDTH);
    let mut square = Mat::<f32>::zeros(WIDTH, WIDTH);
    triangular::matmul(
        square.as_mut(),
        BlockStructure::TriangularLower,
        Accum::Replace,
        transposed,
        BlockStructure::Rectangular,
        transposed.transpose(),
        BlockStructure::Rectangular,
        1.0,
        Par::rayon(threads.get()),
    );
    square
}

fn bare_product(embeddings: &[f32], projection: &[f32], threads: NonZeroUsize) -> Vec<f32> {
    let rows = embeddings.len() / WIDTH;
    let mut result = vec![0.0_f32; rows * OUTPUTS];
    matmul(
        MatMut::from_row_major_slice_mut(&mut result, rows, OUTPUTS),
        Accum::Replace,
        MatRef::from_row_major_slice(embeddings, rows, WIDTH),
        MatRef::from_row_major_slice(projection, WIDTH, OUTPUTS),
        1.0,
        Par::rayon(threads.get()),
    );
    result
}

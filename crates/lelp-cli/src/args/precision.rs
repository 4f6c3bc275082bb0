//! The precision that an encoder runs in, and what it may lose.

use std::path::Path;

use clap::ValueEnum;
use lelp_data::{Dataset, Table, Text};
use lelp_model::encoder::{Encoder, EncoderLoadOptions, EncoderPrecision};
use lelp_model::{LoadOptions, Predictor, load_model};
use lelp_train::evaluate::{PrecisionReport, compare_precisions};

use super::{GlobalArgs, points};
use crate::command_error::{CommandError, describe_precision};
use crate::failure::Failure;
use crate::printer::Printer;

/// Rows of a sample, at most.
pub(crate) const SAMPLE: usize = 512;

/// Embeddings that are further from those in f32 in the mean are refused: no answers tell what they lose.
const LEAST_COSINE: f64 = 0.99;

/// Precision of an encoder, where its answers can be held against those in f32.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct PrecisionArgs {
    #[command(flatten)]
    pub(crate) run_in: RunInArgs,

    /// Points of accuracy that int8 may lose, in expectation or beyond chance, on up to 512 of the rows
    #[arg(long, value_name = "POINTS", value_parser = points, default_value = "0.1")]
    max_drop: f64,
}

/// Precision of an encoder.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct RunInArgs {
    /// Precision of the products of the model's encoder; int8 is for processors with AVX-512 VNNI, about twice as fast there
    #[arg(long, value_enum, value_name = "TYPE", default_value = "f32")]
    precision: PrecisionArg,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PrecisionArg {
    F32,
    Int8,
}

impl RunInArgs {
    pub(crate) fn precision(self) -> EncoderPrecision {
        match self.precision {
            PrecisionArg::F32 => EncoderPrecision::F32,
            PrecisionArg::Int8 => EncoderPrecision::Int8,
        }
    }

    pub(crate) fn options(self, global: &GlobalArgs) -> LoadOptions {
        LoadOptions { precision: self.precision(), ..global.threads().into() }
    }

    /// What to say where the precision is asked for its speed, and this processor has none to give.
    pub(crate) fn warning(self) -> Option<String> {
        let (is_fast, name) = (self.precision().is_fast(), self.precision().name());
        (!is_fast).then(|| format!("this processor has no AVX-512 VNNI: {name} is slower than f32 on it"))
    }

    /// Warns of that.
    pub(crate) fn warn(self, printer: Printer) {
        if let Some(warning) = self.warning() {
            printer.warn(&warning);
        }
    }
}

impl PrecisionArgs {
    pub(crate) fn precision(self) -> EncoderPrecision {
        self.run_in.precision()
    }

    /// Whether nothing is lost.
    pub(crate) fn is_exact(self) -> bool {
        self.precision() == EncoderPrecision::F32
    }

    pub(crate) fn options(self, global: &GlobalArgs) -> LoadOptions {
        self.run_in.options(global)
    }

    /// Says that nothing is held against f32 where rows cannot be read twice.
    pub(crate) fn warn_unmeasured(self, printer: Printer) {
        self.run_in.warn(printer);
        if !self.is_exact() {
            let name = self.precision().name();
            printer.note(&format!(
                "what {name} costs is not measured here: `lelp eval --precision {name}` does"
            ));
        }
    }

    /// Holds `model`, of `folder`, against itself in f32 on some rows of `data`, says what it loses, and refuses too much;
    /// nothing where it is in f32.
    pub(crate) fn check(
        self,
        model: &dyn Predictor,
        folder: &Path,
        data: &Dataset,
        global: &GlobalArgs,
        printer: Printer,
    ) -> Result<Option<PrecisionReport>, Failure> {
        let sample = spread_rows(data);
        self.check_rows(model, folder, sample.table(), sample.labels(), global, printer)
    }

    /// The same on all of `rows`.
    pub(crate) fn check_rows(
        self,
        model: &dyn Predictor,
        folder: &Path,
        rows: &Table,
        labels: Option<&[Option<u32>]>,
        global: &GlobalArgs,
        printer: Printer,
    ) -> Result<Option<PrecisionReport>, Failure> {
        if self.is_exact() || rows.rows() == 0 {
            return Ok(None);
        }
        self.run_in.warn(printer);
        let exact = load_model(folder, global.threads())?;
        let report = compare_precisions(exact.as_ref(), model, rows, labels)?;
        let name = self.precision().name();
        printer.step(name, &describe_precision(&report, name));
        if report.loses_more_than(self.max_drop) {
            return Err(CommandError::Precision { precision: name, report, most: self.max_drop }.into());
        }
        Ok(Some(report))
    }
}

impl RunInArgs {
    /// Loads the frozen encoder in `folder` and, where it is not in f32, says how close its embeddings of some rows of `data`
    /// are to those in f32; refuses what is far from them.
    pub(crate) fn load_encoder(
        self,
        folder: &Path,
        data: &Dataset,
        global: &GlobalArgs,
        printer: Printer,
    ) -> Result<Encoder, Failure> {
        let exact = EncoderLoadOptions::new(global.threads());
        let encoder = Encoder::load(folder, &EncoderLoadOptions { precision: self.precision(), ..exact })?;
        if self.precision() == EncoderPrecision::F32 || data.rows() == 0 {
            return Ok(encoder);
        }
        self.warn(printer);
        let sample = spread_rows(data);
        let texts: Vec<Text<'_>> = sample.texts()?.collect();
        let (found, wanted) = (encoder.embed(&texts)?, Encoder::load(folder, &exact)?.embed(&texts)?);
        let rows = found.chunks_exact(encoder.width()).zip(wanted.chunks_exact(encoder.width()));
        let cosines: Vec<f64> = rows.map(|(found, wanted)| cosine(found, wanted)).collect();
        let mean = cosines.iter().sum::<f64>() / cosines.len() as f64;
        let least = cosines.iter().copied().fold(f64::INFINITY, f64::min);
        let (name, rows) = (self.precision().name(), cosines.len());
        printer.step(
            name,
            &format!("cosine to the embeddings in f32 on {rows} rows: mean {mean:.4}, least {least:.4}"),
        );
        if mean >= LEAST_COSINE {
            Ok(encoder)
        } else {
            Err(CommandError::Cosine { precision: name, mean, least: LEAST_COSINE }.into())
        }
    }
}

/// At most [`SAMPLE`] rows, evenly spread.
fn spread_rows(data: &Dataset) -> Dataset {
    let rows = data.rows().min(SAMPLE);
    data.select(&(0..rows).map(|row| row * data.rows() / rows).collect::<Vec<_>>())
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let product =
        |a: &[f32], b: &[f32]| -> f64 { a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum() };
    product(a, b) / (product(a, a) * product(b, b)).sqrt().max(f64::MIN_POSITIVE)
}

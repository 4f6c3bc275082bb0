//! What is tried where a recipe or a flag says `auto`.

use lelp::subclass::KmeansSettings;
use lelp::{LelpSettings, MakerSettings, Search};
use lelp_method::{KdSettings, Objective, SplitMethod};
use lelp_train::training::TrainSettings;
use toml::Value;

use super::{AutoError, AutoSpec, MaybeAuto};
use crate::space::{SpaceError, Trial};

/// Numbers that are tried of each of two methods where the method is auto.
const FEW_DIRECTIONS: [i64; 2] = [4, 8];
const FEW_CLUSTERS: [i64; 2] = [8, 32];

/// Widths around a method's own that are tried for the best of them.
const WIDTHS: [f64; 2] = [0.5, 2.0];

/// What they are compared with: the same without a split.
pub(super) fn without_split(method: &Objective) -> Objective {
    let kd = KdSettings { alpha: method.base.alpha(), temperature: method.base.temperature() };
    Objective { base: kd.into(), add: method.add.clone() }
}

/// The splits that are tried first.
pub(super) fn splits(method: &Objective, auto: &AutoSpec) -> Result<Vec<Objective>, AutoError> {
    let open = match *auto {
        AutoSpec::Method { subclasses, beta } => return splits_of_both(method, subclasses, beta),
        AutoSpec::Split { subclasses, .. } => subclasses,
    };
    let parameters = method.base.parameters();
    let subclasses = parameters.iter().find(|parameter| parameter.name == "subclasses");
    let Some(Search::Choices(tried)) = subclasses.map(|subclasses| subclasses.search) else {
        return Err(AutoError::NoSplit(method.base.name().to_owned()));
    };
    if !open {
        return Ok(vec![method.clone()]);
    }
    let candidate = |&number: &f64| Ok(with(method, "subclasses", Value::Integer(number as i64))?);
    tried.iter().map(candidate).collect()
}

/// Directions and clusters, with what was given of them.
fn splits_of_both(
    method: &Objective,
    subclasses: MaybeAuto<i64>,
    beta: MaybeAuto<f64>,
) -> Result<Vec<Objective>, AutoError> {
    let (alpha, temperature) = (method.base.alpha(), method.base.temperature());
    let split = |maker: MakerSettings| SplitMethod { alpha, temperature, ..SplitMethod::new(maker) };
    let directions = split(LelpSettings::default().into());
    let clusters = split(KmeansSettings::default().into());
    let both = [(directions, FEW_DIRECTIONS), (clusters, FEW_CLUSTERS)];
    let mut splits = Vec::new();
    for (base, numbers) in both {
        let method = Objective { base: base.into(), add: method.add.clone() };
        for number in subclasses.given().map_or(numbers.to_vec(), |given| vec![given]) {
            let split = with(&method, "subclasses", Value::Integer(number))?;
            splits.push(match beta {
                MaybeAuto::Given(beta) => with(&split, "beta", Value::Float(beta))?,
                MaybeAuto::Auto => split,
            });
        }
    }
    Ok(splits)
}

/// The same split at other widths.
pub(super) fn widths(method: &Objective) -> Result<Vec<Objective>, AutoError> {
    let Some(split) = method.base.split() else { return Err(AutoError::NoSplit(method.name())) };
    let wider = |factor: f64| Ok(with(method, "beta", Value::Float(factor * split.beta.get()))?);
    WIDTHS.into_iter().map(wider).collect()
}

/// How many are tried at most; none of a method without a split.
pub(super) fn count(method: &Objective, auto: &AutoSpec) -> usize {
    let widths = if tries_widths(auto) { WIDTHS.len() } else { 0 };
    splits(method, auto).map_or(0, |splits| 1 + splits.len() + widths)
}

/// Whether other widths of the best are tried. Where the method is to be chosen its own is as good as any.
pub(super) fn tries_widths(auto: &AutoSpec) -> bool {
    matches!(auto, AutoSpec::Split { beta: true, .. })
}

/// `method` with one setting changed.
fn with(method: &Objective, key: &str, value: Value) -> Result<Objective, SpaceError> {
    let trial = Trial { method: method.clone(), train: TrainSettings::ngram() };
    Ok(trial.set(key, value)?.method)
}

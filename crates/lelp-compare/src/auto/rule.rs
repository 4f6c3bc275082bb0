//! A rule on the teacher's embeddings alone: where classes fall into clusters, split them so; elsewhere do not.

use std::num::NonZeroUsize;

use lelp::ClusterGap;
use lelp_train::data::SignalsFolder;
use lelp_train::distill::gaps;
use lelp_train::method::{ClusterSplitSettings, Combination, KdSettings, MethodSettings};
use toml::Value;

use super::{AutoError, Open, with};

/// Numbers of clusters of each class that are looked for.
const CLUSTERS: [usize; 4] = [4, 8, 16, 32];

/// Share of a class's variance that clusters must hold beyond chance, for a split to be worth it: in the book's tables
/// k-means is above `kd` wherever there is more, now above and now below from 0.15 on, and hardly ever above below that.
const WORTH_A_SPLIT: f64 = 0.2;

/// The widest gap.
pub(super) fn widest(gaps: &[ClusterGap]) -> Option<&ClusterGap> {
    gaps.iter().max_by(|a, b| a.gap().total_cmp(&b.gap()))
}

/// `kmeans` with the number of clusters that leaves the largest gap, or `kd` where no gap is large.
pub(super) fn choose(
    signals: &SignalsFolder,
    method: &Combination,
    open: Open,
    threads: NonZeroUsize,
) -> Result<(Combination, Vec<ClusterGap>), AutoError> {
    let given = open.given_subclasses.and_then(|count| usize::try_from(count).ok());
    let numbers = given.map_or(CLUSTERS.to_vec(), |count| vec![count]);
    let numbers: Vec<NonZeroUsize> = numbers.into_iter().filter_map(NonZeroUsize::new).collect();
    let gaps = gaps(signals, &numbers, threads)?;
    let (alpha, temperature) = (method.base.alpha(), method.base.temperature());
    let Some(best) = widest(&gaps).filter(|best| best.gap() >= WORTH_A_SPLIT) else {
        let kd = MethodSettings::Kd(KdSettings { alpha, temperature });
        return Ok((Combination { base: kd, add: method.add.clone() }, gaps));
    };
    let kmeans = ClusterSplitSettings { alpha, temperature, ..ClusterSplitSettings::default() };
    let kmeans = Combination { base: MethodSettings::Kmeans(kmeans), add: method.add.clone() };
    let count = i64::try_from(best.clusters).unwrap_or(i64::MAX);
    let mut chosen = with(&kmeans, "subclasses", Value::Integer(count))?;
    if let Some(beta) = open.given_beta {
        chosen = with(&chosen, "beta", Value::Float(beta))?;
    }
    Ok((chosen, gaps))
}

//! Laws of the clusterings, in absolute units, and goldens of other implementations.

use serde::Deserialize;

use super::kmeans::{KmeansTask, kmeans, nearest};
use super::points::{Centres, Points};
use super::tsne::{Perplexity, tsne};
use super::ward::ward;
use crate::blocks::Workers;
use crate::testing::{ONE, noise, number};

#[derive(Deserialize)]
struct Golden {
    width: usize,
    clusters: usize,
    points: Vec<f32>,
    kmeans_inertia: f64,
    ward: Vec<usize>,
}

/// Made by `goldens/clusters.py`.
fn golden() -> (Golden, Points) {
    let golden: Golden = serde_json::from_str(include_str!("../../goldens/clusters.json")).unwrap();
    let points = Points::raw(golden.points.clone(), golden.width);
    (golden, points)
}

fn task(clusters: usize, starts: usize, iterations: usize) -> KmeansTask {
    KmeansTask { clusters, starts, iterations, seed: 0, class: 0 }
}

fn neighbours(count: f64) -> Perplexity {
    Perplexity::new(count).unwrap()
}

/// Sum of squared distances to the nearest centre, by hand in `f64`.
fn squares(points: &Points, centres: &[f64]) -> f64 {
    let distance = |row: &[f32], centre: &[f64]| -> f64 {
        row.iter().zip(centre).map(|(&x, c)| (f64::from(x) - c).powi(2)).sum()
    };
    let least =
        |row| centres.chunks(points.width).map(|centre| distance(row, centre)).fold(f64::INFINITY, f64::min);
    points.values.chunks(points.width).map(least).sum()
}

/// `groups` groups of `each` points, far from each other.
pub(super) fn groups(groups: usize, each: usize, width: usize) -> Vec<f32> {
    let mut values = noise(groups * each * width, 3);
    for (row, values) in values.chunks_mut(width).enumerate() {
        let group = row % groups;
        values[group % width] += 20.0 * (1 + group / width) as f32;
    }
    values
}

#[test]
fn kmeans_finds_the_squares_of_scikit_learns_best_of_a_hundred() {
    let (golden, points) = golden();
    let centres = kmeans(&points, &task(golden.clusters, 20, 300), &Workers::new(ONE));
    let found = squares(&points, &centres);
    assert!((found / golden.kmeans_inertia - 1.0).abs() < 1e-5, "{found} {}", golden.kmeans_inertia);
}

#[test]
fn ward_cuts_the_tree_as_scikit_learn_and_scipy() {
    let (golden, points) = golden();
    assert_eq!(ward(&points, golden.clusters, &Workers::new(ONE)), golden.ward);
}

#[test]
fn an_iteration_never_raises_the_squares() {
    for (rows, width, clusters) in [(50, 1, 3), (1025, 7, 8), (2100, 33, 5)] {
        let points = Points::raw(noise(rows * width, 5), width);
        let workers = Workers::new(ONE);
        let mut before = f64::INFINITY;
        for iterations in 1..12 {
            let found = squares(&points, &kmeans(&points, &task(clusters, 1, iterations), &workers));
            assert!(found <= before * (1.0 + 1e-6), "{found} after {before}");
            before = found;
        }
    }
}

#[test]
fn a_converged_centre_is_the_mean_of_its_rows() {
    let points = Points::raw(noise(3000 * 6, 5), 6);
    let found = kmeans(&points, &task(4, 2, 500), &Workers::new(ONE));
    let centres = Centres::new(&found, 6);
    let mut sums = [0.0; 24];
    let mut counts = [0.0; 4];
    for block in 0..points.blocks() {
        for (row, distances) in points.block(block).zip(points.distances(block, &centres).chunks(4)) {
            let label = nearest(distances);
            counts[label] += 1.0;
            points.row(row).iter().enumerate().for_each(|(j, &x)| sums[label * 6 + j] += f64::from(x));
        }
    }
    for (place, centre) in found.iter().enumerate() {
        // Iterations end when the squares fall by less than a millionth: centres then move by its root.
        assert!((sums[place] / counts[place / 6] - centre).abs() < 1e-2);
    }
}

#[test]
fn groups_far_apart_are_found_by_every_algorithm() {
    let points = Points::raw(groups(5, 60, 4), 4);
    let workers = Workers::new(ONE);
    let coordinates = Points::raw(tsne(&points, neighbours(20.0), 1).unwrap(), 2);
    let of_map = kmeans(&coordinates, &task(5, 8, 100), &workers);
    let of_points = kmeans(&points, &task(5, 8, 100), &workers);
    let labels = |points: &Points, centres: &[f64]| -> Vec<usize> {
        let centres = Centres::new(centres, points.width);
        points.distances(0, &centres).chunks(5).map(nearest).collect()
    };
    for labels in [labels(&coordinates, &of_map), labels(&points, &of_points), ward(&points, 5, &workers)] {
        for (row, label) in labels.iter().enumerate() {
            assert_eq!(*label, labels[row % 5], "rows of one group stay together");
        }
        let mut distinct = labels[..5].to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), 5, "groups stay apart");
    }
}

#[test]
fn row_order_changes_clusters_only_by_their_names() {
    let (_, points) = golden();
    let backwards: Vec<f32> = points.values.chunks(points.width).rev().flatten().copied().collect();
    let backwards = Points::raw(backwards, points.width);
    let workers = Workers::new(ONE);
    let sorted = |points: &Points| {
        let centres = kmeans(points, &task(6, 20, 300), &workers);
        let mut centres: Vec<Vec<f64>> = centres.chunks(points.width).map(<[f64]>::to_vec).collect();
        centres.sort_by(|a, b| a[0].total_cmp(&b[0]));
        centres.concat()
    };
    for (a, b) in sorted(&points).iter().zip(sorted(&backwards)) {
        assert!((a - b).abs() < 1e-4, "{a} {b}");
    }
    let forwards = ward(&points, 6, &workers);
    let turned: Vec<usize> = ward(&backwards, 6, &workers).into_iter().rev().collect();
    let pairs: std::collections::BTreeSet<(usize, usize)> = forwards.into_iter().zip(turned).collect();
    assert_eq!(pairs.len(), 6);
}

#[test]
fn equal_points_and_more_clusters_than_points_break_nothing() {
    let workers = Workers::new(ONE);
    for values in [vec![0.5; 60], vec![0.0; 60]] {
        let points = Points::raw(values.clone(), 3);
        let centres = kmeans(&points, &task(4, 2, 10), &workers);
        assert!(centres.iter().all(|x| (*x as f32 - values[0]).abs() < 1e-6));
        assert!(ward(&points, 4, &workers).into_iter().all(|label| label < 4));
        assert!(tsne(&points, neighbours(5.0), 0).unwrap().iter().all(|x| x.is_finite()));
    }
    let two = Points::raw([[1.0, 0.0], [3.0, 0.0]].repeat(10).concat(), 2);
    assert!(squares(&two, &kmeans(&two, &task(5, 3, 20), &workers)) < 1e-9);
}

#[test]
fn the_bytes_are_the_same_with_any_number_of_threads() {
    let points = Points::raw(noise(5000 * 9, 2), 9);
    let run = |threads| kmeans(&points, &task(5, 3, 20), &Workers::new(number(threads)));
    let small = Points::raw(noise(300 * 9, 2), 9);
    let map = |threads| {
        let mut maps = Vec::new();
        Workers::new(number(threads)).in_order(
            2,
            |seed| tsne(&small, neighbours(15.0), seed as u64).unwrap(),
            |map| maps.push(map),
        );
        maps
    };
    for threads in [2, 3, 8] {
        assert!(run(threads) == run(1), "{threads} threads");
        assert!(map(threads) == map(1), "{threads} threads");
    }
}

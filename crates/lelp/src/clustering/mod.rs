//! Clustering algorithms over the rows of one class; they know nothing of subclasses.

mod assignment;
mod kmeans;
#[cfg(test)]
mod laws;
mod points;
mod tsne;
mod ward;

pub(crate) use assignment::{means_of_clusters, nearest_centres};
pub(crate) use kmeans::{KmeansTask, kmeans};
pub(crate) use points::Points;
pub use tsne::Perplexity;
pub(crate) use tsne::{LEAST_ROWS, tsne};
pub(crate) use ward::ward;

//! What a reader wants to know of a method before using it.

use serde::Serialize;

use super::guard::Degeneracy;
use super::settings::MethodSettings;
use super::supervision::Needs;

/// A method, told.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MethodDescription {
    /// Its name.
    pub name: &'static str,
    /// What the student is trained to match.
    pub summary: &'static str,
    /// What it learns from.
    pub needs: Needs,
    /// Its settings, as they are without being set.
    pub defaults: MethodSettings,
    /// What is left of it with two classes, where that is less than it promises.
    pub two_classes: Option<Degeneracy>,
    /// Where its definition is from.
    pub source: &'static str,
}

impl MethodSettings {
    /// What the student is trained to match, in a line.
    #[must_use]
    pub fn summary(&self) -> &'static str {
        match self {
            Self::Ce(_) => "The labels alone",
            Self::Kd(_) => "The teacher's probabilities",
            Self::Lelp(_) => "Subclasses along linear directions of the teacher's embeddings",
            Self::Kmeans(_) => "Clusters of the teacher's embeddings by k-means",
            Self::Agglomerative(_) => "Clusters of the teacher's embeddings by Ward's method",
            Self::TsneKmeans(_) => "Clusters of the teacher's embeddings by t-SNE and k-means",
            Self::RandomProjection(_) => "Subclasses along random directions: a control",
            Self::RandomSubclass(_) => "A fixed random split of each row: a control, a wider output alone",
            Self::Oracle(_) => "The fine labels of the data: an upper bound",
            Self::Subclass(_) => {
                "The subclasses that the teacher was taught to make (`lelp teach --subclasses`)"
            }
            Self::Dkd(_) => "The probability of the label's class, and those among the others, apart",
            Self::Dist(_) => "Correlations of probabilities, inside rows and inside classes",
            Self::Lskd(_) => "The teacher's probabilities from standardised logits",
            Self::Fitnet(_) => "`kd`, and the teacher's embedding through a learned regressor",
            Self::Vid(_) => "`kd`, and the teacher's embedding with a learned mean and variance",
            Self::Rkd(_) => "`kd`, and distances and angles between the teacher's embeddings",
            Self::Crd(_) => "`kd`, and which teacher embedding is a row's own, among those of other classes",
        }
    }

    /// Where the definition is from.
    #[must_use]
    pub fn source(&self) -> &'static str {
        match self {
            Self::Ce(_) => "",
            Self::Kd(_) => "Hinton, Vinyals and Dean 2015, arXiv:1503.02531",
            Self::Lelp(_) => "Loo, Iliopoulos, Hu and Vee 2024, arXiv:2409.20449",
            Self::Kmeans(_) => "Lloyd 1982; Arthur and Vassilvitskii 2007; as a split in arXiv:2409.20449",
            Self::Agglomerative(_) => "Ward 1963; as a split in arXiv:2409.20449",
            Self::TsneKmeans(_) => "van der Maaten and Hinton 2008; as a split in arXiv:2409.20449",
            Self::RandomProjection(_) | Self::RandomSubclass(_) | Self::Oracle(_) => {
                "a control of this project"
            }
            Self::Subclass(_) => "Mueller, Kornblith and Hinton 2020, arXiv:2002.03936",
            Self::Dkd(_) => "Zhao et al. 2022, arXiv:2203.08679",
            Self::Dist(_) => "Huang et al. 2022, arXiv:2205.10536",
            Self::Lskd(_) => "Sun et al. 2024, arXiv:2403.01427",
            Self::Fitnet(_) => "Romero et al. 2015, arXiv:1412.6550",
            Self::Vid(_) => "Ahn et al. 2019, arXiv:1904.05835",
            Self::Rkd(_) => "Park et al. 2019, arXiv:1904.05068",
            Self::Crd(_) => "Tian, Krishnan and Isola 2020, arXiv:1910.10699",
        }
    }

    /// The method with its defaults, told.
    #[must_use]
    pub fn description(&self) -> MethodDescription {
        MethodDescription {
            name: self.name(),
            summary: self.summary(),
            needs: self.needs(),
            defaults: *self,
            two_classes: self.degeneracy(2),
            source: self.source(),
        }
    }
}

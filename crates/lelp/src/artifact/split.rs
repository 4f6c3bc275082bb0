//! Any fit as bytes.

use safetensors::tensor::SafeTensors;
use serde::{Deserialize, Serialize};

use super::{ArtifactError, Incoming, Opening, clusters, directions, metadata, write};
use crate::error::ShapeError;
use crate::subclass::lelp::LelpFit;
use crate::subclass::{ClusterFit, OracleFit, RandomSubclassFit, RandomSubclassSettings, SubclassFit};

const RANDOM: &str = "lelp random subclasses";
const ORACLE: &str = "lelp fine labels";
const ANY: &str = "lelp subclasses";
/// A random split has no tensor whose size would bound its subclasses.
const MOST_SUBCLASSES: usize = 1 << 16;

#[derive(Serialize, Deserialize)]
struct RandomMetadata {
    settings: RandomSubclassSettings,
    members: Vec<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    label_names: Option<Vec<String>>,
}

#[derive(Serialize, Deserialize)]
struct OracleMetadata {
    /// `[classes]`, each its fine labels with the rows they were seen in.
    fine: Vec<Vec<(u32, u64)>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fine_names: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    label_names: Option<Vec<String>>,
}

impl SubclassFit {
    /// The fit as the bytes of a safetensors file; same fit, same bytes.
    ///
    /// Directions and clusters hold `projection` `[width, classes * per_class]` and `offset`
    /// `[classes * per_class]`, f32: scores are `embeddings projection - offset`. A random split and fine
    /// labels are metadata alone.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Directions(fit) => fit.to_bytes(),
            Self::Clusters(fit) => fit.to_bytes(),
            Self::RandomSubclass(fit) => write(
                RANDOM,
                RandomMetadata {
                    settings: fit.settings,
                    members: fit.members.clone(),
                    label_names: fit.label_names.clone(),
                },
                Vec::new(),
            ),
            Self::Oracle(fit) => write(
                ORACLE,
                OracleMetadata {
                    fine: fit.fine.clone(),
                    fine_names: fit.fine_names.clone(),
                    label_names: fit.label_names.clone(),
                },
                Vec::new(),
            ),
        }
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote, of whatever split.
    ///
    /// # Errors
    /// [`ArtifactError`] for any other bytes; no input panics, and none makes it allocate more than its size.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ArtifactError> {
        let tensors = SafeTensors::deserialize(bytes).map_err(ArtifactError::Safetensors)?;
        let json = metadata(bytes, tensors.len())?;
        let opening: Opening =
            serde_json::from_str(&json).map_err(|source| ArtifactError::Metadata { kind: ANY, source })?;
        match opening.kind.as_str() {
            directions::KIND => LelpFit::from_bytes(bytes).map(Self::Directions),
            clusters::KIND => ClusterFit::from_bytes(bytes).map(Self::Clusters),
            RANDOM => random(&Incoming::open(bytes, RANDOM)?).map(Self::RandomSubclass),
            ORACLE => oracle(&Incoming::open(bytes, ORACLE)?).map(Self::Oracle),
            _ => Err(ArtifactError::Kind { found: opening.kind, expected: ANY }),
        }
    }
}

fn random(incoming: &Incoming) -> Result<RandomSubclassFit, ArtifactError> {
    let RandomMetadata { settings, members, label_names } = incoming.own(&[])?;
    check_classes(members.len(), label_names.as_deref())?;
    let subclasses = settings.subclasses.get();
    ShapeError::check("subclasses of the metadata", subclasses, subclasses.min(MOST_SUBCLASSES))?;
    Ok(RandomSubclassFit { settings, label_names, members })
}

fn oracle(incoming: &Incoming) -> Result<OracleFit, ArtifactError> {
    let OracleMetadata { fine, fine_names, label_names } = incoming.own(&[])?;
    check_classes(fine.len(), label_names.as_deref())?;
    let known = fine_names.as_ref().map_or(usize::MAX, Vec::len);
    for labels in &fine {
        ShapeError::check("fine labels of a class", labels.len(), labels.len().max(1))?;
        let rising = labels.windows(2).filter(|pair| pair[0].0 < pair[1].0).count();
        ShapeError::check("fine labels in their order", rising + 1, labels.len())?;
        let last = labels.iter().map(|(label, _)| *label as usize).max().unwrap_or(0);
        ShapeError::check("last fine label", last, last.min(known.saturating_sub(1)))?;
    }
    Ok(OracleFit { fine, fine_names, label_names })
}

fn check_classes(classes: usize, names: Option<&[String]>) -> Result<(), ShapeError> {
    ShapeError::check("classes of the metadata", classes, classes.max(2))?;
    names.map_or(Ok(()), |names| ShapeError::check("label names of the metadata", names.len(), classes))
}

//! Why a folder is no model.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;

use lelp::{Classified, ErrorKind};

/// Why a folder is no model.
#[derive(Debug)]
pub enum ModelFolderError {
    /// There is no such folder.
    NoFolder(PathBuf),
    /// No kind of model recognises the folder.
    UnknownKind {
        /// The folder.
        folder: PathBuf,
        /// Names of the kinds that there are.
        known: Vec<&'static str>,
        /// What the folder holds in place of a model, where that is seen.
        found: Option<&'static str>,
    },
    /// The folder holds an encoder without a classifier head, or with another kind of head.
    NoHead(Box<dyn Classified + Send + Sync>),
    /// The model answers, but has no embeddings to distil from.
    NoTeacher {
        /// The folder.
        folder: PathBuf,
        /// Its kind.
        kind: &'static str,
    },
    /// Another precision than f32 was asked of a model that has no encoder.
    NoEncoder {
        /// The folder.
        folder: PathBuf,
        /// Its kind.
        kind: &'static str,
        /// The precision.
        precision: &'static str,
    },
    /// A model of a known kind could not be loaded.
    Unsound(Box<dyn Classified + Send + Sync>),
}

impl ModelFolderError {
    /// Why a model of a known kind could not be loaded.
    pub(crate) fn unsound(error: impl Classified + Send + Sync + 'static) -> Self {
        Self::Unsound(Box::new(error))
    }
}

impl fmt::Display for ModelFolderError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFolder(path) => {
                write!(out, "there is no folder `{}`; a model is a folder of files", path.display())
            }
            Self::UnknownKind { folder, found: Some(found), .. } => {
                write!(out, "`{}` holds no model: {found}", folder.display())
            }
            Self::UnknownKind { folder, known, found: None } => {
                let (folder, known) = (folder.display(), known.join(", "));
                write!(
                    out,
                    "`{folder}` holds no model: its files, config.json first, are those of none of {known}"
                )
            }
            Self::NoTeacher { folder, kind } => {
                let folder = folder.display();
                write!(
                    out,
                    "`{folder}` holds a model of kind {kind}, which gives no embeddings to distil from"
                )
            }
            Self::NoEncoder { folder, kind, precision } => {
                let folder = folder.display();
                write!(
                    out,
                    "`{folder}` holds a model of kind {kind}, which has no encoder to run in {precision}; it answers in f32"
                )
            }
            Self::NoHead(error) | Self::Unsound(error) => error.fmt(out),
        }
    }
}

impl Error for ModelFolderError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NoFolder(_)
            | Self::UnknownKind { .. }
            | Self::NoTeacher { .. }
            | Self::NoEncoder { .. } => None,
            Self::NoHead(error) | Self::Unsound(error) => error.source(),
        }
    }
}

impl Classified for ModelFolderError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NoFolder(_)
            | Self::UnknownKind { .. }
            | Self::NoTeacher { .. }
            | Self::NoEncoder { .. } => ErrorKind::Input,
            Self::NoHead(error) | Self::Unsound(error) => error.kind(),
        }
    }
}

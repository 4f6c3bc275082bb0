//! Why a service could not be started or loaded anew.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use lelp::{Classified, ErrorKind};
use lelp_data::storage::short_hash;
use lelp_data::{BoundedJsonError, SchemaError};
use lelp_model::{CascadeTeacher, ModelFolderError};
use thiserror::Error;

/// Why a service could not be started or loaded anew.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The model's folder is wrong.
    #[error(transparent)]
    Model(#[from] ModelFolderError),
    /// The names of the model's columns cannot be read.
    #[error(transparent)]
    Columns(#[from] BoundedJsonError),
    /// The names of the model's columns do not fit together.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// Another program listens there, or the address is none of this machine.
    #[error("cannot listen on {address}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// A file of the certificate or its key cannot be used.
    #[error("`{}` holds no {what} in PEM that can be used", path.display())]
    Tls {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
        /// Why not.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A request could ask for more than there is room for.
    #[error("a request may have {texts} texts, but there is room for {texts_in_flight} in all")]
    Limits {
        /// Texts of a request.
        texts: usize,
        /// Texts of all requests.
        texts_in_flight: usize,
    },
    /// The key cannot be sent in a header.
    #[error("the API key is empty, or has characters other than printable ASCII without spaces")]
    ApiKey,
    /// There is a teacher, but nothing says when to ask it.
    #[error("`{}` has no threshold below which its teacher is asked", .0.display())]
    NoThreshold(PathBuf),
    /// The threshold was chosen for other probabilities.
    #[error("the threshold of `{}` was chosen before its probabilities were calibrated anew", .0.display())]
    StaleThreshold(PathBuf),
    /// The threshold was chosen for another teacher.
    #[error(
        "the threshold of `{}` was chosen for the teacher `{}` (hash {}), but `{}` (hash {}) is another one",
        folder.display(), chosen.name, short(chosen), given.name, short(given)
    )]
    OtherTeacher {
        /// The student's folder.
        folder: PathBuf,
        /// The teacher that it was chosen for.
        chosen: CascadeTeacher,
        /// The one that is to be asked.
        given: CascadeTeacher,
    },
    /// The model and its teacher cannot be asked about the same rows.
    #[error("the model was made of {student}, but its teacher reads {teacher}")]
    OtherTexts {
        /// What the model reads.
        student: &'static str,
        /// What the teacher reads.
        teacher: &'static str,
    },
    /// The teacher answers another question.
    #[error("the model's classes are `{}`, but its teacher's are `{}`", student.join("`, `"), teacher.join("`, `"))]
    OtherClasses {
        /// The model's.
        student: Vec<String>,
        /// The teacher's.
        teacher: Vec<String>,
    },
    /// A reload is under way.
    #[error("the model is being loaded already")]
    Loading,
    /// The thread that loads a model, or one that answers, could not be run.
    #[error("no thread could be started")]
    Thread(#[source] io::Error),
}

/// The beginning of a teacher's hash.
fn short(teacher: &CascadeTeacher) -> String {
    teacher.hash.as_deref().map_or_else(|| "unknown".to_owned(), short_hash)
}

impl Classified for ServeError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Model(error) => error.kind(),
            Self::Columns(error) => error.kind(),
            Self::Schema(_)
            | Self::Tls { .. }
            | Self::Limits { .. }
            | Self::ApiKey
            | Self::NoThreshold(_)
            | Self::StaleThreshold(_)
            | Self::OtherTeacher { .. }
            | Self::OtherTexts { .. }
            | Self::OtherClasses { .. } => ErrorKind::Input,
            Self::Bind { .. } | Self::Loading | Self::Thread(_) => ErrorKind::Environment,
        }
    }
}

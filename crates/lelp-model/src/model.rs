//! Any model's folder: a teacher or a student, told apart by what is in it.

use std::num::NonZeroUsize;
use std::path::Path;

use thiserror::Error;

use crate::classifier::{AnswerError, Classifier};
use crate::encoder::names_an_encoder;
use crate::ngram::{NgramFileError, NgramModel};
use crate::teacher::{TEACHER_FILE, Teacher, TeacherError};
use lelp_data::Text;

/// A loaded model.
#[derive(Debug)]
pub enum Model {
    /// An encoder with a classifier head: a teacher, or a student made of an encoder.
    Teacher(Box<Teacher>),
    /// An n-gram student.
    Ngram(Box<NgramModel>),
}

/// Why a folder is no model.
#[derive(Debug, Error)]
pub enum ModelFolderError {
    /// There is no such folder.
    #[error("`{}` is no folder; a model is the folder that `lelp teach` or `lelp distill` wrote", .0.display())]
    NoFolder(std::path::PathBuf),
    /// It is an unsound teacher.
    #[error(transparent)]
    Teacher(#[from] TeacherError),
    /// It is an unsound n-gram student.
    #[error(transparent)]
    Ngram(#[from] NgramFileError),
}

impl Model {
    /// Loads the teacher or student in `folder`; any Hugging Face sequence classifier of a known family is one.
    pub fn load(folder: &Path, threads: NonZeroUsize) -> Result<Self, ModelFolderError> {
        if !folder.is_dir() {
            return Err(ModelFolderError::NoFolder(folder.to_owned()));
        }
        if folder.join(TEACHER_FILE).exists() || names_an_encoder(folder) {
            return Ok(Self::Teacher(Box::new(Teacher::load(folder, threads)?)));
        }
        Ok(Self::Ngram(Box::new(NgramModel::load(folder)?)))
    }

    fn classifier(&self) -> &dyn Classifier {
        match self {
            Self::Teacher(teacher) => teacher.as_ref(),
            Self::Ngram(student) => student.as_ref(),
        }
    }
}

impl Classifier for Model {
    fn labels(&self) -> &[String] {
        self.classifier().labels()
    }

    fn logits(&self, texts: &[Text<'_>]) -> Result<Vec<f32>, AnswerError> {
        self.classifier().logits(texts)
    }
}

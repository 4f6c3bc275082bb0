//! Disks that fail on request, for tests: built with debug assertions only, so that no release has the switch.
//!
//! `LELP_DISK_FAULT=kill:7` ends the process at its 7th change of the disk, as SIGKILL does; with `full:7` that change
//! and all later ones find the disk full, with `once:7` that change alone. A change that fails is named on standard error.

use std::io;
use std::path::Path;

/// What is done to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// A file or folder is made.
    Create,
    /// Bytes are written.
    Write,
    /// A file is synced.
    Sync,
    /// A file or folder takes its place.
    Rename,
    /// A file or folder goes, or is cut short. Needs no room: a full disk does not stop it.
    Remove,
}

/// How a change fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The process ends there.
    Kill,
    /// There is no room.
    Full,
}

/// Fails where the change that follows is to fail.
pub(super) fn check(change: Change, path: &Path) -> io::Result<()> {
    match next(change, path) {
        None => Ok(()),
        Some(Fault::Kill) => kill(),
        Some(Fault::Full) => Err(io::ErrorKind::StorageFull.into()),
    }
}

/// How the change that follows is to fail, if it is.
#[cfg(not(debug_assertions))]
#[inline]
pub(super) fn next(_change: Change, _path: &Path) -> Option<Fault> {
    None
}

#[cfg(debug_assertions)]
pub(super) use on_request::next;

/// Ends the process at once: nothing is flushed, dropped or handled.
pub(super) fn kill() -> ! {
    #[cfg(unix)]
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    std::process::abort()
}

#[cfg(debug_assertions)]
mod on_request {
    use std::path::Path;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::{Change, Fault};

    struct Request {
        fault: Fault,
        first: u64,
        last: u64,
    }

    /// Changes of this process so far.
    static CHANGES: AtomicU64 = AtomicU64::new(0);
    static REQUEST: OnceLock<Option<Request>> = OnceLock::new();

    fn request() -> Option<Request> {
        let text = std::env::var("LELP_DISK_FAULT").ok()?;
        let (how, place) = text.split_once(':')?;
        let first = place.parse().ok()?;
        let (fault, last) = match how {
            "kill" => (Fault::Kill, first),
            "once" => (Fault::Full, first),
            "full" => (Fault::Full, u64::MAX),
            _ => return None,
        };
        Some(Request { fault, first, last })
    }

    pub(in super::super) fn next(change: Change, path: &Path) -> Option<Fault> {
        let request = REQUEST.get_or_init(request).as_ref()?;
        if request.fault == Fault::Full && change == Change::Remove {
            return None;
        }
        let place = CHANGES.fetch_add(1, Ordering::Relaxed) + 1;
        if !(request.first..=request.last).contains(&place) {
            return None;
        }
        #[allow(clippy::print_stderr, reason = "tests look for it; there is none in a release")]
        {
            eprintln!("disk fault {place}: {:?} at {change:?} `{}`", request.fault, path.display());
        }
        Some(request.fault)
    }
}

//! Pointers, which Git LFS leaves in place of large files that were not fetched.

/// Whether a file that begins with `start` is such a pointer.
pub(crate) fn is_pointer(start: &[u8]) -> bool {
    start.starts_with(b"version https://git-lfs.github.com/")
}

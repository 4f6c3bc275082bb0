//! Large arrays that are read at random places.

use std::ops::{Deref, DerefMut};

use memmap2::MmapMut;

/// Zeroed values in pages as large as the system gives.
///
/// A table of 16 MiB takes 4096 ordinary pages, twice what a processor's address cache holds, and a
/// batch touches them at random; with pages of 2 MiB it takes eight.
#[derive(Debug)]
pub(super) struct LargeArray {
    map: MmapMut,
}

impl LargeArray {
    /// `length` zeros.
    pub(super) fn zeros(length: usize) -> std::io::Result<Self> {
        let bytes = length.checked_mul(size_of::<f32>()).ok_or(std::io::ErrorKind::OutOfMemory)?;
        let map = MmapMut::map_anon(bytes)?;
        // Only advice: without large pages all is as before, but slower.
        #[cfg(target_os = "linux")]
        let _ = map.advise(memmap2::Advice::HugePage);
        Ok(Self { map })
    }
}

impl Deref for LargeArray {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        bytemuck::cast_slice(&self.map)
    }
}

impl DerefMut for LargeArray {
    fn deref_mut(&mut self) -> &mut [f32] {
        bytemuck::cast_slice_mut(&mut self.map)
    }
}

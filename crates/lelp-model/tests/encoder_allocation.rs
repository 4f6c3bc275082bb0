//! A text of any length costs an encoder no more memory than the part of it that can matter.

#![allow(clippy::unwrap_used)] // a test may panic

use std::alloc::{GlobalAlloc, Layout, System};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use lelp_data::Text;
use lelp_model::encoder::{Encoder, EncoderLoadOptions};

/// Counts the bytes that are asked for, on all threads.
struct Counting;

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator as it came.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Embeddings of a text and of a pair of it, and the bytes that were asked for on the way.
fn embed(encoder: &Encoder, text: &str) -> (Vec<f32>, usize) {
    let before = ALLOCATED.load(Ordering::Relaxed);
    let embeddings = encoder.embed(&[text.into(), Text { text, pair: Some(text) }]).unwrap();
    (embeddings, ALLOCATED.load(Ordering::Relaxed) - before)
}

#[test]
fn ten_megabytes_in_one_text_cost_no_more_than_its_beginning() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/encoder_bert");
    let encoder = Encoder::load(&golden, &EncoderLoadOptions::new(NonZeroUsize::MIN)).unwrap();
    for part in ["my card is lost ", " ", "x", "\u{4e2d}"] {
        // 100 kilobytes are more than 64 bytes for each of the few tokens that this encoder keeps.
        let beginning = part.repeat(100_000 / part.len());
        let huge = part.repeat(10_000_000 / part.len());
        let (expected, of_beginning) = embed(&encoder, &beginning);
        let (embeddings, of_huge) = embed(&encoder, &huge);
        assert_eq!(embeddings, expected);
        assert!(of_huge <= 2 * of_beginning, "{of_huge} bytes, {of_beginning} for the beginning");
    }
}

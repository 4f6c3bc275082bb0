//! Panics of the crate `tokenizers`, made errors.
//!
//! Some files make it panic instead of refusing them: a template that names a token it does not list, a piece that is no
//! number in a decoder of bytes. The message that a panic prints would say nothing to who gave the file.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    /// Whether panics of this thread are caught here.
    static CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// What `action` gives; none where it panics, without a word about it.
pub(super) fn catch<T>(action: impl FnOnce() -> T) -> Option<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if !CAUGHT.get() {
                usual(panic);
            }
        }));
    });
    let outer = CAUGHT.replace(true);
    // What was being changed is dropped, or was only read.
    let result = panic::catch_unwind(AssertUnwindSafe(action)).ok();
    CAUGHT.set(outer);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_none_and_the_next_call_is_as_ever() {
        assert_eq!(catch(|| -> u32 { panic!("not to be seen") }), None);
        assert_eq!(catch(|| 3), Some(3));
        assert_eq!(catch(|| catch(|| -> u32 { panic!("nor this") })), Some(None));
        assert!(!CAUGHT.get());
    }
}

//! What a page calls.
//!
//! There is one buffer: [`buffer`] makes it as long as asked and says where it is, the page writes bytes there, and a
//! function takes them; answers are in the buffer too, `length` bytes of them. One student at a time.

use std::cell::RefCell;
use std::error::Error;

use lelp_core::Text;

use crate::Classifier;

#[derive(Default)]
struct State {
    buffer: Vec<u8>,
    config: Vec<u8>,
    calibration: Option<Vec<u8>>,
    classifier: Option<Classifier>,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

/// The buffer, `length` bytes long.
#[unsafe(no_mangle)]
pub extern "C" fn buffer(length: usize) -> *mut u8 {
    STATE.with_borrow_mut(|state| {
        state.buffer.resize(length, 0);
        state.buffer.as_mut_ptr()
    })
}

/// Takes the buffer as `config.json`; what came before is forgotten.
#[unsafe(no_mangle)]
pub extern "C" fn take_config() {
    STATE.with_borrow_mut(|state| {
        *state = State { config: std::mem::take(&mut state.buffer), ..State::default() };
    });
}

/// Takes the buffer as `calibration.json`.
#[unsafe(no_mangle)]
pub extern "C" fn take_calibration() {
    STATE.with_borrow_mut(|state| state.calibration = Some(std::mem::take(&mut state.buffer)));
}

/// Takes the buffer as `model.safetensors`, and puts the student together: 0 where that went well, with its labels as a
/// JSON list in the buffer; else the length of an error there.
#[unsafe(no_mangle)]
pub extern "C" fn take_weights() -> usize {
    STATE.with_borrow_mut(|state| {
        let weights = std::mem::take(&mut state.buffer);
        match Classifier::from_bytes(&state.config, weights, state.calibration.as_deref()) {
            Ok(classifier) => {
                state.buffer = serde_json::json!(classifier.labels()).to_string().into_bytes();
                state.classifier = Some(classifier);
                0
            }
            Err(error) => {
                state.buffer = with_causes(&error).into_bytes();
                state.buffer.len()
            }
        }
    })
}

/// Bytes in the buffer.
#[unsafe(no_mangle)]
pub extern "C" fn length() -> usize {
    STATE.with_borrow(|state| state.buffer.len())
}

/// Answers the text in the buffer with a probability for each class, f32 in their order, in the buffer; a second text begins
/// at byte `pair`, where that is not beyond the end. Gives the number of classes; 0 without a student, and for bytes that are
/// no UTF-8.
#[unsafe(no_mangle)]
pub extern "C" fn answer(pair: usize) -> usize {
    STATE.with_borrow_mut(|State { buffer, classifier, .. }| {
        let (Some(classifier), Ok(text)) = (classifier, std::str::from_utf8(buffer)) else { return 0 };
        let text = match text.split_at_checked(pair) {
            Some((text, second)) if pair < buffer.len() => Text { text, pair: Some(second) },
            _ => Text::from(text),
        };
        let probabilities = classifier.probabilities(&text);
        let bytes = probabilities.iter().flat_map(|probability| probability.to_le_bytes()).collect();
        let classes = probabilities.len();
        *buffer = bytes;
        classes
    })
}

fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

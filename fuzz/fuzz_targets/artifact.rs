//! Any bytes: the parsers answer with an error or with an artifact that writes and reads back.
#![no_main]

use lelp::FittedSplit;
use lelp::artifact::Targets;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(fit) = FittedSplit::from_bytes(bytes) {
        assert_eq!(FittedSplit::from_bytes(&fit.to_bytes()).expect("own bytes read back"), fit);
    }
    if let Ok(targets) = Targets::from_bytes(bytes) {
        assert_eq!(Targets::from_bytes(&targets.to_bytes()).expect("own bytes read back"), targets);
    }
});

//! What a program takes in that answers with this crate.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::process::Command;

/// `deny.toml` has the walls; this is what a user of the crate cares for.
#[test]
fn nothing_in_the_tree_trains_or_opens_a_connection() {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let mut tree = Command::new(cargo);
    tree.args(["tree", "--offline", "--edges", "normal", "--prefix", "none", "--format", "{p}"]);
    // By itself, whatever the build at hand puts together.
    for setting in ["CARGO_RESOLVER_FEATURE_UNIFICATION", "CARGO_UNSTABLE_FEATURE_UNIFICATION"] {
        tree.env_remove(setting);
    }
    let output = tree.args(["--manifest-path", manifest]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    let names: Vec<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(names.contains(&"lelp-model") && names.contains(&"rten"), "{tree}");
    for crate_name in [
        "burn-core",
        "lelp-method",
        "lelp-network",
        "lelp-train",
        "lelp-hub",
        "hf-hub",
        "ureq",
        "hyper",
        "tokio",
        "rustls",
    ] {
        assert!(!names.contains(&crate_name), "{crate_name} is in the tree of lelp-model");
    }
}

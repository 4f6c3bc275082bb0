//! What a page takes in that answers with this crate.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::process::Command;

/// Whatever has threads, files or C code would not run in a browser.
#[test]
fn the_tree_holds_what_compiles_for_a_browser_and_no_other_crate_of_ours() {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut tree = Command::new(cargo);
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    tree.args(["tree", "--offline", "--edges", "normal", "--prefix", "none", "--format", "{p}"]);
    tree.args(["--target", "wasm32-unknown-unknown"]);
    // By itself, whatever the build at hand puts together.
    for setting in ["CARGO_RESOLVER_FEATURE_UNIFICATION", "CARGO_UNSTABLE_FEATURE_UNIFICATION"] {
        tree.env_remove(setting);
    }
    let output = tree.args(["--manifest-path", manifest]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    let names: Vec<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    let ours: Vec<&&str> = names.iter().filter(|name| name.starts_with("lelp")).collect();
    assert_eq!(ours, [&"lelp-core"], "{tree}");
    for crate_name in ["rayon", "memmap2", "getrandom", "cc", "zstd-sys"] {
        assert!(!names.contains(&crate_name), "{crate_name} is in the tree of lelp-core");
    }
}

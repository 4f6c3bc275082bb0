//! What is kept in the cache folder.

use std::fs;

use crate::support::Workspace;

#[test]
fn what_was_computed_can_be_removed_and_encoders_stay() {
    let work = Workspace::new();
    for (file, bytes) in [
        ("cache/embeddings/a.safetensors", 3_000),
        ("cache/signals/b/part-00000.safetensors", 2_000),
        ("cache/split-signals/c/signals.json", 1_000),
        ("cache/encoder/model.safetensors", 9_000),
    ] {
        work.write(file, vec![0; bytes]);
    }
    let cache = |line: &str| {
        let said = work.lelp(line).env("LELP_CACHE", work.path("cache")).assert().success();
        let output = said.get_output();
        String::from_utf8([output.stdout.clone(), output.stderr.clone()].concat()).unwrap()
    };
    let listed = cache("cache --json");
    assert_eq!(listed.matches("\"computed\":true").count(), 3, "{listed}");
    assert!(listed.contains("\"bytes\":9000"), "{listed}");
    assert!(cache("cache").contains("4 entries, 0.01 MB") || cache("cache").contains("4 entries, 0.02 MB"));
    assert!(cache("cache prune --older-than 30").contains("0 entries"));
    let would = cache("cache prune --max-size 100 --dry-run");
    assert!(would.contains("3 entries") && work.path("cache/embeddings/a.safetensors").exists(), "{would}");
    cache("cache prune --max-size 2kB");
    let left: u64 =
        ["embeddings/a.safetensors", "signals/b/part-00000.safetensors", "split-signals/c/signals.json"]
            .iter()
            .filter_map(|file| fs::metadata(work.path(&format!("cache/{file}"))).ok())
            .map(|metadata| metadata.len())
            .sum();
    assert!(left <= 2_000, "{left}");
    cache("cache prune --older-than 0");
    assert_eq!(cache("cache --json").lines().count(), 1);
    assert!(work.path("cache/encoder/model.safetensors").exists());
    work.fails("cache prune", 2);
    work.fails("cache prune --max-size much", 2);
}

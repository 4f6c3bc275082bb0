//! What is kept in the cache folder.

use std::fs;

use crate::support::{Workspace, encoder};

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

#[test]
fn what_was_computed_keeps_within_its_limit_and_what_is_in_use_stays() {
    let work = Workspace::new();
    work.queries();
    let encoder = encoder().display().to_string();
    let teach = |limit: &str, out: &str| {
        let line = format!("teach --encoder {encoder} --data queries --epochs 1 --out {out}");
        let output = work.lelp(&line).env("LELP_CACHE_LIMIT", limit).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let kept = || fs::read_dir(work.path("cache/embeddings")).map_or(0, Iterator::count);
    assert!(teach("none", "one").0 == Some(0) && kept() == 2);
    // What was used longest ago goes first: an older entry before those of this run.
    work.write("cache/signals/old/part-00000.safetensors", vec![0; 500_000]);
    let old =
        fs::File::options().write(true).open(work.path("cache/signals/old/part-00000.safetensors")).unwrap();
    old.set_modified(std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000))
        .unwrap();
    let (code, said) = teach("400kB", "two");
    assert_eq!((code, kept()), (Some(0), 2), "{said}");
    assert!(!work.path("cache/signals/old").exists(), "{said}");
    assert!(said.contains("used longest ago") && said.contains("LELP_CACHE_LIMIT"), "{said}");
    // One that another process reads or writes stays, whatever the limit.
    let lock = lelp_data::storage::FolderLock::take(&work.path("cache/signals/busy")).unwrap();
    work.write("cache/signals/busy/part-00000.safetensors", vec![0; 1000]);
    let (code, said) = teach("1B", "three");
    assert_eq!((code, kept()), (Some(0), 0), "{said}");
    assert!(work.path("cache/signals/busy/part-00000.safetensors").exists());
    assert!(
        String::from_utf8_lossy(&work.lelp("cache prune --max-size 1B").output().unwrap().stderr)
            .contains("is in use")
    );
    drop(lock);
    let (code, said) = teach("lots", "four");
    assert!(code == Some(2) && said.contains("LELP_CACHE_LIMIT is `lots`"), "{said}");
    assert!(!work.path("four").exists());
}

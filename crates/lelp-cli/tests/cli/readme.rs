//! The README's commands do what it says, one after the other, on small data and with a small encoder.

use std::fs;
use std::io::{Cursor, Write as _};
use std::path::Path;

use crate::serve::Serving;
use crate::support::{Workspace, encoder};

const README: &str = include_str!("../../../../README.md");

/// A line of the README that calls `lelp`.
#[derive(Debug)]
struct ReadmeCommand {
    /// What stands behind `lelp`.
    arguments: String,
    /// What is piped into it.
    input: Option<String>,
}

/// The README's blocks in one language.
fn blocks(language: &str) -> impl Iterator<Item = &'static str> {
    README.split("```").skip(1).step_by(2).filter_map(move |block| block.strip_prefix(language))
}

/// The lines of the README's shell blocks that call `lelp`, continued lines joined.
fn commands() -> Vec<ReadmeCommand> {
    let joined = blocks("sh\n").map(|block| block.replace("\\\n", " ")).collect::<String>();
    let command = |line: &str| {
        let (input, line) = match line.split_once(" | ") {
            Some((echo, line)) => (Some(echo.strip_prefix("echo '")?.strip_suffix('\'')?.to_owned()), line),
            None => (None, line),
        };
        let line = line.split(" #").next()?.split(" > ").next()?;
        Some(ReadmeCommand { arguments: line.trim().strip_prefix("lelp ")?.to_owned(), input })
    };
    joined.lines().filter_map(command).collect()
}

/// What the README takes as given: data sets, an encoder under the name that it pulls, a recipe, a teacher's arrays.
fn workspace() -> Workspace {
    let work = Workspace::new();
    work.queries();
    // A student that answers every row rightly has no temperature.
    let noisy = crate::support::queries(1000, 80) + "where card card,other\n";
    work.write("queries/validation.csv", noisy);
    for split in ["train", "validation", "test"] {
        let queries = fs::read_to_string(work.path(&format!("queries/{split}.csv"))).unwrap();
        let reviews = queries.replace(",card\n", ",negative\n").replace(",other\n", ",positive\n");
        work.write(&format!("reviews/{split}.csv"), reviews);
    }
    for file in fs::read_dir(encoder()).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        let copy = format!("sentence-transformers/all-MiniLM-L6-v2/{name}");
        work.write(&copy, fs::read(file.path()).unwrap());
    }
    work.write("log.txt", "where is my lost card\nhow is the fee of the bank\nis my new pin here\n");
    work.write("student.toml", blocks("toml\n").next().unwrap());
    let smoke = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../recipes/smoke.toml");
    let smoke = fs::read_to_string(smoke).unwrap().replace("path = \"bundled\"", "path = \"../queries\"");
    let here = work.path("sentence-transformers");
    work.write("recipes/smoke.toml", smoke.replace("sentence-transformers", here.to_str().unwrap()));
    work.write("teacher.npz", teacher_arrays(320));
    work
}

/// `embeddings`, `logits`, `weight` and `bias` of a teacher of two classes, as `numpy.savez` writes them.
fn teacher_arrays(rows: u16) -> Vec<u8> {
    let width: u16 = 16;
    let value = |row: u16, column: u16| (f32::from(row) * 1.7 + f32::from(column) * 2.3).sin();
    let embeddings: Vec<f32> =
        (0..rows).flat_map(|row| (0..width).map(move |column| value(row, column))).collect();
    let weight: Vec<f32> = (0..2 * width).map(|place| value(place, 1)).collect();
    let dot = |row: &[f32], class: &[f32]| row.iter().zip(class).map(|(a, b)| a * b).sum::<f32>();
    let logits: Vec<f32> = embeddings
        .chunks_exact(width.into())
        .flat_map(|row| weight.chunks_exact(width.into()).map(move |class| dot(row, class)))
        .collect();
    let mut file = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, shape, values) in [
        ("embeddings", format!("({rows}, {width})"), embeddings),
        ("logits", format!("({rows}, 2)"), logits),
        ("weight", format!("(2, {width})"), weight),
        ("bias", "(2,)".to_owned(), vec![0.0; 2]),
    ] {
        let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
        let header = format!("{header:<117}\n");
        file.start_file(format!("{name}.npy"), zip::write::SimpleFileOptions::default()).unwrap();
        file.write_all(b"\x93NUMPY\x01\0").unwrap();
        file.write_all(&u16::try_from(header.len()).unwrap().to_le_bytes()).unwrap();
        file.write_all(header.as_bytes()).unwrap();
        for value in values {
            file.write_all(&value.to_le_bytes()).unwrap();
        }
    }
    file.finish().unwrap().into_inner()
}

#[test]
fn every_command_of_the_readme_runs() {
    let work = workspace();
    let commands = commands();
    assert!(commands.len() >= 20, "{commands:?}");
    for ReadmeCommand { arguments, input } in commands {
        if let Some(flags) = arguments.strip_prefix("serve ") {
            // The test gives an address of its own.
            let flags = flags.trim_end_matches('&').replace("--address 127.0.0.1:8081", "");
            answers_of_the_readme(&Serving::start(&work, &flags));
            continue;
        }
        // What needs a network is read up to its last flag, and does nothing.
        let help = if arguments.starts_with("pull ") { " --help" } else { "" };
        // The encoder here is 32 wide.
        let arguments = arguments.replace("--static-width 128", "--static-width 16");
        let output = work.lelp(&format!("{arguments}{help}")).write_stdin(input.unwrap_or_default()).assert();
        output.success();
    }
    for made in [
        "student/run.json",
        "student.onnx",
        "small-transformers/config.json",
        "report.html",
        "smoke/tables.md",
        "targets.safetensors",
    ] {
        assert!(work.path(made).is_file(), "{made}");
    }
}

/// Sends what the README sends with `curl`.
fn answers_of_the_readme(serving: &Serving) {
    let requests =
        blocks("sh\n").flat_map(str::lines).filter_map(|line| line.strip_prefix("curl localhost:8080"));
    let mut answered = 0;
    for request in requests {
        let (path, body) = request.split_once(" -d '").unwrap();
        let (status, answer) = serving.post(path, body.strip_suffix('\'').unwrap());
        assert!(status.contains("200"), "{request}: {status} {answer}");
        answered += 1;
    }
    assert!(answered >= 2);
}

//! Every parser of files and requests from elsewhere on what has mistakes. The answer is a value or an error; never a panic,
//! and never room for more than the file can hold.
//!
//! The test that always runs tries a hundred inputs a parser; many more by hand, in as many processes as one likes:
//! `LELP_FUZZ_INPUTS=10000000 LELP_FUZZ_SECONDS=600 LELP_FUZZ_PROCESSES=16 TMPDIR=/dev/shm
//! cargo nextest run -p lelp-cli --run-ignored only many_mutations --no-capture`. `LELP_FUZZ_TARGET` takes the parsers whose
//! names hold it, `LELP_FUZZ_FIRST` is the number of the first input: the same number is the same input.

use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::parsers::{Parser, parsers};
use crate::spoilt::{Numbers, spoilt};
use crate::writing::named;

/// The largest block that was asked for since it was set to nothing.
static LARGEST: AtomicUsize = AtomicUsize::new(0);

/// The system's, which notes how much is asked for at once.
struct Watched;

// SAFETY: every call goes to the system's allocator as it came.
#[allow(unsafe_code, reason = "an allocator is unsafe by its trait")]
unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Watched = Watched;

/// No seed is larger than 200 kB; buffers of readers and thread pools are below this.
const MOST: usize = 64 << 20;
/// No answer takes so long.
const SLOW: Duration = Duration::from_secs(10);

/// How much is tried of each parser, and from which number on.
#[derive(Debug, Clone, Copy)]
struct Amount {
    inputs: u64,
    time: Duration,
    first: u64,
}

/// What came of it.
#[derive(Debug, Default)]
struct Tally {
    tried: u64,
    failed: Vec<String>,
}

/// Tries spoilt inputs, and says what went wrong.
fn try_all(parser: &Parser, amount: Amount) -> Tally {
    let path = parser.folder.join(&parser.file);
    let seed = fs::read(&path).unwrap();
    let (mut tally, begun) = (Tally::default(), Instant::now());
    for number in (amount.first..).take(usize::try_from(amount.inputs).unwrap_or(usize::MAX)) {
        if begun.elapsed() > amount.time {
            break;
        }
        let bytes = spoilt(&seed, &mut Numbers(number));
        // In the place of the old one, never into it: that may be mapped.
        fs::remove_file(&path).unwrap();
        fs::write(&path, &bytes).unwrap();
        LARGEST.store(0, Ordering::Relaxed);
        let begun = Instant::now();
        let panicked =
            catch_unwind(AssertUnwindSafe(|| (parser.parse)(&parser.folder, &parser.file))).is_err();
        let (took, most) = (begun.elapsed(), LARGEST.load(Ordering::Relaxed));
        tally.tried += 1;
        if panicked || took > SLOW || most > MOST {
            let what = format!("panic {panicked}, {took:?}, {most} bytes");
            tally.failed.push(format!("{} {number}: {what}", parser.name));
        }
    }
    fs::remove_file(&path).unwrap();
    fs::write(&path, seed).unwrap();
    tally
}

/// All parsers whose name holds `only`, each on so many inputs; `told` hears of each when it is done.
fn run(amount: Amount, only: &str, mut told: impl FnMut(&str, &Tally)) -> BTreeMap<String, Tally> {
    let work = named("compare").prepare();
    let parsers = parsers(&work);
    assert!(parsers.len() > 50, "{}", parsers.len());
    // Panics that a library of ours turns into errors are printed before.
    std::panic::set_hook(Box::new(|_| {}));
    let mut results = BTreeMap::new();
    for parser in parsers.iter().filter(|parser| parser.name.contains(only)) {
        let tally = try_all(parser, amount);
        told(&parser.name, &tally);
        results.insert(parser.name.clone(), tally);
    }
    drop(std::panic::take_hook());
    results
}

#[test]
fn spoilt_files_are_refused_or_read_and_never_end_the_program() {
    let amount = Amount { inputs: 100, time: Duration::from_hours(1), first: 0 };
    let failed: Vec<String> =
        run(amount, "", |_, _| {}).into_values().flat_map(|tally| tally.failed).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok().and_then(|value| value.parse().ok())
}

#[test]
#[allow(clippy::print_stdout, reason = "figures of a run by hand")]
#[ignore = "as long as one likes: LELP_FUZZ_INPUTS inputs of every parser, for at most LELP_FUZZ_SECONDS each"]
fn many_mutations() {
    let amount = Amount {
        inputs: number("LELP_FUZZ_INPUTS").unwrap_or(1000),
        time: Duration::from_secs(number("LELP_FUZZ_SECONDS").unwrap_or(1 << 32)),
        first: number("LELP_FUZZ_FIRST").unwrap_or(1_000_000),
    };
    let only = env::var("LELP_FUZZ_TARGET").unwrap_or_default();
    let processes = number("LELP_FUZZ_PROCESSES").unwrap_or(1).max(1);
    let results = if processes > 1 {
        in_processes(processes, amount)
    } else {
        run(amount, &only, |name, tally| {
            println!("fuzzed\t{name}\t{}\t{}", tally.tried, tally.failed.join("\t"));
        })
    };
    let mut all = 0;
    for (name, tally) in &results {
        println!("{name}: {} tried, {} failed", tally.tried, tally.failed.len());
        all += tally.tried;
    }
    let failed: Vec<&String> = results.values().flat_map(|tally| &tally.failed).collect();
    println!("{all} inputs of {} parsers, {} failed", results.len(), failed.len());
    assert!(!results.is_empty() && failed.is_empty(), "{failed:#?}");
}

/// The same test in so many processes, each with inputs of its own. One that ends early is a failure of what it tried.
fn in_processes(processes: u64, amount: Amount) -> BTreeMap<String, Tally> {
    let start = |process: u64| {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["mutations::many_mutations", "--exact", "--ignored", "--nocapture"]);
        command.env("LELP_FUZZ_PROCESSES", "1");
        command.env("LELP_FUZZ_INPUTS", amount.inputs.div_ceil(processes).to_string());
        command.env("LELP_FUZZ_FIRST", (amount.first + (process << 40)).to_string());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
    };
    let children: Vec<_> = (0..processes).map(start).collect();
    let mut all: BTreeMap<String, Tally> = BTreeMap::new();
    for (process, child) in children.into_iter().enumerate() {
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        // The first line follows the name of the test.
        for line in text.lines().filter_map(|line| line.split_once("fuzzed\t")) {
            let mut cells = line.1.split('\t');
            let (name, tried) = (cells.next().unwrap(), cells.next().unwrap().parse::<u64>().unwrap());
            let tally = all.entry(name.to_owned()).or_default();
            tally.tried += tried;
            tally.failed.extend(cells.filter(|cell| !cell.is_empty()).map(str::to_owned));
        }
        if !text.contains(" inputs of ") {
            let said = format!(
                "process {process} ended with {}: {}",
                output.status,
                text.lines().last().unwrap_or_default()
            );
            all.entry("processes".to_owned()).or_default().failed.push(said);
        }
    }
    all
}

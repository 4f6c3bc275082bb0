//! Recipes that hold together, and what is said of those that do not.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::num::NonZeroUsize;

use super::*;

const SMALL: &str = r#"
    trials = 3
    seeds = 2

    [[data]]
    name = "queries"
    path = "bundled"

    [[teachers]]
    name = "head"
    encoder = "MiniLM"

    [[students]]
    student = "ngram"
    width = 16
    train = { epochs = 4 }

    [[methods]]
    method = "kd"

    [[methods]]
    name = "lelp S 8"
    method = "lelp"
    subclasses = 8
    search = { beta = [0.1, 0.2] }
"#;

fn parse(text: &str) -> Result<(ComparisonRecipe, RecipeRecord), ComparisonRecipeError> {
    ComparisonRecipe::parse(text, Path::new("r.toml"))
}

fn text_of(text: &str) -> String {
    lelp::ErrorChain(&parse(text).unwrap_err()).to_string()
}

#[test]
fn what_is_given_is_not_searched_and_the_rest_has_defaults() {
    let (recipe, record) = parse(SMALL).unwrap();
    let student = &recipe.students[0];
    assert_eq!((student.name.as_str(), student.train.epochs, student.train.batch), ("ngram", 4, 128));
    let trials = recipe.methods[1].trials(&student.train, 5, usize::MAX).unwrap();
    assert!(trials.iter().all(|trial| trial.method.base.subclasses() == 8));
    assert!(
        trials[1..]
            .iter()
            .any(|trial| trial.train.learning_rate.to_bits() != trials[0].train.learning_rate.to_bits())
    );
    assert_eq!(record.seeds, [0, 1]);
}

#[test]
fn no_more_subclasses_are_drawn_than_the_smallest_class_can_have() {
    let searched = SMALL.replace("subclasses = 8", "split_weight = 1.0");
    let (recipe, _) = parse(&searched).unwrap();
    let drawn = |most: usize| -> Vec<usize> {
        let trials = recipe.methods[1].trials(&recipe.students[0].train, 12, most).unwrap();
        trials.iter().map(|trial| trial.method.base.subclasses()).collect()
    };
    assert!(drawn(usize::MAX).contains(&16));
    // Also where nothing of the list is left.
    for most in [5, 3, 2, 1] {
        assert!(drawn(most).iter().all(|&subclasses| subclasses <= most), "{most}: {:?}", drawn(most));
    }
    // What was asked for stays.
    let (asked, _) = parse(SMALL).unwrap();
    let trials = asked.methods[1].trials(&asked.students[0].train, 3, 5).unwrap();
    assert!(trials.iter().all(|trial| trial.method.base.subclasses() == 8));
}

#[test]
fn a_teacher_is_trained_by_the_defaults_of_what_is_trained() {
    let training = |keys: &str| {
        let keys = format!("encoder = \"MiniLM\"\n{keys}");
        match &parse(&SMALL.replace("encoder = \"MiniLM\"", &keys)).unwrap().0.teachers[0].source {
            TeacherSource::Trained(teaching) => teaching.train,
            source => panic!("{source:?}"),
        }
    };
    assert_eq!(training(""), TrainSettings::head());
    let two = TrainSettings { epochs: 2, ..TrainSettings::encoder() };
    assert_eq!(training("tune = \"all\"\ntrain = { epochs = 2 }"), two);
}

#[test]
fn a_teacher_that_names_no_source_is_a_head_on_columns() {
    let recipe = parse(&SMALL.replace("encoder = \"MiniLM\"", "hidden = 16\ncategory_width = 4")).unwrap().0;
    let TeacherSource::Trained(teaching) = &recipe.teachers[0].source else { panic!("it is trained") };
    assert_eq!((teaching.encoder.as_deref(), teaching.train), (None, TrainSettings::head()));
    let width = |count| NonZeroUsize::new(count);
    assert_eq!((teaching.head().hidden, teaching.category_width), (width(16), width(4)));
}

#[test]
fn comments_make_no_other_recipe_and_values_do() {
    let hash = |text: &str| parse(text).unwrap().1.hash;
    assert_eq!(hash(SMALL), hash(&format!("# a comment\n{SMALL}")));
    assert_ne!(hash(SMALL), hash(&SMALL.replace("epochs = 4", "epochs = 5")));
}

#[test]
fn without_methods_all_are_compared() {
    let start = SMALL.find("[[methods]]").unwrap();
    assert_eq!(parse(&SMALL[..start]).unwrap().0.methods.len(), MethodSettings::all().len());
}

#[test]
fn wrong_recipes_are_told_with_what_to_change() {
    assert_eq!(text_of(&SMALL.replace("seeds = 2", "seeds = 0")), "recipe: `seeds` is 0: use 1 or more");
    assert_eq!(text_of(&SMALL.replace("trials = 3", "trials = 0")), "recipe: `trials` is 0: use 1 or more");
    for (what, slip) in
        [("trials = 3", "trials = 9223372036854775807"), ("seeds = 2", "seeds = 1000000000000")]
    {
        let said = text_of(&SMALL.replace(what, slip));
        assert!(said.ends_with("use 10000 or less"), "{said}");
    }
    assert_eq!(text_of(&format!("search_seeds = 0{SMALL}")), "recipe: `search_seeds` is 0: use 1 or more");
    assert!(text_of(&SMALL.replace("trials", "trails")).contains("unknown field `trails`"));
    assert!(text_of(&SMALL.replace("width", "breadth")).contains("unknown field `breadth`"));
    assert!(text_of(&SMALL.replace("subclasses = 8", "subclass = 8")).contains("unknown field `subclass`"));
    assert_eq!(
        text_of(&SMALL.replace("lelp S 8", "kd")),
        "recipe: two of `methods` are called `kd`; give one another `name`"
    );
    assert_eq!(
        text_of(&SMALL.replace("method = \"kd\"", "method = \"ce\"")),
        "recipe: the baseline `kd` is not among the methods: ce, lelp S 8"
    );
    let teacher = |keys: &str| text_of(&SMALL.replace("encoder = \"MiniLM\"", keys));
    assert!(
        teacher("folder = \"t\"\nencoder = \"e\"")
            .contains("teacher `head`: has encoder and folder, but needs one at most")
    );
    assert!(teacher("max_length = 8").contains("`max_length` is for a teacher with an `encoder`"));
    assert!(teacher("tune = \"all\"").contains("`tune = \"all\"` is for a teacher with an `encoder`"));
    assert!(teacher("folder = \"t\"\nhidden = 8").contains("teacher `head`: unknown field `hidden`"));
    let all = "encoder = \"MiniLM\"\ntune = \"all\"\n";
    assert!(teacher(&format!("{all}hidden = 8")).contains("are for `tune = \"head\"`"));
    assert!(teacher("encoder = \"MiniLM\"\nnetwork = {}").contains("`network` is for `tune = \"all\"`"));
    assert_eq!(
        teacher(&format!("{all}train = {{ epochs = 0 }}")),
        "recipe: teacher `head`: epochs is 0: use 1 or more"
    );
    assert_eq!(
        text_of(&SMALL.replace("beta = [0.1, 0.2]", "beta = []")),
        "recipe: method `lelp S 8`: `search.beta` is an empty list: give one value or more, or leave it out"
    );
    assert_eq!(
        text_of(&SMALL.replace("name = \"queries\"", &format!("name = \"{}\"", "q".repeat(300)))),
        "recipe: a name in `data` has 300 characters: use 100 or fewer"
    );
    assert!(text_of("trials = ").contains("r.toml"));
}

#[test]
fn a_wrong_entry_is_told_with_its_own_line_and_an_unknown_method_with_all_there_are() {
    let line = |what: &str| SMALL[..SMALL.find(what).unwrap()].matches('\n').count();
    let second = line("name = \"lelp S 8\"");
    let said = text_of(&SMALL.replace("method = \"lelp\"", "method = \"lepl\""));
    assert!(
        said.starts_with(&format!("recipe `r.toml`, the entry on line {second}: no method is called `lepl`")),
        "{said}"
    );
    assert!(said.contains("`subclass`, `auto`"), "{said}");
    let said = text_of(&SMALL.replace("width = 16", "breadth = 16"));
    assert!(said.contains(&format!("line {}: unknown field", line("student = \"ngram\""))), "{said}");
    let with_two =
        SMALL.replace("[[students]]", "[[teachers]]\nname = \"other\"\nfolders = \"t\"\n\n[[students]]");
    let said = text_of(&with_two);
    assert!(said.contains(&format!("line {}: teacher `other`", line("[[students]]") + 1)), "{said}");
}

#[test]
fn every_recipe_of_the_repository_holds_together() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../recipes");
    let paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(paths.len() >= 18, "{paths:?}");
    for path in paths {
        let (recipe, record) = ComparisonRecipe::open(&path).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(record.methods.len(), recipe.methods.len(), "{}", path.display());
    }
}

#[test]
fn the_word_bundled_stands_for_the_data_that_come_with_lelp() {
    let locations = |path: &str| {
        let text = SMALL.replace("path = \"bundled\"", &format!("path = \"{path}\""));
        let path = parse(&text).unwrap().0.data.remove(0).path;
        path.resolve(Path::new("data"), Path::new("out"))
    };
    assert_eq!(locations("bundled"), Path::new("out/bundled"));
    assert_eq!(locations("queries"), Path::new("data/queries"));
}

//! Values, gradients and steps equal those of the goldens, which come from automatic differentiation.

use lelp_method::MethodSettings;

use crate::goldens::{Case, Goldens, apart};

#[test]
fn terms_gradients_and_steps_are_those_of_an_independent_implementation() {
    let goldens = Goldens::read();
    for case in &goldens.cases {
        let name = format!("{} with {} classes", case.settings.base.name(), case.classes);
        let problem = goldens.problem(case);
        let mut method = problem.method_of(case);
        let answer = problem.learn(&mut *method);
        let names: Vec<&String> = answer.terms.keys().collect();
        assert_eq!(names, case.terms.keys().collect::<Vec<_>>(), "{name}");
        for (term, value) in &answer.terms {
            let wanted = case.terms[term].1;
            assert!((value - wanted).abs() < 3e-6 * wanted.abs().max(1.0), "{name}: {term} {value} {wanted}");
        }
        assert!((case.total(&answer) - case.loss).abs() < 3e-6 * case.loss, "{name}");
        assert!(apart(&answer.output_gradient, &case.output_gradient) < 3e-6, "{name}");
        if method.embedding().is_some() {
            let largest = case.embedding_gradient.iter().fold(1.0_f64, |a, b| a.max(b.abs()));
            let difference = apart(&answer.embedding_gradient, &case.embedding_gradient);
            assert!(difference < 3e-6 * largest, "{name}: {difference}");
        }
        method.step(goldens.rate);
        let state = method.state();
        for (array, wanted) in &case.state_after {
            let found = state.iter().find(|found| found.name == *array).unwrap();
            let largest = wanted.iter().fold(1.0_f64, |a, b| a.max(b.abs()));
            assert!(apart(&found.values, wanted) < 3e-6 * largest, "{name}: {array}");
        }
    }
}

#[test]
fn no_two_methods_share_a_value() {
    let goldens = Goldens::read();
    // Methods that match subclasses differ in their targets alone: one of them stands for all.
    let splits = |case: &&Case| case.settings.base.needs().targets;
    let cases: Vec<_> = (goldens.every_method())
        .filter(|case| !splits(case) || case.settings.base.name() == "lelp")
        .collect();
    for (place, case) in cases.iter().enumerate() {
        for other in &cases[..place] {
            let names = (case.settings.base.name(), other.settings.base.name());
            assert!((case.loss - other.loss).abs() > 1e-3, "{names:?} have one value");
        }
    }
}

/// Serde knows all variants; the list that this suite iterates must not be shorter.
#[test]
fn the_list_of_methods_is_whole() {
    let refused = serde_json::from_str::<MethodSettings>(r#"{"method":"?"}"#).unwrap_err().to_string();
    let named = refused.matches('`').count() / 2 - 1;
    assert_eq!(named, MethodSettings::all().len(), "{refused}");
    for method in MethodSettings::all() {
        assert!(refused.contains(&format!("`{}`", method.name())), "{refused}");
    }
}

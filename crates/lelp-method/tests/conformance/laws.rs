//! What holds for every method whatever its formula.

use std::num::NonZeroUsize;

use lelp::{LelpSettings, SettingError};
use lelp_method::{
    Alpha, CeSettings, CrdTerm, DkdSettings, FitnetTerm, KdWithTerm, MethodError, MethodSettings,
    MethodSettingsError, NamedArray, Objective, SplitMethod, Supervision,
};

use serde_json::Value;

use crate::goldens::{Goldens, Optimum, Problem, Rows, STUDENT, STUDENT_WIDTH, TEACHER_WIDTH, apart, array};

/// The same method with `alpha` as the weight of labels.
pub(crate) fn with_alpha(settings: &Objective, alpha: f64) -> Objective {
    let mut json = serde_json::to_value(settings).unwrap();
    json["alpha"] = alpha.into();
    serde_json::from_value(json).unwrap()
}

#[test]
fn a_student_that_equals_its_teacher_is_at_the_minimum() {
    let goldens = Goldens::read();
    for case in goldens.every_method() {
        let Some(found) = case.optimum else { continue };
        let settings = with_alpha(&case.settings, 0.0);
        let mut problem = goldens.problem(case);
        let rows = problem.batch.clone();
        let of_batch = |values: &[f32]| -> Vec<f32> {
            let width = values.len() / problem.labels.len();
            rows.iter().flat_map(|&row| values[row as usize * width..][..width].to_vec()).collect()
        };
        problem.outputs = match found {
            Optimum::Targets => {
                let softened = of_batch(&problem.targets);
                softened.iter().map(|t| settings.base.temperature().get() as f32 * t.ln()).collect()
            }
            _ => of_batch(&problem.logits),
        };
        let embedding: Vec<f32> =
            rows.iter().flat_map(|&row| problem.teacher.row(row as usize)).copied().collect();
        problem.embedding = embedding;
        let shape = lelp_method::StudentShape { embedding: TEACHER_WIDTH, ..STUDENT };
        let mut method = settings.build(problem.supervision(), &shape).unwrap();
        if found == Optimum::Copied {
            let mut state = method.state();
            copy_through(&mut state, "fitnet.regressor.0");
            method.load_state(&state).unwrap();
        }
        let answer = problem.learn(&mut *method);
        for (name, value) in answer.terms.iter().filter(|(name, _)| *name != "ce") {
            assert!(value.abs() < 1e-5, "{name} is {value}");
        }
        for gradient in [&answer.output_gradient, &answer.embedding_gradient] {
            assert!(gradient.iter().all(|slope| slope.abs() < 1e-5), "{}: {gradient:?}", settings.name());
        }
    }
}

/// Makes a layer the identity.
fn copy_through(state: &mut [NamedArray], name: &str) {
    let values = &mut array(state, name).values;
    values.fill(0.0);
    for place in 0..TEACHER_WIDTH {
        values[place * TEACHER_WIDTH + place] = 1.0;
    }
}

#[test]
fn confident_logits_and_equal_texts_give_finite_values() {
    let goldens = Goldens::read();
    for case in &goldens.cases {
        let mut problem = goldens.problem(case);
        let signs = [1e4, -1e4, -1e4, 1e4, 1e4, -1e4, 1e4];
        let confident = |length: usize| (0..length).map(|place| signs[place % signs.len()]).collect();
        for (outputs, logits) in [(true, false), (false, true), (true, true)] {
            if outputs {
                problem.outputs = confident(problem.outputs.len());
            }
            if logits {
                problem.logits = confident(problem.logits.len());
            }
            assert_finite(&problem, &case.settings);
        }
        let mut problem = goldens.problem(case);
        let rows = problem.labels.len();
        problem.teacher = Rows::new(TEACHER_WIDTH, vec![0.25; rows * TEACHER_WIDTH]);
        problem.embedding = [0.5, -1.0, 0.0, 2.0].repeat(problem.batch.len());
        problem.outputs.fill(0.125);
        assert_finite(&problem, &case.settings);
        problem.embedding.fill(0.0);
        problem.logits.fill(0.0);
        assert_finite(&problem, &case.settings);
    }
}

fn assert_finite(problem: &Problem, settings: &Objective) {
    let mut method = problem.method(settings);
    let answer = problem.learn(&mut *method);
    method.step(0.01);
    let state: Vec<f32> = method.state().into_iter().flat_map(|array| array.values).collect();
    let values = [&answer.output_gradient, &answer.embedding_gradient, &state];
    assert!(values.iter().all(|values| values.iter().all(|value| value.is_finite())), "{}", settings.name());
    assert!(answer.terms.values().all(|value| value.is_finite()), "{}: {:?}", settings.name(), answer.terms);
}

#[test]
fn the_order_of_a_batch_does_not_matter() {
    let goldens = Goldens::read();
    let order = [3, 0, 4, 2, 1];
    for case in &goldens.cases {
        let problem = goldens.problem(case);
        let mut turned = problem.clone();
        let turn = |values: &[f32]| -> Vec<f32> {
            let width = values.len() / order.len();
            order.iter().flat_map(|&row| values[row * width..][..width].to_vec()).collect()
        };
        turned.batch = order.iter().map(|&row| problem.batch[row]).collect();
        (turned.outputs, turned.embedding) = (turn(&problem.outputs), turn(&problem.embedding));
        let [(plain, plain_state), (other, other_state)] = [&problem, &turned].map(|problem| {
            let mut method = problem.method(&case.settings);
            let answer = problem.learn(&mut *method);
            method.step(0.5);
            (answer, method.state())
        });
        let name = case.settings.name();
        assert!(apart(&turn(&plain.output_gradient), &other.output_gradient) < 1e-6, "{name}");
        if !plain.embedding_gradient.is_empty() {
            let largest = plain.embedding_gradient.iter().fold(1.0_f32, |a, b| a.max(b.abs()));
            let difference = apart(&turn(&plain.embedding_gradient), &other.embedding_gradient);
            assert!(difference < 1e-6 * f64::from(largest), "{name}");
        }
        for (term, value) in &plain.terms {
            assert!((value - other.terms[term]).abs() < 1e-9 * value.abs().max(1.0), "{term}");
        }
        for (plain, other) in plain_state.iter().zip(&other_state) {
            let largest = plain.values.iter().fold(1.0_f32, |a, b| a.max(b.abs()));
            assert!(apart(&plain.values, &other.values) < 1e-6 * f64::from(largest), "{}", plain.name);
        }
    }
}

#[test]
fn alpha_mixes_labels_and_teacher_linearly() {
    let goldens = Goldens::read();
    let labels_alone = |problem: &Problem, subclasses: usize| {
        let base: MethodSettings = match NonZeroUsize::new(subclasses) {
            Some(subclasses) if subclasses.get() > 1 => {
                let maker = LelpSettings { subclasses, ..LelpSettings::default() };
                SplitMethod { alpha: Alpha::ONE, ..SplitMethod::new(maker) }.into()
            }
            _ => CeSettings::default().into(),
        };
        problem.learn(&mut *problem.method(&base.into())).output_gradient
    };
    for case in goldens.cases.iter().filter(|case| case.settings.needs().teacher()) {
        let problem = goldens.problem(case);
        let [soft, half, hard] = [0.0, 0.5, 1.0].map(|alpha| {
            let settings = with_alpha(&case.settings, alpha);
            problem.learn(&mut *problem.method(&settings)).output_gradient
        });
        for place in 0..half.len() {
            let mean = 0.5 * (soft[place] + hard[place]);
            assert!((half[place] - mean).abs() < 1e-6, "{}", case.settings.name());
        }
        assert_eq!(hard, labels_alone(&problem, case.settings.base.subclasses()), "{}", case.settings.name());
    }
}

/// Whole weights are copies: a row of weight 2 is as good as two rows. What compares rows with each other is refused.
#[test]
fn a_class_of_weight_two_counts_twice() {
    let goldens = Goldens::read();
    for case in goldens.every_method() {
        let problem = goldens.problem(case);
        let mut weights = vec![1.0; case.classes];
        weights[1] = 2.0;
        let supervision = Supervision { class_weights: Some(&weights), ..problem.supervision() };
        let name = case.settings.name();
        let built = case.settings.build(supervision, &STUDENT);
        let alone = case.settings.base.term().is_none();
        if case.settings.needs().whole_batch && alone {
            let refused = MethodError::ClassWeights { method: case.settings.base.name() };
            assert_eq!(built.err(), Some(refused));
            continue;
        }
        let weighted = problem.learn(&mut *built.unwrap());
        let plain = problem.learn(&mut *problem.method(&case.settings));
        assert_eq!(weighted.embedding_gradient, plain.embedding_gradient, "{name}");
        assert_eq!(weighted.terms, plain.terms, "{name}: terms are logged unweighted");
        let width = plain.output_gradient.len() / problem.batch.len();
        for (place, &row) in problem.batch.iter().enumerate() {
            let logits = &problem.logits[row as usize * case.classes..][..case.classes];
            let class =
                problem.labels[row as usize].map_or_else(|| lelp::argmax(logits), |label| label as usize);
            let own = place * width..(place + 1) * width;
            for (weighted, plain) in
                weighted.output_gradient[own.clone()].iter().zip(&plain.output_gradient[own])
            {
                assert!(
                    (weighted - weights[class] as f32 * plain).abs() < 1e-6,
                    "{name}: {weighted} {plain}"
                );
            }
        }
    }
}

#[test]
fn rows_teach_if_they_have_what_is_learned_from() {
    let goldens = Goldens::read();
    for case in goldens.every_method() {
        let problem = goldens.problem(case);
        // Row 3 has no label.
        for alpha in [0.0, 1.0] {
            if !case.settings.needs().teacher() {
                continue;
            }
            let settings = with_alpha(&case.settings, alpha);
            let teaches = !settings.needs().labels || case.settings.base.term().is_some();
            let method = problem.method(&settings);
            assert!(method.teaches(0));
            assert_eq!(method.teaches(3), teaches, "{} at {alpha}", case.settings.name());
        }
    }
}

#[test]
fn what_is_not_needed_may_be_absent_and_what_is_needed_is_asked_for_by_name() {
    let goldens = Goldens::read();
    for case in goldens.every_method() {
        let problem = goldens.problem(case);
        let settings = if case.settings.needs().teacher() {
            with_alpha(&case.settings, 0.0)
        } else {
            case.settings.clone()
        };
        let needs = settings.needs();
        let whole = problem.supervision();
        let least = Supervision {
            labels: whole.labels.filter(|_| needs.labels),
            logits: whole.logits.filter(|_| needs.logits),
            targets: whole.targets.filter(|_| needs.targets),
            embeddings: whole.embeddings.filter(|_| needs.teacher_embedding),
            ..whole
        };
        let mut method = settings.build(least, &STUDENT).unwrap();
        assert_eq!(method.embedding(), needs.student_embedding.then_some(STUDENT_WIDTH));
        assert_eq!(method.row_wise().is_none(), needs.whole_batch, "{}", settings.name());
        problem.learn(&mut *method);
        let without = [
            (needs.labels, "labels", Supervision { labels: None, ..least }),
            (needs.logits, "teacher logits", Supervision { logits: None, ..least }),
            (needs.targets, "targets", Supervision { targets: None, ..least }),
            (needs.teacher_embedding, "teacher embeddings", Supervision { embeddings: None, ..least }),
        ];
        for (needed, what, supervision) in without {
            let refused = settings.build(supervision, &STUDENT).err();
            let wanted = needed.then_some(MethodError::Missing { method: settings.base.name(), what });
            assert_eq!(refused, wanted);
        }
    }
}

#[test]
fn what_cannot_be_learned_from_is_refused() {
    let goldens = Goldens::read();
    for case in goldens.every_method() {
        let mut problem = goldens.problem(case);
        problem.labels[1] = Some(problem.classes as u32);
        let refused = case.settings.build(problem.supervision(), &STUDENT).err().unwrap();
        let classes = problem.classes;
        assert_eq!(refused, MethodError::Label { row: 1, label: classes as u32, classes });
        let mut problem = goldens.problem(case);
        problem.logits[classes] = f32::NAN;
        let second = problem.targets.len() / problem.labels.len();
        problem.targets[second] = f32::NAN;
        if case.settings.needs().logits || case.settings.needs().targets {
            let refused = case.settings.build(problem.supervision(), &STUDENT).err().unwrap();
            assert!(matches!(refused, MethodError::Value { row: 1, .. }), "{refused}");
        }
        let short = Rows::new(TEACHER_WIDTH, vec![0.0; TEACHER_WIDTH]);
        if case.settings.needs().teacher_embedding {
            let problem = goldens.problem(case);
            let supervision = Supervision { embeddings: Some(&short), ..problem.supervision() };
            let refused = case.settings.build(supervision, &STUDENT).err().unwrap();
            assert!(matches!(refused, MethodError::Length { wanted: 30, given: 5, .. }), "{refused}");
        }
    }
}

#[test]
fn settings_out_of_range_are_refused_by_name() {
    let goldens = Goldens::read();
    for case in goldens.every_method() {
        let json = serde_json::to_value(&case.settings).unwrap();
        for (name, value) in json.as_object().unwrap() {
            if !value.is_number() {
                continue;
            }
            let wrong: Value = if value.is_f64() { (-1.0).into() } else { 0.into() };
            let refused = case.settings.base.with(name, wrong.clone()).unwrap_err();
            let named = |setting: &str| name == setting;
            assert!(
                matches!(refused, MethodSettingsError::Range(SettingError { name, .. }) if named(name)),
                "{refused}"
            );
            let mut file = json.clone();
            file[name] = wrong;
            assert!(serde_json::from_value::<Objective>(file).is_err(), "{name}");
        }
    }
}

/// Settings that were made rather than read are checked before the first step.
#[test]
fn settings_out_of_range_build_nothing() {
    let problem = Goldens::read().problem_of(3, 1);
    let refused = |settings: MethodSettings| settings.build(problem.supervision(), &STUDENT).err().unwrap();
    let wrong = [
        (refused(DkdSettings { target_weight: -1.0, ..DkdSettings::default() }.into()), "target_weight"),
        (refused(CeSettings { label_smoothing: 1.0, ..CeSettings::default() }.into()), "label_smoothing"),
        (refused(KdWithTerm::new(FitnetTerm { weight: f64::NAN }).into()), "weight"),
        (refused(KdWithTerm::new(CrdTerm { negatives: 0, ..CrdTerm::default() }).into()), "negatives"),
    ];
    for (error, setting) in wrong {
        assert!(
            matches!(error, MethodError::Setting(SettingError { name, .. }) if name == setting),
            "{error}"
        );
    }
}

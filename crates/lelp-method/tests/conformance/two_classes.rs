//! What is left of each method with two classes, measured on its gradient.

use lelp::Temperature;
use lelp_method::{DkdSettings, KdSettings, Loss, MethodSettings, Objective, Severity};

use crate::goldens::{Goldens, Problem, apart, array};
use crate::laws::with_alpha;

fn objective(settings: impl Loss) -> Objective {
    MethodSettings::from(settings).into()
}

/// The gradient in the outputs without labels.
fn gradient(problem: &Problem, settings: &Objective) -> Vec<f32> {
    let settings = with_alpha(settings, 0.0);
    problem.learn(&mut *problem.method(&settings)).output_gradient
}

fn largest(values: &[f32]) -> f64 {
    apart(values, &vec![0.0_f32; values.len()])
}

/// On rows that all have a label: `dkd` leaves the others out.
fn problem(goldens: &Goldens, classes: usize) -> Problem {
    let mut problem = goldens.problem_of(classes, 1);
    problem.labels[3] = Some(1);
    problem
}

#[test]
fn the_target_part_of_dkd_is_kd() {
    let goldens = Goldens::read();
    for temperature in [1.0, 2.0, 4.0] {
        let temperature = Temperature::new(temperature).unwrap();
        let kd = objective(KdSettings { temperature, ..KdSettings::default() });
        let dkd =
            DkdSettings { temperature, target_weight: 1.0, non_target_weight: 8.0, ..DkdSettings::default() };
        let dkd = objective(dkd);
        let problem = problem(&goldens, 2);
        let [plain, decoupled] = [&kd, &dkd].map(|settings| problem.learn(&mut *problem.method(settings)));
        assert!((plain.terms["kd"] - decoupled.terms["dkd_target"]).abs() < 1e-6);
        assert_eq!(decoupled.terms["dkd_non_target"], 0.0);
        assert!(apart(&plain.output_gradient, &decoupled.output_gradient) < 1e-6);
        assert!(
            apart(&gradient(&self::problem(&goldens, 3), &kd), &gradient(&self::problem(&goldens, 3), &dkd))
                > 0.01
        );
    }
}

#[test]
fn lskd_has_no_gradient() {
    let goldens = Goldens::read();
    let lskd = &goldens.cases.iter().find(|case| case.settings.base.name() == "lskd").unwrap().settings;
    assert!(largest(&gradient(&problem(&goldens, 2), lskd)) < 1e-5);
    assert!(largest(&gradient(&problem(&goldens, 3), lskd)) > 0.01);
}

#[test]
fn the_rows_of_dist_have_no_gradient() {
    let goldens = Goldens::read();
    let only = |rows: f64, columns: f64| -> Objective {
        serde_json::from_value(
            serde_json::json!({"method": "dist", "row_weight": rows, "column_weight": columns}),
        )
        .unwrap()
    };
    assert!(largest(&gradient(&problem(&goldens, 2), &only(1.0, 0.0))) < 1e-6);
    assert!(largest(&gradient(&problem(&goldens, 3), &only(1.0, 0.0))) > 0.01);
    // Both columns say the same: each alone has the correlation of their mean.
    let two = problem(&goldens, 2);
    let columns = gradient(&two, &only(0.0, 1.0));
    assert!(columns.chunks_exact(2).all(|row| (row[0] + row[1]).abs() < 1e-6) && largest(&columns) > 0.01);
}

/// Rows of a row's own class are no negatives: with two classes nothing is learned inside a class.
#[test]
fn crd_sees_nothing_of_a_rows_own_class() {
    let goldens = Goldens::read();
    let crd = &goldens.cases.iter().find(|case| case.settings.base.name() == "crd").unwrap().settings;
    let mut problem = problem(&goldens, 2);
    let class = |problem: &Problem, row: u32| problem.labels[row as usize];
    let (row, own) = (problem.batch[0], class(&problem, problem.batch[0]));
    (problem.batch, problem.embedding) = (vec![row], problem.embedding[..4].to_vec());
    problem.outputs.truncate(2);
    let embedding_gradient = |memory_moved: &dyn Fn(u32) -> bool| {
        let mut method = problem.method(crd);
        let mut state = method.state();
        // Fixed, as they are after the first batch: they too would move.
        array(&mut state, "crd.normalisers").values.fill(6.0);
        let memory = array(&mut state, "crd.teacher.memory");
        let width = memory.values.len() / problem.labels.len();
        for other in (0..6).filter(|&other| memory_moved(other)) {
            memory.values[other as usize * width] += 0.5;
        }
        method.load_state(&state).unwrap();
        problem.learn(&mut *method).embedding_gradient
    };
    let plain = embedding_gradient(&|_| false);
    let moved = |same: bool| {
        let changed = embedding_gradient(&|other| other != row && (class(&problem, other) == own) == same);
        apart(&plain, &changed)
    };
    assert!(moved(true) == 0.0 && moved(false) > 1e-4);
}

/// The guard refuses a method if and only if its gradient is none, or that of `kd`.
#[test]
fn the_guard_says_what_gradients_show() {
    let goldens = Goldens::read();
    for classes in [2, 3] {
        for case in goldens.every_method().filter(|case| case.settings.needs().teacher()) {
            let settings = &case.settings;
            let mut problem = problem(&goldens, classes);
            problem.outputs = goldens.problem_of(classes, settings.base.subclasses()).outputs;
            let answer = problem.learn(&mut *problem.method(&with_alpha(settings, 0.0)));
            let temperature = settings.base.temperature();
            let kd = objective(KdSettings { temperature, ..KdSettings::default() });
            let none = largest(&answer.output_gradient) < 1e-5;
            let embedding = !answer.embedding_gradient.is_empty();
            let plain =
                settings.base.subclasses() == 1 && settings.base.name() != kd.base.name() && !embedding && {
                    let plain = gradient(&problem, &kd);
                    // The same direction, whatever the weight.
                    let factor = f64::from(answer.output_gradient[0]) / f64::from(plain[0]);
                    let scaled: Vec<f64> = plain.iter().map(|slope| factor * f64::from(*slope)).collect();
                    apart(&answer.output_gradient, &scaled) < 1e-5
                };
            let refused = settings
                .degeneracies(classes)
                .iter()
                .any(|degeneracy| degeneracy.severity == Severity::Refused);
            assert_eq!(refused, none || plain, "{} with {classes} classes", settings.name());
        }
    }
}

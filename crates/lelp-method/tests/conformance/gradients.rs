//! Gradients are slopes: in outputs, in the embedding, in every variable.

use lelp_method::{AuxiliaryTerm, NamedArray, Objective};

use crate::goldens::{Answer, Case, Goldens, Problem, array};

/// A step that `f32` holds exactly beside the multiples of 1/64 of the problems.
const STEP: f32 = 1.0 / 64.0;

/// Fourth-order central difference of `loss`, which is given a displacement.
fn difference(loss: &dyn Fn(f32) -> f64) -> f64 {
    let at = |steps: f32| loss(steps * STEP);
    (8.0 * (at(1.0) - at(-1.0)) - (at(2.0) - at(-2.0))) / (12.0 * f64::from(STEP))
}

/// A method whose buffers have settled: normalisers that are fixed on the first batch move with nothing.
fn settled(problem: &Problem, case: &Case) -> Vec<NamedArray> {
    let mut method = problem.method_of(case);
    problem.learn(&mut *method);
    method.state()
}

fn answer(problem: &Problem, case: &Case, state: &[NamedArray]) -> Answer {
    let mut method = problem.method(&case.settings);
    method.load_state(state).unwrap();
    problem.learn(&mut *method)
}

fn assert_close(name: &str, gradients: &[f32], slopes: &[f64]) {
    let largest = slopes.iter().fold(0.1_f64, |a, b| a.max(b.abs()));
    for (place, (gradient, slope)) in gradients.iter().zip(slopes).enumerate() {
        let apart = (f64::from(*gradient) - slope).abs();
        assert!(apart < 3e-4 * largest, "{name}, {place}: gradient {gradient}, slope {slope}");
    }
}

/// Every method alone, and on top of `lelp` those that can be added.
fn cases(goldens: &Goldens) -> Vec<Case> {
    let mut cases = goldens.cases.clone();
    let lelp = cases.iter().find(|case| case.settings.base.name() == "lelp").unwrap().clone();
    for added in AuxiliaryTerm::all() {
        let alone = goldens.cases.iter().find(|case| case.settings.base.name() == added.name()).unwrap();
        let add = vec![alone.settings.base.term().unwrap()];
        let mut case = Case { settings: Objective { base: lelp.settings.base.clone(), add }, ..lelp.clone() };
        case.terms.extend(alone.terms.clone().into_iter().filter(|(name, _)| name != "kd" && name != "ce"));
        // The memory of `crd` starts as it is drawn: that of the golden is for other classes.
        case.state = alone.state.clone().into_iter().filter(|(name, _)| !name.ends_with("memory")).collect();
        cases.push(case);
    }
    cases
}

#[test]
fn gradients_in_outputs_and_embedding_are_slopes() {
    let goldens = Goldens::read();
    for case in cases(&goldens) {
        let problem = goldens.problem(&case);
        let state = settled(&problem, &case);
        let found = answer(&problem, &case, &state);
        let name = case.settings.name();
        let slopes = |values: fn(&mut Problem) -> &mut Vec<f32>| -> Vec<f64> {
            let length = values(&mut problem.clone()).len();
            let moved = |place: usize, by: f32| {
                let mut moved = problem.clone();
                values(&mut moved)[place] += by;
                case.total(&answer(&moved, &case, &state))
            };
            (0..length).map(|place| difference(&|by| moved(place, by))).collect()
        };
        assert_close(&name, &found.output_gradient, &slopes(|problem| &mut problem.outputs));
        if !found.embedding_gradient.is_empty() {
            assert_close(&name, &found.embedding_gradient, &slopes(|problem| &mut problem.embedding));
        }
    }
}

#[test]
fn every_variable_gets_its_gradient_and_moves() {
    let goldens = Goldens::read();
    for case in cases(&goldens) {
        let problem = goldens.problem(&case);
        let before = settled(&problem, &case);
        let mut method = problem.method(&case.settings);
        method.load_state(&before).unwrap();
        problem.learn(&mut *method);
        method.step(1.0);
        let mut after = method.state();
        for name in case.variables() {
            let mut start = before.clone();
            let start = array(&mut start, name).values.clone();
            let moved = &array(&mut after, name).values;
            let gradient: Vec<f32> = start.iter().zip(moved).map(|(start, moved)| start - moved).collect();
            assert!(gradient.iter().any(|slope| slope.abs() > 1e-4), "{name} does not move");
            let at = |place: usize, by: f32| {
                let mut state = before.clone();
                array(&mut state, name).values[place] += by;
                case.total(&answer(&problem, &case, &state))
            };
            let slopes: Vec<f64> = (0..start.len()).map(|place| difference(&|by| at(place, by))).collect();
            assert_close(name, &gradient, &slopes);
        }
        // No array but variables, memories and the optimizer's own: nothing that could be forgotten.
        for array in &before {
            let known = case.state.contains_key(&array.name)
                || [".first", ".second", ".steps", ".memory", ".normalisers"]
                    .iter()
                    .any(|end| array.name.ends_with(end));
            assert!(known, "{} is no variable of the golden", array.name);
        }
    }
}

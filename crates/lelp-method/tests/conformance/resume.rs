//! A training that stops and goes on is one that did not stop.

use lelp_method::Optimizer;
use lelp_method::{Method, Objective, StateError, StudentShape};

use crate::goldens::{Answer, Goldens, Problem, STUDENT};

fn steps(problem: &Problem, method: &mut dyn Method, count: usize) -> Vec<Answer> {
    let step = |_| {
        let answer = problem.learn(method);
        method.step(0.1);
        answer
    };
    (0..count).map(step).collect()
}

#[test]
fn a_method_goes_on_from_its_state_bit_by_bit() {
    let goldens = Goldens::read();
    for case in &goldens.cases {
        let problem = goldens.problem(case);
        for optimizer in [Optimizer::Sgd, Optimizer::Adagrad, Optimizer::Adam] {
            let shape = StudentShape { optimizer, ..STUDENT };
            let build = |settings: &Objective| settings.build(problem.supervision(), &shape).unwrap();
            let mut whole = build(&case.settings);
            steps(&problem, &mut *whole, 3);
            let state = whole.state();
            let mut resumed = build(&case.settings);
            resumed.load_state(&state).unwrap();
            assert_eq!(resumed.state(), state);
            let rest = steps(&problem, &mut *whole, 3);
            assert_eq!(steps(&problem, &mut *resumed, 3), rest, "{}", case.settings.name());
            assert_eq!(resumed.state(), whole.state(), "{}", case.settings.name());
            // A method that has variables does not stand still, nor do its answers.
            assert!(state.is_empty() || (whole.state() != state && rest[0] != rest[1]));
        }
    }
}

#[test]
fn a_state_of_other_settings_is_refused() {
    let goldens = Goldens::read();
    for case in goldens.every_method() {
        let problem = goldens.problem(case);
        let mut method = problem.method(&case.settings);
        let state = method.state();
        for place in 0..state.len() {
            let mut lacking = state.clone();
            let gone = lacking.remove(place);
            assert_eq!(method.load_state(&lacking), Err(StateError::Missing { name: gone.name.clone() }));
            let mut longer = state.clone();
            longer[place].values.push(0.0);
            let (found, wanted) = (gone.values.len() + 1, gone.values.len());
            assert_eq!(
                method.load_state(&longer),
                Err(StateError::Length { name: gone.name, found, wanted })
            );
        }
    }
}

#[test]
fn threads_change_nothing() {
    let goldens = Goldens::read();
    for case in &goldens.cases {
        let problem = goldens.problem(case);
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let mut method = problem.method(&case.settings);
                (steps(&problem, &mut *method, 2), method.state())
            })
        };
        let one = run(1);
        assert!([2, 3].iter().all(|&threads| run(threads) == one), "{}", case.settings.name());
    }
}

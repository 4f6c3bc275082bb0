//! What methods are to each other, and settings to their files.

use std::num::NonZeroUsize;

use lelp::{Beta, LelpSettings, Temperature};
use lelp_method::{Alpha, KdSettings, MethodSettings, Objective, SplitMethod, Supervision};

use crate::goldens::{Goldens, STUDENT, apart};

fn typed(alpha: f64, temperature: f64) -> (Alpha, Temperature) {
    (Alpha::new(alpha).unwrap(), Temperature::new(temperature).unwrap())
}

#[test]
fn lelp_with_one_subclass_is_kd() {
    let problem = Goldens::read().problem_of(3, 1);
    for (alpha, temperature) in [(0.0, 1.0), (0.0, 4.0), (0.5, 2.0), (1.0, 3.0)] {
        let softened: Vec<f32> = problem.logits.iter().map(|z| z / temperature as f32).collect();
        let targets = lelp::softmax(&softened, 3).unwrap();
        let supervision = Supervision { targets: Some(&targets), ..problem.supervision() };
        let (alpha, temperature) = typed(alpha, temperature);
        let one = LelpSettings { subclasses: NonZeroUsize::MIN, ..LelpSettings::default() };
        let lelp = MethodSettings::from(SplitMethod { alpha, temperature, ..SplitMethod::new(one) });
        let mut lelp = lelp.build(supervision, &STUDENT).unwrap();
        let kd = MethodSettings::from(KdSettings { alpha, temperature });
        let plain = problem.learn(&mut *problem.method(&kd.into()));
        let split = problem.learn(&mut *lelp);
        assert!(apart(&plain.output_gradient, &split.output_gradient) < 1e-6);
        assert!((plain.terms["kd"] - split.terms["lelp"]).abs() < 1e-6);
    }
}

/// At high temperature the gradient of `T^2 KL` goes to that of half the squared difference of centred logits, over
/// classes; without its `T^2` it would vanish.
#[test]
fn the_squared_temperature_keeps_the_gradient_alive_at_alpha_zero() {
    let problem = Goldens::read().problem_of(2, 1);
    let (alpha, temperature) = typed(0.0, 1000.0);
    let kd = MethodSettings::from(KdSettings { alpha, temperature });
    let gradient = problem.learn(&mut *problem.method(&kd.into())).output_gradient;
    for (place, &row) in problem.batch.iter().enumerate() {
        let (t, s) = (&problem.logits[2 * row as usize..], &problem.outputs[2 * place..]);
        let limit = ((s[0] - s[1]) - (t[0] - t[1])) / 4.0 / problem.batch.len() as f32;
        assert!((gradient[2 * place] - limit).abs() < 1e-2 * limit.abs());
    }
}

#[test]
fn settings_round_trip_and_unknown_ones_are_refused() {
    for settings in MethodSettings::all() {
        let objective = Objective::from(settings.clone());
        let json = serde_json::to_value(&objective).unwrap();
        assert_eq!(json["method"], settings.name());
        assert_eq!(serde_json::from_value::<Objective>(json.clone()).unwrap(), objective);
        assert_eq!(serde_json::from_value::<MethodSettings>(json.clone()).unwrap(), settings);
        let mut wrong = json;
        wrong["nonsense"] = 1.into();
        assert!(serde_json::from_value::<Objective>(wrong.clone()).is_err(), "{}", settings.name());
        assert!(serde_json::from_value::<MethodSettings>(wrong).is_err(), "{}", settings.name());
    }
    let short: MethodSettings = serde_json::from_str(r#"{"method":"lelp","beta":1.0}"#).unwrap();
    let beta = Beta::new(1.0).unwrap();
    assert_eq!(short, SplitMethod { beta, ..SplitMethod::new(LelpSettings::default()) }.into());
    let bare: MethodSettings = serde_json::from_str(r#"{"method":"crd"}"#).unwrap();
    assert!(MethodSettings::all().contains(&bare));
}

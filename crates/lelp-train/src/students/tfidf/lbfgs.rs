//! Limited-memory BFGS: a minimum of a smooth function of many variables.

use std::collections::VecDeque;

/// Pairs of steps and changes of the gradient that are kept.
const MEMORY: usize = 6;

/// Share of the decrease by the slope that a step has to reach (Armijo).
const DECREASE: f64 = 1e-4;

/// Halvings of a step that leads nowhere.
const HALVINGS: usize = 30;

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Steps at most.
    pub(super) steps: usize,
    /// Largest entry of the gradient that counts as 0.
    pub(super) gradient: f64,
}

/// The variables of a minimum from `start` on; `function` writes its gradient and gives its value. The answer depends on
/// the function's bits alone.
///
/// # Source
/// Nocedal and Wright 2006, "Numerical Optimization", algorithms 7.4 and 7.5, with a backtracking line search; a pair whose
/// curvature is not positive is left out.
pub(super) fn minimize<E>(
    start: Vec<f64>,
    limits: Limits,
    mut function: impl FnMut(&[f64], &mut [f64]) -> Result<f64, E>,
) -> Result<Vec<f64>, E> {
    let mut variables = start;
    let mut gradient = vec![0.0; variables.len()];
    let mut value = function(&variables, &mut gradient)?;
    let mut pairs: VecDeque<(Vec<f64>, Vec<f64>, f64)> = VecDeque::new();
    for _ in 0..limits.steps {
        if gradient.iter().all(|entry| entry.abs() <= limits.gradient) {
            break;
        }
        let direction = direction(&gradient, &pairs);
        let slope = dot(&direction, &gradient);
        let mut step = if pairs.is_empty() { 1.0 / dot(&gradient, &gradient).sqrt() } else { 1.0 };
        let (mut next, mut next_gradient) = (variables.clone(), vec![0.0; variables.len()]);
        let mut next_value = f64::INFINITY;
        for _ in 0..HALVINGS {
            for ((next, old), direction) in next.iter_mut().zip(&variables).zip(&direction) {
                *next = old + step * direction;
            }
            next_value = function(&next, &mut next_gradient)?;
            if next_value <= value + DECREASE * step * slope {
                break;
            }
            step /= 2.0;
        }
        if next_value >= value {
            break;
        }
        let moved: Vec<f64> = next.iter().zip(&variables).map(|(new, old)| new - old).collect();
        let changed: Vec<f64> = next_gradient.iter().zip(&gradient).map(|(new, old)| new - old).collect();
        let curvature = dot(&moved, &changed);
        if curvature > f64::EPSILON * dot(&changed, &changed) {
            if pairs.len() == MEMORY {
                pairs.pop_front();
            }
            pairs.push_back((moved, changed, curvature));
        }
        (variables, gradient, value) = (next, next_gradient, next_value);
    }
    Ok(variables)
}

/// Against the gradient, bent by what is known of the curvature.
fn direction(gradient: &[f64], pairs: &VecDeque<(Vec<f64>, Vec<f64>, f64)>) -> Vec<f64> {
    let mut direction: Vec<f64> = gradient.iter().map(|entry| -entry).collect();
    let mut shares = Vec::with_capacity(pairs.len());
    for (moved, changed, curvature) in pairs.iter().rev() {
        let share = dot(moved, &direction) / curvature;
        add(&mut direction, -share, changed);
        shares.push(share);
    }
    if let Some((_, changed, curvature)) = pairs.back() {
        let scale = curvature / dot(changed, changed);
        for entry in &mut direction {
            *entry *= scale;
        }
    }
    for ((moved, changed, curvature), share) in pairs.iter().zip(shares.into_iter().rev()) {
        let back = dot(changed, &direction) / curvature;
        add(&mut direction, share - back, moved);
    }
    direction
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

fn add(to: &mut [f64], scale: f64, vector: &[f64]) {
    to.iter_mut().zip(vector).for_each(|(to, entry)| *to += scale * entry);
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    #[test]
    fn minima_of_known_functions_are_found() {
        let limits = Limits { steps: 200, gradient: 1e-8 };
        let scales = [0.01, 0.1, 1.0, 10.0, 100.0];
        let quadratic = |x: &[f64], gradient: &mut [f64]| -> Result<f64, Infallible> {
            let mut value = 0.0;
            for (place, x) in x.iter().enumerate() {
                let away = x - place as f64;
                gradient[place] = scales[place] * away;
                value += 0.5 * scales[place] * away * away;
            }
            Ok(value)
        };
        let Ok(found) = minimize(vec![0.0; 5], limits, quadratic);
        assert!(found.iter().enumerate().all(|(place, x)| (x - place as f64).abs() < 1e-5), "{found:?}");
        let rosenbrock = |x: &[f64], gradient: &mut [f64]| -> Result<f64, Infallible> {
            let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
            gradient[0] = -2.0 * a - 400.0 * x[0] * b;
            gradient[1] = 200.0 * b;
            Ok(a * a + 100.0 * b * b)
        };
        let Ok(found) = minimize(vec![-1.2, 1.0], limits, rosenbrock);
        assert!(found.iter().all(|x| (x - 1.0).abs() < 1e-6), "{found:?}");
        let Ok(stays) = minimize(vec![3.0], limits, |_, _| Ok::<f64, Infallible>(0.0));
        assert_eq!(stays, [3.0]);
    }
}

//! The classes of one model in the order of another's.

/// For each class of one model, the place of the same class in another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassOrder(Vec<usize>);

impl ClassOrder {
    /// The classes `labels` among those of `other`; none where the two do not have the same classes.
    #[must_use]
    pub fn of(labels: &[String], other: &[String]) -> Option<Self> {
        let place = |label: &String| other.iter().position(|own| own == label);
        let order: Vec<usize> = labels.iter().map(place).collect::<Option<_>>()?;
        (order.len() == other.len()).then_some(Self(order))
    }

    /// Logits `[rows, classes]` of the other model with its classes in this order.
    #[must_use]
    pub fn apply(&self, logits: &[f32]) -> Vec<f32> {
        let rows = logits.chunks_exact(self.0.len());
        rows.flat_map(|row| self.0.iter().map(|&class| row[class])).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logits_follow_the_names_of_their_classes() {
        let labels = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let (student, teacher) = (labels(&["no", "yes", "other"]), labels(&["yes", "other", "no"]));
        let order = ClassOrder::of(&student, &teacher).expect("the same classes");
        assert_eq!(order.apply(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), [3.0, 1.0, 2.0, 6.0, 4.0, 5.0]);
        assert_eq!(ClassOrder::of(&student, &labels(&["yes", "no"])), None);
        assert_eq!(ClassOrder::of(&labels(&["yes", "no"]), &teacher), None);
    }
}

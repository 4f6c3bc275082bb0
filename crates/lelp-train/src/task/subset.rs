//! Smaller tasks to try things on.

use lelp_data::{Rows, fold_of_rows, gather};

use super::{Task, UnlabelledRows, ValidationRows};
use crate::training::ValidationMetric;

impl Task {
    /// The same task with `count` of its training labels, see [`lelp_data::Dataset::keep_labels`].
    #[must_use]
    pub fn keep_labels(self, count: usize) -> Self {
        Self { train: self.train.keep_labels(count), ..self }
    }

    /// `rows` of the training rows, evenly spread, and the same validation rows. None where there are no more training rows
    /// than that.
    #[must_use]
    pub fn sample(&self, rows: usize) -> Option<Self> {
        let all = self.train.rows();
        (all > rows).then(|| self.learning_from(&(0..rows).map(|place| place * all / rows).collect::<Rows>()))
    }

    /// Fold `number` of `folds`: its labelled training rows are no training rows but further validation rows, behind those
    /// there are. Rows of equal texts are of one fold; rows without a label are of none.
    ///
    /// None where right answers are the teacher's, which are no better known for held-out rows, and where the fold holds no
    /// row or all of them.
    #[must_use]
    pub fn fold(&self, number: usize, folds: usize) -> Option<Self> {
        if self.validation.metric == ValidationMetric::Agreement {
            return None;
        }
        let labels = self.train.labels()?;
        let of_rows = fold_of_rows(&self.train, folds);
        let (held_out, learned): (Rows, Rows) =
            (0..self.train.rows()).partition(|&row| labels[row].is_some() && of_rows[row] == number);
        if held_out.is_empty() || learned.is_empty() {
            return None;
        }
        let further = self.train.select(&held_out);
        let data = self.validation.data.with_unlabelled(&[further.table().clone()]).ok()?;
        let classes = self.validation.classes.iter().copied();
        let classes = classes.chain(held_out.iter().filter_map(|&row| labels[row])).collect();
        let metric = self.validation.metric;
        Some(Self { validation: ValidationRows { data, classes, metric }, ..self.learning_from(&learned) })
    }

    /// The training rows in these places, and the same validation rows.
    fn learning_from(&self, learned: &[usize]) -> Self {
        let first = learned.partition_point(|&row| row < self.file_rows());
        let unlabelled = self.unlabelled.map(|unlabelled| UnlabelledRows { first, ..unlabelled });
        let train_rows = match &self.train_rows {
            None => learned.to_vec(),
            Some(in_file) => learned.iter().map(|&row| in_file[row]).collect(),
        };
        Self {
            labels: self.labels.clone(),
            train: self.train.select(learned),
            train_rows: Some(train_rows),
            class_weights: self.class_weights.clone(),
            signals: self.signals.clone(),
            split_signals: self.split_signals.clone(),
            logits: self.logits.as_ref().map(|logits| gather(logits, self.labels.len(), learned)),
            fine: self.fine.clone(),
            validation: self.validation.clone(),
            test: None,
            unlabelled,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Write;

    use lelp_data::ColumnSettings;

    use super::*;

    /// `rows` texts, each twice, every tenth of them without a label; five validation rows.
    fn task(rows: usize) -> (tempfile::TempDir, Task) {
        let folder = tempfile::tempdir().unwrap();
        let mut train = "text,label\n".to_owned();
        for row in 0..rows {
            let label = if row % 10 == 3 { "" } else { ["no", "yes"][row % 2] };
            writeln!(train, "text {},{label}", row / 2).unwrap();
        }
        std::fs::write(folder.path().join("train.csv"), train).unwrap();
        let validation = "text,label\n".to_owned() + &"held,yes\n".repeat(5);
        std::fs::write(folder.path().join("validation.csv"), validation).unwrap();
        let task = Task::open(folder.path(), None, &ColumnSettings::default()).unwrap();
        (folder, task)
    }

    fn texts(data: &lelp_data::Dataset) -> Vec<String> {
        (0..data.rows()).map(|row| data.text(row).unwrap().text.to_string()).collect()
    }

    #[test]
    fn every_labelled_row_is_held_out_by_one_fold_and_no_text_is_on_both_sides() {
        let (_folder, task) = task(203);
        let mut held_out = 0;
        for number in 0..5 {
            let fold = task.fold(number, 5).unwrap();
            let further = fold.validation().rows() - 5;
            assert_eq!(fold.validation_classes().len(), fold.validation().rows());
            assert_eq!(fold.train().rows() + further, 203);
            let held: BTreeSet<String> = texts(fold.validation()).into_iter().skip(5).collect();
            let labelled = fold.train().labelled().0;
            let learned = texts(fold.train());
            assert!(labelled.iter().all(|&row| !held.contains(&learned[row])));
            held_out += further;
        }
        assert_eq!(held_out, task.train().labelled_rows());
        let rights = task.fold(0, 5).unwrap();
        assert_eq!(&rights.validation_classes()[..5], task.validation_classes());
    }

    #[test]
    fn a_fold_of_nothing_is_none() {
        let (_folder, task) = task(2);
        assert!((0..5).all(|number| task.fold(number, 5).is_none()));
    }
}

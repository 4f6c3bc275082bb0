//! Columns of numbers whose mean in a subclass differs from that in the rest of its class.

use lelp_data::Table;

use super::{InspectSettings, NumberDifference};

/// The differences of all columns of numbers between a subclass and the rest of its class, the largest first.
///
/// `subclasses` has the subclass of each of `rows`, or none, which counts as the rest. The difference of the means is
/// divided by the standard deviation (n - 1) over all members of the class that have a value: unlike the deviation
/// within the two groups, it is above 0 also where a number separates them completely.
pub(super) fn number_differences(
    table: &Table,
    rows: &[usize],
    subclasses: &[Option<usize>],
    subclass: usize,
    settings: &InspectSettings,
) -> Vec<NumberDifference> {
    let column = |column: usize| {
        let (mut own, mut rest) = (Sums::default(), Sums::default());
        for (&row, of_row) in rows.iter().zip(subclasses) {
            if let Some(number) = table.number(row, column) {
                if *of_row == Some(subclass) { own.add(number) } else { rest.add(number) }
            }
        }
        let difference = (own.mean() - rest.mean()) / own.and(rest).deviation();
        let enough = own.rows >= settings.least_rows.max(1);
        (enough && difference.is_finite()).then(|| NumberDifference {
            column: table.schema().fields()[column].name.clone(),
            difference,
            mean: own.mean(),
            mean_of_rest: rest.mean(),
            rows: own.rows,
        })
    };
    let mut found: Vec<NumberDifference> = table.schema().numbers().filter_map(column).collect();
    found.sort_by(|a, b| b.difference.abs().total_cmp(&a.difference.abs()));
    found.truncate(settings.distinctive_terms);
    found
}

/// Count, mean and sum of squared deviations, updated value by value (Welford 1962).
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    rows: usize,
    mean: f64,
    squares: f64,
}

impl Sums {
    fn add(&mut self, value: f64) {
        self.rows += 1;
        let step = value - self.mean;
        self.mean += step / self.rows as f64;
        self.squares += step * (value - self.mean);
    }

    /// NaN of no values.
    fn mean(self) -> f64 {
        if self.rows > 0 { self.mean } else { f64::NAN }
    }

    fn and(self, other: Self) -> Self {
        let rows = self.rows + other.rows;
        let step = other.mean - self.mean;
        let weight = other.rows as f64 / rows as f64;
        let mean = self.mean + step * weight;
        let squares = self.squares + other.squares + step * step * self.rows as f64 * weight;
        Self { rows, mean, squares }
    }

    fn deviation(self) -> f64 {
        (self.squares / (self.rows as f64 - 1.0)).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use lelp_data::ColumnValues;

    use super::*;

    fn found(columns: Vec<(&str, Vec<Option<f64>>)>, subclasses: &[Option<usize>]) -> Vec<NumberDifference> {
        let column = |(name, values): (&str, _)| (name.to_owned(), ColumnValues::Number(values));
        let table = Table::new(columns.into_iter().map(column).collect()).unwrap();
        let rows: Vec<usize> = (0..table.rows()).collect();
        let settings = InspectSettings { least_rows: 2, ..InspectSettings::default() };
        number_differences(&table, &rows, subclasses, 0, &settings)
    }

    /// `NumPy`: values 1, 2, 3, 6 have a deviation of 2.160246899469287; the means are 1.5 and 4.5.
    #[test]
    fn the_difference_is_that_of_the_means_in_deviations_of_the_class() {
        let some = |values: [f64; 4]| values.map(Some).to_vec();
        let subclasses = [Some(0), Some(0), Some(1), None];
        let columns = vec![("flat", some([1.0; 4])), ("age", some([1.0, 2.0, 3.0, 6.0]))];
        let [age] = &found(columns, &subclasses)[..] else { panic!("a constant column has no difference") };
        assert_eq!((age.column.as_str(), age.rows), ("age", 2));
        assert!((age.difference + 3.0 / 2.160_246_899_469_287).abs() < 1e-12, "{age:?}");
        assert!((age.mean - 1.5).abs() < 1e-12 && (age.mean_of_rest - 4.5).abs() < 1e-12, "{age:?}");
    }

    #[test]
    fn missing_numbers_count_nowhere_and_the_largest_difference_is_first() {
        let (some, none) = (|value: f64| Some(value), None::<f64>);
        let subclasses = [Some(0), Some(0), Some(0), Some(1), Some(1)];
        let columns = vec![
            ("near", vec![some(1.0), some(2.0), none, some(2.0), some(1.5)]),
            ("far", vec![some(1.0), some(1.0), some(1.0), some(9.0), some(9.0)]),
            ("rare", vec![some(1.0), none, none, some(9.0), some(9.0)]),
        ];
        let found = found(columns, &subclasses);
        let names: Vec<(&str, usize)> =
            found.iter().map(|number| (number.column.as_str(), number.rows)).collect();
        assert_eq!(names, [("far", 3), ("near", 2)]);
    }
}

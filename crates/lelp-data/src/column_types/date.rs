//! Dates, as the number of days since 1970-01-01.

use super::ColumnTypeDefinition;
use crate::cells::{Cell, Value, ValueError, ValueKind};
use crate::table::TableValue;

pub(super) const DATE: ColumnTypeDefinition = ColumnTypeDefinition {
    name: "date",
    summary: "a day of the Gregorian calendar as 2026-11-30, read as the number of days since 1970-01-01",
    kind: ValueKind::Number,
    read,
    write,
};

/// A day of a format that has days, or four digits of the year, two of the month and two of the day between hyphens, as
/// RFC 3339 has them; an empty field is missing.
#[allow(clippy::needless_pass_by_value, reason = "every type's reader has this signature")]
fn read(cell: Cell<'_>) -> Result<Value, ValueError> {
    let days = match &cell {
        Cell::Missing => None,
        Cell::Untyped(text) if text.trim().is_empty() => None,
        Cell::Day(days) => Some(i64::from(*days)),
        Cell::Untyped(text) | Cell::Text(text) => {
            Some(days_of(text.trim()).ok_or_else(|| ValueError::unreadable(text, NEEDED))?)
        }
        other => return Err(ValueError::wrong_type(other, NEEDED)),
    };
    Ok(Value::Number(days.map(|days| days as f64)))
}

/// The day in that form.
fn write(value: TableValue<'_>) -> Option<String> {
    let TableValue::Number(days) = value else { unreachable!("a date is a number") };
    days.map(|days| {
        let (year, month, day) = day_of(days as i64);
        format!("{year:04}-{month:02}-{day:02}")
    })
}

const NEEDED: &str = "a date as 2026-11-30";

fn days_of(text: &str) -> Option<i64> {
    let part = |text: &str, digits: usize| {
        let sound = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
        sound.then(|| text.parse::<i64>().ok()).flatten()
    };
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let (year, month, day) = (part(year, 4)?, part(month, 2)?, part(day, 2)?);
    let sound = parts.next().is_none() && (1..=12).contains(&month);
    (sound && (1..=days_in(year, month)).contains(&day)).then(|| days_since_1970(year, month, day))
}

fn days_in(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a day of the proleptic Gregorian calendar.
///
/// # Source
/// Howard Hinnant, chrono-Compatible Low-Level Date Algorithms, `days_from_civil`: years begin with March, so that the
/// day that comes every four years is the last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The day of the proleptic Gregorian calendar so many days after 1970-01-01: year, month, day.
///
/// # Source
/// Hinnant, as above: `civil_from_days`.
fn day_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let leap_days = day_of_era / 1_460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    /// Values of Python: `(datetime.date(y, m, d) - datetime.date(1970, 1, 1)).days`.
    #[test]
    fn days_are_those_of_the_calendar() {
        let known = [
            ("1970-01-01", 0),
            ("1969-12-31", -1),
            ("2000-02-29", 11_016),
            ("2000-03-01", 11_017),
            ("1900-03-01", -25_508),
            ("2026-11-30", 20_787),
            ("0001-01-01", -719_162),
            ("9999-12-31", 2_932_896),
        ];
        for (text, days) in known {
            assert_eq!(read(Cell::Untyped(text.into())), Ok(Value::Number(Some(f64::from(days)))), "{text}");
        }
        assert_eq!(read(Cell::Day(-1)), Ok(Value::Number(Some(-1.0))));
    }

    /// Every day of four centuries has the number after that of the day before.
    #[test]
    fn days_follow_each_other() {
        let mut expected = days_since_1970(1800, 1, 1);
        for year in 1800..2200 {
            for month in 1..=12 {
                for day in 1..=days_in(year, month) {
                    assert_eq!(days_of(&format!("{year}-{month:02}-{day:02}")), Some(expected));
                    assert_eq!(day_of(expected), (year, month, day));
                    expected += 1;
                }
            }
        }
    }

    #[test]
    fn what_is_no_day_is_refused() {
        let wrong = [
            "2023-02-29",
            "1900-02-29",
            "2023-04-31",
            "2023-13-01",
            "2023-00-01",
            "2023-01-00",
            "23-01-01",
            "2023-1-1",
            "2023-01",
            "2023-01-01-01",
            "+023-01-01",
            "01.02.2023",
            "20230101",
            "yesterday",
            "2023-01-01T00:00",
        ];
        for text in wrong {
            let problem = read(Cell::Text(text.into())).unwrap_err().to_string();
            assert_eq!(problem, format!("holds `{text}`, but a date as 2026-11-30 is needed"));
        }
        assert!(read(Cell::Integer(20_230_101)).is_err());
    }
}

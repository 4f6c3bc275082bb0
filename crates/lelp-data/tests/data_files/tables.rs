//! Tables in memory: what goes in comes out, whatever the view.

use lelp_data::{ColumnKind, ColumnValues, Field, Schema, SchemaError, Table, TableError, Text};
use proptest::prelude::*;

fn named(name: &str, values: ColumnValues) -> (String, ColumnValues) {
    (name.to_owned(), values)
}

/// One column of each kind; row `r` holds values that tell `r`.
fn table(rows: usize) -> Table {
    let each = 0..rows;
    Table::new(vec![
        named("query", ColumnValues::Text(each.clone().map(|row| format!("text {row}")).collect())),
        named("title", ColumnValues::TextPair(each.clone().map(|row| format!("pair {row}")).collect())),
        named(
            "embedding",
            ColumnValues::Vector {
                width: 3,
                values: each
                    .clone()
                    .flat_map(|row| [0, 1, 2].map(|place| (10 * row + place) as f32))
                    .collect(),
            },
        ),
        named(
            "price",
            ColumnValues::Number(
                each.clone().map(|row| (!row.is_multiple_of(3)).then_some(row as f64)).collect(),
            ),
        ),
        named(
            "country",
            ColumnValues::Category(
                each.map(|row| (!row.is_multiple_of(4)).then(|| format!("c{}", row % 5))).collect(),
            ),
        ),
    ])
    .unwrap()
}

/// All values of a row, as [`table`] makes them of its number.
fn check_row(table: &Table, row: usize, made: usize) {
    let (text, pair) = (format!("text {made}"), format!("pair {made}"));
    assert_eq!(table.text(row), Some(Text { text: &text, pair: Some(&pair) }));
    assert_eq!(table.vector(row, 2), [0, 1, 2].map(|place| (10 * made + place) as f32));
    assert_eq!(table.number(row, 3), (!made.is_multiple_of(3)).then_some(made as f64));
    assert_eq!(
        table.category(row, 4),
        (!made.is_multiple_of(4)).then(|| format!("c{}", made % 5)).as_deref()
    );
}

#[test]
fn rows_of_several_tables_come_one_behind_the_other() {
    let views = [table(4), table(7).select(&[6, 0, 6]), table(1)];
    let made = [0, 1, 2, 3, 6, 0, 6, 0];
    let all = views[0].with_rows_of(&views[1..]).unwrap();
    assert_eq!(all.rows(), made.len());
    made.iter().enumerate().for_each(|(row, &made)| check_row(&all, row, made));
    // Of a view of them, and behind one.
    let some = all.select(&[7, 4, 1]);
    [0, 6, 1].iter().enumerate().for_each(|(row, &made)| check_row(&some, row, made));
    let again = some.with_rows_of(&[table(2)]).unwrap();
    [0, 6, 1, 0, 1].iter().enumerate().for_each(|(row, &made)| check_row(&again, row, made));
    assert_eq!(table(3).with_rows_of(&[]).unwrap().rows(), 3);

    let texts = Table::from_texts(&["a".into()]).unwrap();
    assert!(matches!(table(2).with_rows_of(std::slice::from_ref(&texts)), Err(SchemaError::Missing { .. })));
    // Columns beside those of the first table are left out.
    assert_eq!(texts.with_rows_of(&[table(2)]).unwrap().schema(), texts.schema());
}

#[test]
fn every_kind_of_column_gives_back_what_went_in() {
    let table = table(9);
    assert_eq!(table.rows(), 9);
    (0..9).for_each(|row| check_row(&table, row, row));
}

proptest! {
    #[test]
    fn a_view_of_a_view_shows_the_rows_that_both_picked(
        (rows, first, second) in (1_usize..40).prop_flat_map(|rows| {
            (Just(rows), prop::collection::vec(0..rows, 1..50))
        }).prop_flat_map(|(rows, first)| {
            let picked = first.len();
            (Just(rows), Just(first), prop::collection::vec(0..picked, 0..50))
        })
    ) {
        let view = table(rows).select(&first).select(&second);
        prop_assert_eq!(view.rows(), second.len());
        for (row, &picked) in second.iter().enumerate() {
            check_row(&view, row, first[picked]);
        }
        prop_assert_eq!(view.texts().unwrap().count(), second.len());
    }
}

#[test]
fn a_table_conforms_to_a_schema_by_name_and_kind() {
    let needed = Schema::new(vec![
        Field::new("price", ColumnKind::Number),
        Field::new("text", ColumnKind::Text),
        Field::new("embedding", ColumnKind::Vector { width: 3 }),
    ])
    .unwrap();
    let found = table(5).select(&[4, 2]).conform(&needed).unwrap();
    assert_eq!(found.schema(), &needed);
    assert_eq!((found.number(0, 0), found.text(0)), (Some(4.0), Some("text 4".into())));
    assert_eq!(found.vector(1, 2), [20.0, 21.0, 22.0]);
    let refused = |name: &str, kind| {
        let needed = Schema::new(vec![Field::new(name, kind)]).unwrap();
        table(2).conform(&needed).unwrap_err().to_string()
    };
    assert_eq!(
        refused("embedding", ColumnKind::Vector { width: 4 }),
        "column `embedding` holds a vector of 3 numbers, but a vector of 4 numbers is needed"
    );
    assert_eq!(
        refused("price", ColumnKind::Category),
        "column `price` holds a number, but a category is needed"
    );
    assert_eq!(
        refused("age", ColumnKind::Number),
        "there is no column `age` (a number); there are `query`, `title`, `embedding`, `price`, `country`"
    );
}

#[test]
fn columns_that_make_no_table_are_refused() {
    let refused = |columns| Table::new(columns).unwrap_err().to_string();
    let number = |rows| ColumnValues::Number(vec![Some(1.0); rows]);
    assert_eq!(refused(vec![]), "a table needs at least 1 column, but has 0");
    assert_eq!(
        refused(vec![named("a", number(2)), named("b", number(3))]),
        "column `b` has 3 rows, but `a` has 2"
    );
    assert_eq!(
        refused(vec![named("a", number(2)), named("a", number(2))]),
        "two columns are called `a`; each needs a name of its own"
    );
    assert_eq!(
        refused(vec![named("p", ColumnValues::TextPair(vec![]))]),
        "column `p` is the second text of a pair, but there is no first"
    );
    assert_eq!(
        refused(vec![named("a", ColumnValues::Text(vec![])), named("b", ColumnValues::Text(vec![]))]),
        "columns `a` and `b` are both a text; at most 1 can be"
    );
    let vector = |width, values| ColumnValues::Vector { width, values };
    assert_eq!(
        refused(vec![named("v", vector(2, vec![0.0; 5]))]),
        "column `v` has 5 numbers, which are no whole number of vectors of 2"
    );
    assert_eq!(
        refused(vec![named("v", vector(0, vec![]))]),
        "column `v` is a vector of width 0, but the width must be in 1..=2147483647"
    );
    assert_eq!(
        refused(vec![named("v", vector(2, vec![0.0, 0.0, 0.0, f32::NAN]))]),
        "row 1: column `v` holds NaN, but numbers must be finite"
    );
    assert_eq!(
        refused(vec![named("n", ColumnValues::Number(vec![None, Some(f64::INFINITY)]))]),
        "row 1: column `n` holds inf, but numbers must be finite"
    );
}

#[test]
fn texts_make_a_table_of_texts_or_of_pairs() {
    let pair = |pair| Text { text: "a", pair };
    let single = Table::from_texts(&[pair(None), "b".into()]).unwrap();
    assert_eq!((single.schema(), single.text(1)), (&Schema::of_text(), Some("b".into())));
    let pairs = Table::from_texts(&[pair(Some("c"))]).unwrap();
    assert_eq!(pairs.text(0), Some(pair(Some("c"))));
    assert_eq!(
        Table::from_texts(&[pair(Some("c")), pair(None)]).unwrap_err(),
        TableError::MissingPair { row: 1 }
    );
    assert_eq!(Table::from_texts(&[]).unwrap().rows(), 0);
}

#[test]
fn a_schema_comes_back_from_json_and_is_checked_there_too() {
    let schema = table(1).schema().clone();
    let json = serde_json::to_string(&schema).unwrap();
    assert_eq!(
        json,
        r#"[{"name":"query","kind":"text"},{"name":"title","kind":"text-pair"},{"name":"embedding","kind":"vector","width":3},{"name":"price","kind":"number"},{"name":"country","kind":"category"}]"#
    );
    assert_eq!(serde_json::from_str::<Schema>(&json).unwrap(), schema);
    let twice = r#"[{"name":"a","kind":"number"},{"name":"a","kind":"number"}]"#;
    let error = serde_json::from_str::<Schema>(twice).unwrap_err();
    assert!(error.to_string().starts_with("two columns are called `a`"), "{error}");
    assert!(matches!(Schema::new(vec![]), Err(SchemaError::NoColumns)));
}

//! What the first layer reads of a row, and where.

use std::collections::HashMap;

use lelp_data::Table;

use super::config::InputColumn;

/// The inputs of the first layer: first the *dense* values, in the order of the columns, a text as its embedding;
/// then a row of each category's table, in the order of the columns.
#[derive(Debug, Clone)]
pub struct InputLayout {
    dense: Vec<DenseColumn>,
    dense_width: usize,
    /// Where the text's embedding is among the dense values.
    text: Option<(usize, usize)>,
    categories: Vec<CategoryColumn>,
}

#[derive(Debug, Clone)]
struct DenseColumn {
    /// Place in the schema.
    place: usize,
    /// Place of the first value among the dense ones.
    start: usize,
    kind: DenseKind,
}

#[derive(Debug, Clone, Copy)]
enum DenseKind {
    Vector { width: usize },
    Number { mean: f64, deviation: f64 },
}

#[derive(Debug, Clone)]
struct CategoryColumn {
    /// Place in the schema.
    place: usize,
    /// Row of each known word.
    rows: HashMap<String, u32>,
    width: usize,
}

impl InputLayout {
    /// Standardised numbers are cut off here, so that no number makes an answer infinite. Ours: no training row comes near.
    pub(crate) const MOST_DEVIATIONS: f64 = 1e6;

    /// The layout of `columns`, which have been checked; an encoder gives `encoder_width` values, 0 without one.
    #[must_use]
    pub fn new(columns: &[InputColumn], encoder_width: usize) -> Self {
        let mut layout = Self { dense: Vec::new(), dense_width: 0, text: None, categories: Vec::new() };
        for (place, column) in columns.iter().enumerate() {
            let start = layout.dense_width;
            match column {
                InputColumn::Text { .. } => {
                    layout.text = Some((start, encoder_width));
                    layout.dense_width += encoder_width;
                }
                InputColumn::TextPair { .. } => {}
                &InputColumn::Vector { width, .. } => {
                    layout.dense.push(DenseColumn { place, start, kind: DenseKind::Vector { width } });
                    layout.dense_width += width;
                }
                &InputColumn::Number { mean, deviation, .. } => {
                    let kind = DenseKind::Number { mean, deviation };
                    layout.dense.push(DenseColumn { place, start, kind });
                    layout.dense_width += 2;
                }
                InputColumn::Category { words, width, .. } => {
                    let rows = words.iter().cloned().zip(1..).collect();
                    layout.categories.push(CategoryColumn { place, rows, width: width.get() });
                }
            }
        }
        layout
    }

    /// Number of dense values.
    #[must_use]
    pub fn dense_width(&self) -> usize {
        self.dense_width
    }

    /// Rows and columns of each category's table; row 0 is for a missing or unknown word.
    #[must_use]
    pub fn category_tables(&self) -> impl ExactSizeIterator<Item = (usize, usize)> + '_ {
        self.categories.iter().map(|category| (category.rows.len() + 1, category.width))
    }

    /// Number of values that the first layer reads.
    #[must_use]
    pub fn width(&self) -> usize {
        self.dense_width + self.categories.iter().map(|category| category.width).sum::<usize>()
    }

    /// Whether a text is read.
    #[must_use]
    pub fn reads_text(&self) -> bool {
        self.text.is_some()
    }

    /// Reads a row: dense values into `dense` `[dense_width]`, rows of the categories' tables into `categories`
    /// `[categories]`; `embedding` is that of the row's text, empty where none is read.
    ///
    /// # Panics
    /// If `table` does not have the columns of the layout in their order or has no such row, or a slice is of
    /// another length.
    pub fn read(
        &self,
        table: &Table,
        row: usize,
        embedding: &[f32],
        dense: &mut [f32],
        categories: &mut [u32],
    ) {
        if let Some((start, width)) = self.text {
            dense[start..start + width].copy_from_slice(embedding);
        }
        for column in &self.dense {
            match column.kind {
                DenseKind::Vector { width } => {
                    dense[column.start..column.start + width]
                        .copy_from_slice(table.vector(row, column.place));
                }
                DenseKind::Number { mean, deviation } => {
                    let number = table.number(row, column.place);
                    let standardised = number.map_or(0.0, |number| (number - mean) / deviation);
                    dense[column.start] =
                        standardised.clamp(-Self::MOST_DEVIATIONS, Self::MOST_DEVIATIONS) as f32;
                    dense[column.start + 1] = f32::from(number.is_none());
                }
            }
        }
        for (category, found) in self.categories.iter().zip(categories) {
            let word = table.category(row, category.place);
            *found = word.and_then(|word| category.rows.get(word)).copied().unwrap_or(0);
        }
    }
}

//! The rows of a data set as the first layer reads them.

use lelp_data::{Schema, SchemaError, Table};
use lelp_model::ModelSchema;
use lelp_model::mlp::{InputColumn, InputLayout};

/// Dense values and words of every row, read once.
#[derive(Debug, Clone)]
pub struct ColumnInputs {
    layout: InputLayout,
    /// `[rows, dense_width]`
    dense: Vec<f32>,
    /// Rows of the categories' tables, `[rows, categories]`.
    words: Vec<u32>,
    rows: usize,
}

impl ColumnInputs {
    /// Reads `columns` of `table`; `embeddings` `[rows, encoder_width]` are those of the texts, empty where none are read.
    ///
    /// # Errors
    /// [`SchemaError`] for a column that is absent or of another kind.
    pub fn new(
        table: &Table,
        columns: &[InputColumn],
        encoder_width: usize,
        embeddings: &[f32],
    ) -> Result<Self, SchemaError> {
        let layout = InputLayout::new(columns, encoder_width);
        let schema = ModelSchema::columns(Schema::new(columns.iter().map(InputColumn::field).collect())?);
        let table = schema.fit(table)?;
        let (rows, width, categories) = (table.rows(), layout.dense_width(), layout.category_tables().len());
        let mut inputs =
            Self { layout, dense: vec![0.0; rows * width], words: vec![0; rows * categories], rows };
        for row in 0..rows {
            let embedding =
                embeddings.get(row * encoder_width..(row + 1) * encoder_width).unwrap_or_default();
            let dense = &mut inputs.dense[row * width..(row + 1) * width];
            let words = &mut inputs.words[row * categories..(row + 1) * categories];
            inputs.layout.read(&table, row, embedding, dense, words);
        }
        Ok(inputs)
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// What the first layer reads, and where.
    #[must_use]
    pub fn layout(&self) -> &InputLayout {
        &self.layout
    }

    /// Dense values of all rows, `[rows, dense_width]`.
    pub(super) fn dense(&self) -> &[f32] {
        &self.dense
    }

    /// Dense values of a row.
    pub(super) fn dense_row(&self, row: usize) -> &[f32] {
        let width = self.layout.dense_width();
        &self.dense[row * width..(row + 1) * width]
    }

    /// Rows of the categories' tables that a row reads.
    pub(super) fn words_of(&self, row: usize) -> &[u32] {
        let categories = self.layout.category_tables().len();
        &self.words[row * categories..(row + 1) * categories]
    }
}

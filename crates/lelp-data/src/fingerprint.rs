//! Hashes of values that are the same on every machine and in every version.

use sha2::{Digest, Sha256};

use crate::storage::hex;
use crate::table::{ColumnKind, Table};

/// SHA-256 of all values in order, in hexadecimal.
///
/// Of a table of texts alone it covers the texts; with other columns, also the names and kinds of those. The names of
/// text columns are left out, so that a file with another name for its texts has the same hash.
pub(crate) fn table_hash(table: &Table) -> String {
    if table.schema().is_text_only() {
        return hex(&texts_hash(table));
    }
    let mut hash = Sha256::new_with_prefix(b"lelp table 1\n");
    if table.schema().text().is_some() {
        hash.update(texts_hash(table));
    }
    for (column, field) in table.schema().fields().iter().enumerate() {
        if matches!(field.kind, ColumnKind::Text | ColumnKind::TextPair) {
            continue;
        }
        text(&mut hash, &field.name);
        text(&mut hash, &field.kind.describe());
        for row in 0..table.rows() {
            value(&mut hash, table, row, column);
        }
    }
    hex(&hash.finalize())
}

fn texts_hash(table: &Table) -> Vec<u8> {
    let mut hash = Sha256::new_with_prefix(b"lelp texts 1\n");
    for row in table.texts() {
        text(&mut hash, row.text);
        row.pair.map_or_else(|| (), |pair| text(&mut hash, pair));
    }
    hash.update([u8::from(table.schema().pair().is_some())]);
    hash.finalize().to_vec()
}

/// First 8 bytes of the SHA-256 of a row's text, or of all its values where there is no text.
pub(crate) fn row_hash(table: &Table, row: usize) -> u64 {
    let digest = if table.schema().text().is_some() {
        Sha256::digest(table.text(row).text)
    } else {
        let mut hash = Sha256::new();
        for column in 0..table.schema().fields().len() {
            value(&mut hash, table, row, column);
        }
        hash.finalize()
    };
    digest.iter().take(8).fold(0, |hash, &byte| hash << 8 | u64::from(byte))
}

/// Adds a value that is no text.
fn value(hash: &mut Sha256, table: &Table, row: usize, column: usize) {
    match table.schema().fields()[column].kind {
        ColumnKind::Text | ColumnKind::TextPair => {}
        ColumnKind::Vector { .. } => {
            table.vector(row, column).iter().for_each(|number| hash.update(number.to_le_bytes()));
        }
        // What is missing has bytes that no value has: not-a-number, and a length beyond all texts.
        ColumnKind::Number => hash.update(table.number(row, column).unwrap_or(f64::NAN).to_le_bytes()),
        ColumnKind::Category => match table.category(row, column) {
            Some(category) => text(hash, category),
            None => hash.update(u64::MAX.to_le_bytes()),
        },
    }
}

/// Adds a text; its length goes first, so that no two lists of texts are the same bytes.
fn text(hash: &mut Sha256, text: &str) {
    hash.update((text.len() as u64).to_le_bytes());
    hash.update(text);
}

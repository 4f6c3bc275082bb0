//! Hashes of values that are the same on every machine and in every version.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::Text;
use crate::storage::hex;
use crate::table::{Field, Table};

/// SHA-256 of all values in order, in hexadecimal.
///
/// Of a table of texts alone it covers the texts; with other columns, also the names and kinds of those. The names of
/// text columns are left out, so that a file with another name for its texts has the same hash.
pub(crate) fn table_hash(table: &Table) -> String {
    let texts = table.texts().ok().map(|texts| texts_hash(texts, table.schema().pair().is_some()));
    if let Some(hash) = &texts
        && table.schema().is_text_only()
    {
        return hex(hash);
    }
    let mut hash = Sha256::new_with_prefix(b"lelp table 1\n");
    if let Some(texts) = texts {
        hash.update(texts);
    }
    for (column, field) in table.schema().fields().iter().enumerate() {
        if field.kind.is_text() {
            continue;
        }
        text(&mut hash, &field.name);
        text(&mut hash, &field.kind.describe());
        for row in 0..table.rows() {
            table.value(row, column).each_bytes(|bytes| hash.update(bytes));
        }
    }
    hex(&hash.finalize())
}

/// SHA-256 of the values of each column, in hexadecimal, by its name; texts and second texts together are `text`,
/// whatever the file calls them.
pub(crate) fn column_hashes(table: &Table) -> BTreeMap<String, String> {
    let texts = table.texts().ok().map(|texts| texts_hash(texts, table.schema().pair().is_some()));
    let texts = texts.map(|hash| ("text".to_owned(), hex(&hash)));
    let fields = table.schema().fields().iter().enumerate();
    let others = fields.filter(|(_, field)| !field.kind.is_text());
    let hash = |(column, field): (usize, &Field)| {
        let mut hash = Sha256::new_with_prefix(b"lelp column 1\n");
        text(&mut hash, &field.kind.describe());
        (0..table.rows()).for_each(|row| table.value(row, column).each_bytes(|bytes| hash.update(bytes)));
        (field.name.clone(), hex(&hash.finalize()))
    };
    others.map(hash).chain(texts).collect()
}

fn texts_hash<'a>(texts: impl Iterator<Item = Text<'a>>, pairs: bool) -> Vec<u8> {
    let mut hash = Sha256::new_with_prefix(b"lelp texts 1\n");
    for row in texts {
        text(&mut hash, row.text);
        row.pair.map_or_else(|| (), |pair| text(&mut hash, pair));
    }
    hash.update([u8::from(pairs)]);
    hash.finalize().to_vec()
}

/// First 8 bytes of the SHA-256 of a row's text, or of all its values where there is no text.
pub(crate) fn row_hash(table: &Table, row: usize) -> u64 {
    let digest = if let Some(row) = table.text(row) {
        Sha256::digest(row.text)
    } else {
        let mut hash = Sha256::new();
        for column in 0..table.schema().fields().len() {
            table.value(row, column).each_bytes(|bytes| hash.update(bytes));
        }
        hash.finalize()
    };
    digest.iter().take(8).fold(0, |hash, &byte| hash << 8 | u64::from(byte))
}

/// Adds a text; its length goes first, so that no two lists of texts are the same bytes.
fn text(hash: &mut Sha256, text: &str) {
    hash.update((text.len() as u64).to_le_bytes());
    hash.update(text);
}

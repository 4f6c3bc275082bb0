//! Data of the speed programs: `label<TAB>text` lines.

use std::error::Error;

/// Texts and labels.
pub(crate) struct Rows {
    pub(crate) texts: Vec<String>,
    pub(crate) labels: Vec<u32>,
}

/// Reads a file of such lines.
pub(crate) fn read(path: &str) -> Result<Rows, Box<dyn Error>> {
    let mut rows = Rows { texts: Vec::new(), labels: Vec::new() };
    for line in std::fs::read_to_string(path)?.lines() {
        let (label, text) = line.split_once('\t').ok_or("a line without a tab")?;
        rows.labels.push(label.parse()?);
        rows.texts.push(text.to_owned());
    }
    Ok(rows)
}

//! Small Parquet files for the tests.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, Int32Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

/// Texts and labels, both nullable, in row groups of `group` rows.
pub(crate) fn write(
    path: &Path,
    rows: &[(Option<&str>, Option<i32>)],
    group: usize,
    compression: Compression,
) {
    let texts: Vec<_> = rows.iter().map(|(text, _)| text.map(|text| text.as_bytes().to_vec())).collect();
    let labels: Vec<_> = rows.iter().map(|&(_, label)| label).collect();
    write_bytes(path, &texts, &labels, group, compression);
}

/// As [`write`], with texts that need not be UTF-8 and fewer or more labels than texts.
pub(crate) fn write_bytes(
    path: &Path,
    texts: &[Option<Vec<u8>>],
    labels: &[Option<i32>],
    group: usize,
    compression: Compression,
) {
    let schema = "message rows { optional binary text (UTF8); optional int32 label; }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = Arc::new(WriterProperties::builder().set_compression(compression).build());
    let mut writer = SerializedFileWriter::new(File::create(path).unwrap(), schema, properties).unwrap();
    for (texts, labels) in texts.chunks(group).zip(labels.chunks(group)) {
        let mut row_group = writer.next_row_group().unwrap();
        let values: Vec<ByteArray> = texts.iter().flatten().cloned().map(ByteArray::from).collect();
        let levels: Vec<i16> = texts.iter().map(|text| i16::from(text.is_some())).collect();
        let mut column = row_group.next_column().unwrap().unwrap();
        column.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None).unwrap();
        column.close().unwrap();
        let values: Vec<i32> = labels.iter().flatten().copied().collect();
        let levels: Vec<i16> = labels.iter().map(|label| i16::from(label.is_some())).collect();
        let mut column = row_group.next_column().unwrap().unwrap();
        column.typed::<Int32Type>().write_batch(&values, Some(&levels), None).unwrap();
        column.close().unwrap();
        row_group.close().unwrap();
    }
    writer.close().unwrap();
}

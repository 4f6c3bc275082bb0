//! Feature buckets of a data set.

use lelp_data::{SchemaError, Table, Text};
use lelp_model::ngram::{FeatureScratch, FeatureSettings, RowFeatures};

use crate::students::bags::FeatureBags;

/// Feature buckets of `texts`, on the threads of the current pool.
#[must_use]
pub fn features_of_texts(texts: &[Text<'_>], settings: &FeatureSettings) -> FeatureBags {
    FeatureBags::collect(texts.len(), |row, scratch: &mut FeatureScratch, buckets| {
        settings.extract(&texts[row], scratch, buckets);
    })
}

/// Feature buckets of the rows of `table`, on the threads of the current pool.
///
/// # Errors
/// [`SchemaError`] for a column that `features` reads and `table` does not have.
pub fn features_of_table(table: &Table, features: &RowFeatures) -> Result<FeatureBags, SchemaError> {
    let table = features.schema().fit(table)?;
    let table = table.as_ref();
    Ok(FeatureBags::collect(table.rows(), |row, scratch: &mut FeatureScratch, buckets| {
        features.extract(table, row, scratch, buckets);
    }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::float_cmp, reason = "a test may panic, and asks for the same bits")]
mod tests {
    use super::*;

    #[test]
    fn rows_are_what_prediction_extracts() {
        let sentences: Vec<String> = (0..1100).map(|i| format!("word{} and word{}", i % 7, i / 3)).collect();
        let texts: Vec<Text<'_>> = sentences.iter().map(|text| text.as_str().into()).collect();
        let settings = FeatureSettings::default();
        let inputs = features_of_texts(&texts, &settings);
        assert_eq!(inputs.rows(), 1100);
        for (row, text) in texts.iter().enumerate() {
            let mut alone = Vec::new();
            settings.extract(text, &mut FeatureScratch::default(), &mut alone);
            assert_eq!(inputs.row(row), alone);
        }
    }
}

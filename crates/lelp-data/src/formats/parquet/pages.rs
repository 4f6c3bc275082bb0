//! Pages of a column of lists, which may not hold more than the file claims.

use ::parquet::column::page::{Page, PageMetadata, PageReader};
use ::parquet::errors::{ParquetError, Result};

/// Pages with at most so many values; the decoder itself believes whatever a page says of itself, and a page of a few
/// bytes can say that it holds a list of 2^31 numbers.
pub(super) struct CountedPages {
    pub(super) pages: Box<dyn PageReader>,
    /// Values that may still come.
    pub(super) left: u64,
}

impl PageReader for CountedPages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let page = self.pages.get_next_page()?;
        if let Some(page) = page.as_ref().filter(|page| !page.is_dictionary_page()) {
            let values = u64::from(page.num_values());
            self.left = self.left.checked_sub(values).ok_or_else(|| {
                ParquetError::General(format!(
                    "a page holds {values} values, but at most {} are left",
                    self.left
                ))
            })?;
        }
        Ok(page)
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.pages.skip_next_page()
    }

    fn at_record_boundary(&mut self) -> Result<bool> {
        self.pages.at_record_boundary()
    }
}

impl Iterator for CountedPages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

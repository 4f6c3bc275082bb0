//! The JavaScript plotting library that a page embeds, compressed: it is nine tenths of a page. The crate `plotly` carries
//! it, and the page's script unpacks it.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use plotly::Plot;

const OPEN: &str = "<script type=\"text/javascript\">";
const CLOSE: &str = "</script>";

/// Source of `plotly.min.js`, the first of the scripts that the crate carries; the other one renders formulas, which no
/// chart has.
fn source() -> String {
    let scripts = Plot::offline_js_sources();
    let begin = scripts.find(OPEN).expect("the pinned crate begins with the library") + OPEN.len();
    let length = scripts[begin..].find(CLOSE).expect("the pinned crate ends its scripts");
    scripts[begin..begin + length].to_owned()
}

/// The library as base64 of gzip.
pub(super) fn compressed() -> String {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(source().as_bytes()).expect("memory takes what is written");
    STANDARD.encode(encoder.finish().expect("memory takes what is written"))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;

    #[test]
    fn the_script_is_whole_and_the_library_alone() {
        let script = source();
        assert!(script.starts_with("/**\n* plotly.js v3"), "{}", &script[..80]);
        assert!(script.len() > 3_000_000);
        assert!(script.trim_end().ends_with(['}', ';']), "cut off: {}", &script[script.len() - 80..]);
        assert!(!script.contains("MathJax={") && !script.contains("tex-svg"));
    }

    #[test]
    fn what_is_compressed_is_the_script() {
        let bytes = STANDARD.decode(compressed()).expect("base64");
        assert_eq!(&bytes[4..8], [0; 4], "no time of day in the header");
        let mut script = String::new();
        GzDecoder::new(bytes.as_slice()).read_to_string(&mut script).expect("gzip");
        assert!(script == source(), "another script of {} bytes", script.len());
    }
}

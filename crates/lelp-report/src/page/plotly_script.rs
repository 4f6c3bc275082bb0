//! The JavaScript plotting library that a page embeds. The crate `plotly` carries it.

use plotly::Plot;

const OPEN: &str = "<script type=\"text/javascript\">";
const CLOSE: &str = "</script>";

/// Source of `plotly.min.js`, the first of the scripts that the crate carries; the other one renders formulas, which no
/// chart has.
pub(super) fn source() -> String {
    let scripts = Plot::offline_js_sources();
    let begin = scripts.find(OPEN).expect("the pinned crate begins with the library") + OPEN.len();
    let length = scripts[begin..].find(CLOSE).expect("the pinned crate ends its scripts");
    scripts[begin..begin + length].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_is_whole_and_the_library_alone() {
        let script = source();
        assert!(script.starts_with("/**\n* plotly.js v3"), "{}", &script[..80]);
        assert!(
            script.len() > 3_000_000 && script.trim_end().ends_with('}') || script.trim_end().ends_with(';')
        );
        assert!(!script.contains("<!--"), "a comment would change how browsers read a script element");
        assert!(!script.contains("MathJax={") && !script.contains("tex-svg"));
    }
}

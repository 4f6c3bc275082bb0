//! Colours and symbols that people with colour vision deficiency can tell apart.

use plotly::common::MarkerSymbol;

/// Okabe and Ito 2008; their black is grey here, to be seen on dark pages, and yellow, faint on light ones, is last.
const COLOURS: [&str; 8] =
    ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F7F7F", "#F0E442"];

/// The colour of a chart's series by its position.
pub(super) fn colour(position: usize) -> &'static str {
    COLOURS[position % COLOURS.len()]
}

/// The name of a [`symbol`].
pub(super) fn symbol_word(position: usize) -> &'static str {
    ["circle", "square", "diamond", "triangle", "cross", "x", "star", "hexagon"]
        [(position + position / COLOURS.len()) % COLOURS.len()]
}

/// The symbol of a chart's series by its position: series of equal colour have different symbols.
pub(super) fn symbol(position: usize) -> MarkerSymbol {
    match (position + position / COLOURS.len()) % COLOURS.len() {
        0 => MarkerSymbol::Circle,
        1 => MarkerSymbol::Square,
        2 => MarkerSymbol::Diamond,
        3 => MarkerSymbol::TriangleUp,
        4 => MarkerSymbol::Cross,
        5 => MarkerSymbol::X,
        6 => MarkerSymbol::Star,
        _ => MarkerSymbol::Hexagon,
    }
}

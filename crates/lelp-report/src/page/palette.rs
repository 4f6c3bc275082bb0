//! Colours and symbols that stay apart for people who do not see all colours.

use plotly::common::MarkerSymbol;

/// Okabe and Ito 2008; their black is grey here, to be seen on dark pages, and yellow, faint on light ones, is last.
const COLOURS: [&str; 8] =
    ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F7F7F", "#F0E442"];

/// The colour of the `place`-th thing of a chart.
pub(super) fn colour(place: usize) -> &'static str {
    COLOURS[place % COLOURS.len()]
}

/// The word for [`symbol`].
pub(super) fn symbol_word(place: usize) -> &'static str {
    ["circle", "square", "diamond", "triangle", "cross", "x", "star", "hexagon"]
        [(place + place / COLOURS.len()) % COLOURS.len()]
}

/// The symbol of the `place`-th thing: things of one colour have different symbols.
pub(super) fn symbol(place: usize) -> MarkerSymbol {
    match (place + place / COLOURS.len()) % COLOURS.len() {
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

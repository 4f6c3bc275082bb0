//! A story as one HTML file that needs nothing else: no network, no other file.
//!
//! The plotting library draws the charts in the reader's browser; all it draws stands in tables too. The same story
//! gives the same bytes.

mod accuracy;
mod cards;
mod chart;
mod confusion;
mod curves;
mod html;
mod library;
mod map;
mod means;
mod methods;
mod palette;
mod reliability;
mod results;
mod search;
mod sections;
mod settings;
mod spectrum;
mod speed;
#[cfg(test)]
mod tests;
mod words;

use html::{escape, identifier};
use methods::Methods;
use sections::Section;

use crate::story::Story;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// Nothing is loaded from anywhere: scripts and styles stand in the page, pictures of charts are data.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/// The page of a story, called `title`.
#[must_use]
pub fn page(story: &Story, title: &str) -> String {
    let methods = Methods::of(story);
    let sections = sections::all(story, &methods);
    let title = escape(title);
    let contents: Vec<String> = sections
        .iter()
        .map(|section| {
            format!("<li><a href=\"#{}\">{}</a></li>", identifier(section.heading), section.heading)
        })
        .collect();
    let body: String = sections.iter().map(section).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
         <link rel=\"icon\" href=\"data:,\">\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#content\">Skip to the results</a>\n\
         <header><h1>{title}</h1><p>{about}</p></header>\n\
         <nav aria-label=\"Contents\"><ul>{}</ul></nav>\n\
         <main id=\"content\">\n{body}</main>\n\
         <footer><p>Written by lelp {version}. Charts by plotly.js. Nothing on this page is loaded from a network.</p></footer>\n\
         <script>{library}</script>\n<script>\n{SCRIPT}</script>\n</body>\n</html>\n",
        contents.concat(),
        about = escape(&format!("What came of the {} in {}", story.kind.name(), story.folder.display())),
        version = env!("CARGO_PKG_VERSION"),
        library = library::script(),
    )
}

fn section(section: &Section) -> String {
    let Section { heading, html } = section;
    let id = identifier(heading);
    format!("<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{heading}</h2>\n{html}</section>\n")
}

//! A run report as one HTML file that loads nothing from a network and needs no other file.
//!
//! The plotting library draws the charts in the reader's browser; the numbers of every chart are also in a table. The same
//! report gives the same bytes.

mod accuracy;
mod cascade;
mod chart;
mod confusion;
mod html;
mod learning_curves;
mod method_order;
mod number_format;
mod palette;
mod plotly_script;
mod projection;
mod reliability;
mod results_table;
mod search_trials;
mod sections;
mod seed_means;
mod settings_tables;
mod spectra;
mod speed;
mod speed_and_accuracy;
mod subclass_cards;
mod table;
#[cfg(test)]
mod tests;
mod text_lines;

use html::{identifier, without_control_characters};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use method_order::MethodOrder;
use sections::Section;

use crate::run_report::RunReport;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// The browser loads nothing from anywhere: scripts and styles are in the page, images of charts are data URLs.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/// Renders a run report as a page with the heading `title`.
#[must_use]
pub fn page(run: &RunReport, title: &str) -> String {
    let title = without_control_characters(title);
    let content = without_control_characters(&content(run, &title).into_string());
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body {
                (PreEscaped(content))
                script type="text/plain" id="library" { (PreEscaped(plotly_script::compressed())) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

/// Everything that a reader sees.
fn content(run: &RunReport, title: &str) -> Markup {
    let sections = sections::all(run, &MethodOrder::of(run));
    html! {
        a class="skip" href="#content" { "Skip to the results" }
        header {
            h1 { (title) }
            p { "Results of the " (run.kind.name()) " in " (run.folder.display()) }
        }
        nav aria-label="Contents" {
            ul {
                @for Section { heading, .. } in &sections {
                    li { a href={ "#" (identifier(heading)) } { (heading) } }
                }
            }
        }
        main id="content" {
            @for Section { heading, html } in &sections {
                @let id = identifier(heading);
                section aria-labelledby=(id) { h2 id=(id) { (heading) } (html) }
            }
        }
        footer {
            p {
                "Written by lelp " (env!("CARGO_PKG_VERSION"))
                ". Charts by plotly.js. Nothing on this page is loaded from a network."
            }
        }
    }
}

//! `lelp methods`: list the distillation methods.

use lelp_method::{MethodDescription, MethodSettings, Severity};
use serde_json::Value;

use crate::failure::Failure;
use crate::printer::Printer;

/// List the distillation methods: needs, defaults, behaviour with two classes, source
///
/// Every method needs labels where its `alpha` is above 0.
///
/// Example: lelp methods --json
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Print JSON, one line for each method
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments, printer: Printer) -> Result<(), Failure> {
    for method in MethodSettings::all() {
        let description = method.description();
        if arguments.json {
            printer.data(&serde_json::to_string(&description).map_err(Failure::defect)?)?;
        } else {
            printer.data(&render_text(&description)?)?;
        }
    }
    Ok(())
}

/// The description of a method as a paragraph.
fn render_text(description: &MethodDescription) -> Result<String, Failure> {
    let mut lines = vec![format!("{:<8} {}", description.name, description.summary)];
    let mut line = |head: &str, text: &str| lines.push(format!("{:<8} {head:<12} {text}", ""));
    line("needs", &description.needs.words().join(", "));
    let defaults = defaults(description)?;
    if !defaults.is_empty() {
        line("defaults", &defaults);
    }
    if let Some(found) = description.two_classes {
        let verb = match found.severity {
            Severity::Warned => "warned of",
            Severity::Refused => "refused",
        };
        line("two classes", &format!("{verb}: {}; use {}", found.why, found.instead));
    }
    if !description.source.is_empty() {
        line("source", description.source);
    }
    Ok(lines.join("\n"))
}

/// Default settings as `name value`, separated by commas.
fn defaults(description: &MethodDescription) -> Result<String, Failure> {
    let Value::Object(settings) = serde_json::to_value(&description.defaults).map_err(Failure::defect)?
    else {
        return Ok(String::new());
    };
    let settings = settings.iter().filter(|(name, _)| *name != "method");
    let words = settings.map(|(name, value)| match value {
        Value::String(word) => format!("{name} {word}"),
        other => format!("{name} {other}"),
    });
    Ok(words.collect::<Vec<_>>().join(", "))
}

//! Flags of the settings that methods and target makers describe themselves: a new one needs nothing here.

use std::marker::PhantomData;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser, ValueParser};
use clap::{Arg, ArgMatches, Command};
use lelp::{MakerSettings, Parameter, Values};
use lelp_compare::auto::{AUTO, AUTO_SETTINGS};
use lelp_method::MethodSettings;
use serde_json::{Map, Value};

/// Settings with a letter of their own.
const SHORT: [(&str, char); 1] = [("subclasses", 'S')];
/// Pairs of settings of which one decides what the other would.
const CONFLICTS: [(&str, &str); 1] = [("entropy", "beta")];
/// Settings of no more than so many methods name them in their help.
const FEW: usize = 2;

/// Where settings are described.
pub(crate) trait Registry: Clone + Send + Sync + 'static {
    /// Heading of the flags.
    const HEADING: &'static str;
    /// Settings that take `auto`.
    const AUTO: &'static [&'static str];

    /// Of each owner its name, its settings and their defaults.
    fn described() -> Vec<(&'static str, Vec<Parameter>, Map<String, Value>)>;
}

/// The settings of all methods.
#[derive(Debug, Clone)]
pub(crate) struct Methods;

/// The settings of all target makers.
#[derive(Debug, Clone)]
pub(crate) struct TargetMakers;

/// The settings that were given.
#[derive(Debug, Clone)]
pub(crate) struct ParameterArgs<R> {
    given: Vec<(&'static str, Value)>,
    registry: PhantomData<R>,
}

/// A setting, and all that have it.
struct Flag {
    name: &'static str,
    values: Values,
    owners: Vec<Owner>,
}

/// What one method says of a setting.
struct Owner {
    name: &'static str,
    help: &'static str,
    default: Option<Value>,
}

impl Registry for Methods {
    const HEADING: &'static str = "Method";
    const AUTO: &'static [&'static str] = &AUTO_SETTINGS;

    fn described() -> Vec<(&'static str, Vec<Parameter>, Map<String, Value>)> {
        let all = MethodSettings::all().into_iter();
        all.map(|method| (method.name(), method.parameters(), method.to_json())).collect()
    }
}

impl Registry for TargetMakers {
    const HEADING: &'static str = "Split";
    const AUTO: &'static [&'static str] = &[];

    fn described() -> Vec<(&'static str, Vec<Parameter>, Map<String, Value>)> {
        let described =
            |maker: MakerSettings| (maker.name(), maker.parameters().to_vec(), maker.parameter_values());
        MakerSettings::all().map(described).collect()
    }
}

impl<R: Registry> ParameterArgs<R> {
    /// The settings that were given, by name.
    pub(crate) fn given(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.given.iter().map(|(name, value)| (*name, value))
    }
}

/// The flag of a setting.
pub(crate) fn flag_name(setting: &str) -> String {
    format!("--{}", setting.replace('_', "-"))
}

/// The names of all settings of a registry.
pub(crate) fn setting_names<R: Registry>() -> Vec<&'static str> {
    flags::<R>().iter().map(|flag| flag.name).collect()
}

/// One flag for each name, in the order in which they are described first.
fn flags<R: Registry>() -> Vec<Flag> {
    let mut flags: Vec<Flag> = Vec::new();
    for (owner, parameters, defaults) in R::described() {
        for Parameter { name, help, values, .. } in parameters {
            let owner = Owner { name: owner, help, default: defaults.get(name).cloned() };
            match flags.iter_mut().find(|flag| flag.name == name) {
                Some(flag) => flag.owners.push(owner),
                None => flags.push(Flag { name, values, owners: vec![owner] }),
            }
        }
    }
    flags
}

impl Flag {
    fn arg<R: Registry>(&self) -> Arg {
        let auto = R::AUTO.contains(&self.name);
        let mut arg = Arg::new(self.name).long(self.name.replace('_', "-")).help_heading(R::HEADING);
        if let Some((_, letter)) = SHORT.iter().find(|(name, _)| *name == self.name) {
            arg = arg.short(*letter);
        }
        if let Some((_, other)) = CONFLICTS.iter().find(|(name, _)| *name == self.name) {
            arg = arg.conflicts_with(*other);
        }
        let with_auto = |name: String| if auto { format!("{name}|{AUTO}") } else { name };
        // Refused with a better reason by commands that choose nothing.
        let word = AUTO_SETTINGS.contains(&self.name);
        let number = |whole| ValueParser::new(move |text: &str| parse(text, whole, word));
        arg = match self.values {
            Values::Words(words) => {
                let words = words.iter().map(|(word, help)| PossibleValue::new(*word).help(*help));
                arg.value_name("WHICH").value_parser(PossibleValuesParser::new(words).map(Value::String))
            }
            Values::Switch => {
                let words = PossibleValuesParser::new(["on", "off"]).map(|word| Value::Bool(word == "on"));
                arg.value_name("WHICH").num_args(0..=1).default_missing_value("on").value_parser(words)
            }
            Values::Count => arg.value_name(with_auto("N".to_owned())).value_parser(number(true)),
            _ => {
                let last = self.name.rsplit('_').next().unwrap_or(self.name);
                arg.value_name(with_auto(last.to_uppercase())).value_parser(number(false))
            }
        };
        arg.help(self.help(auto))
    }

    /// What the setting does, its range, its defaults.
    fn help(&self, auto: bool) -> String {
        let mut texts: Vec<(&str, Vec<&str>)> = Vec::new();
        for owner in &self.owners {
            match texts.iter_mut().find(|(help, _)| *help == owner.help) {
                Some((_, owners)) => owners.push(owner.name),
                None => texts.push((owner.help, vec![owner.name])),
            }
        }
        let mut help = match &texts[..] {
            [(help, owners)] if owners.len() > FEW => capitalised(help),
            _ => {
                let text = |(help, owners): &(&str, Vec<&str>)| format!("{}: {help}", owners.join(", "));
                texts.iter().map(text).collect::<Vec<_>>().join("; ")
            }
        };
        if let Values::Share | Values::ShareBelowOne = self.values {
            help = format!("{help}, {}", self.values);
        }
        if auto {
            help.push_str("; `auto` lets a search choose");
        }
        if let Some(defaults) = self.defaults() {
            help = format!("{help} [default: {defaults}]");
        }
        help
    }

    /// The default of most, then those of the others.
    fn defaults(&self) -> Option<String> {
        let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
        for owner in &self.owners {
            let Some(default) = &owner.default else { continue };
            let default = match default {
                Value::String(word) => word.clone(),
                Value::Bool(on) => (if *on { "on" } else { "off" }).to_owned(),
                other => other.as_f64().map_or_else(|| other.to_string(), |number| number.to_string()),
            };
            match groups.iter_mut().find(|(value, _)| *value == default) {
                Some((_, owners)) => owners.push(owner.name),
                None => groups.push((default, vec![owner.name])),
            }
        }
        if let [(only, _)] = &groups[..] {
            return Some(only.clone());
        }
        let most = groups.iter().map(|(_, owners)| owners.len()).max()?;
        let common = groups.iter().position(|(_, owners)| owners.len() == most && most > 1);
        let common = common.map(|place| groups.remove(place).0);
        let others = groups.iter().map(|(value, owners)| format!("{} {value}", owners.join(", ")));
        let others = others.collect::<Vec<_>>().join(", ");
        Some(common.map_or(others.clone(), |common| format!("{common}; {others}")))
    }
}

/// A number, whole or not, or `auto`.
fn parse(text: &str, whole: bool, auto: bool) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
    if auto && text == AUTO {
        return Ok(AUTO.into());
    }
    Ok(if whole { text.parse::<u64>()?.into() } else { text.parse::<f64>()?.into() })
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

impl<R: Registry> clap::Args for ParameterArgs<R> {
    fn augment_args(command: Command) -> Command {
        command.args(flags::<R>().iter().map(Flag::arg::<R>))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<R: Registry> clap::FromArgMatches for ParameterArgs<R> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = |flag: Flag| Some((flag.name, matches.get_one::<Value>(flag.name)?.clone()));
        let given = flags::<R>().into_iter().filter_map(given).collect();
        Ok(Self { given, registry: PhantomData })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn help(name: &str) -> String {
        let flag = flags::<Methods>().into_iter().find(|flag| flag.name == name).unwrap();
        flag.help(Methods::AUTO.contains(&name))
    }

    #[test]
    fn help_says_who_has_a_setting_and_what_it_is_without_being_set() {
        assert_eq!(help("alpha"), "Weight of the labels beside the teacher, 0 to 1 [default: 0]");
        assert_eq!(help("temperature"), "Softens teacher and student alike [default: 1; dkd 4, lskd 2]");
        assert_eq!(help("angle_weight"), "rkd: weight of the angles; 0 leaves them out [default: 50]");
        assert!(help("weight").ends_with(" [default: lskd 9, fitnet 100, vid 1, crd 0.8]"));
    }

    #[test]
    fn every_setting_of_every_method_has_a_flag_that_reads_its_default() {
        for method in MethodSettings::all() {
            for (name, value) in method.to_json() {
                let flag = flags::<Methods>().into_iter().find(|flag| flag.name == name).unwrap();
                let word = match &value {
                    Value::String(word) => word.clone(),
                    Value::Bool(on) => (if *on { "on" } else { "off" }).to_owned(),
                    other => other.to_string(),
                };
                let command = Command::new("test").arg(flag.arg::<Methods>());
                let arguments = ["test".to_owned(), flag_name(&name), word];
                let read = command.try_get_matches_from(arguments).unwrap();
                let read = read.get_one::<Value>(&name).unwrap();
                assert_eq!(method.with(&name, read.clone()).unwrap(), method, "{name}");
            }
        }
    }
}

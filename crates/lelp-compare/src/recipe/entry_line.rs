//! Where in a recipe the entry of a list stands.

use serde::Deserialize;
use toml::de::Error;
use toml::{Spanned, Table};

use super::{MethodEntry, StudentEntry, TeacherEntry};

/// Lists whose entries are read as tables first: errors of an entry come with the place of its list.
#[derive(Deserialize)]
struct Lists {
    #[serde(default)]
    teachers: Vec<Spanned<Table>>,
    #[serde(default)]
    students: Vec<Spanned<Table>>,
    #[serde(default)]
    methods: Vec<Spanned<Table>>,
}

/// The line of the entry of a recipe that cannot be read because of `problem`, and the reason alone; none where no entry says so.
pub(super) fn of(text: &str, problem: &Error) -> Option<(usize, String)> {
    let lists: Lists = toml::from_str(text).ok()?;
    let find = |entries: Vec<Spanned<Table>>, read: fn(Table) -> Result<(), Error>| {
        entries.into_iter().find_map(|entry| {
            let start = entry.span().start;
            let reason = read(entry.into_inner()).err()?.to_string().trim_end().to_owned();
            problem.message().contains(&reason).then(|| (text[..start].matches('\n').count() + 1, reason))
        })
    };
    find(lists.teachers, |entry| TeacherEntry::try_from(entry).map(drop))
        .or_else(|| find(lists.students, |entry| StudentEntry::try_from(entry).map(drop)))
        .or_else(|| find(lists.methods, |entry| MethodEntry::try_from(entry).map(drop)))
}

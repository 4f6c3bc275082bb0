//! Warnings about data files that were read otherwise than they stand.

use lelp_data::{Notice, NoticeKind};

use crate::printer::Printer;
use crate::terminal_text::without_control_characters;

/// Warns of each notice once.
pub(crate) fn warn<'a>(notices: impl IntoIterator<Item = &'a Notice>, printer: Printer) {
    let mut told: Vec<&Notice> = Vec::new();
    for notice in notices {
        if !told.contains(&notice) {
            printer.warn(&without_control_characters(&format!("{notice}{}", remedy(&notice.kind))));
            told.push(notice);
        }
    }
}

fn remedy(kind: &NoticeKind) -> &'static str {
    match kind {
        NoticeKind::Unlabelled { .. } => "; if it is a class, pass `--missing-labels ''`",
        NoticeKind::NoLabelColumn { .. } => "; name it with `--label-column` if one of them has the labels",
        NoticeKind::SimilarColumn { .. } => "; name it with `--label-column` or `--pair-column`",
        NoticeKind::OneShard => "; give their folder for all",
        _ => "",
    }
}

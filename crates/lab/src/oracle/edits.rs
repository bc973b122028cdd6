//! Takes out of a dump's text what a named rewrite may change, so that all the rest must be equal.

use std::fmt;

use super::Side;

/// A change of one side's text before both are compared.
pub struct Edit {
    name: String,
    change: Box<Change>,
}

/// One side's text in, what is compared out.
type Change = dyn Fn(Side, &str) -> String + Send + Sync;

impl fmt::Debug for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Edit({})", self.name)
    }
}

impl Edit {
    /// An edit of the schema's text, and of the head (table and columns) of each row's line.
    pub fn new(
        name: impl Into<String>,
        change: impl Fn(Side, &str) -> String + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.into(), change: Box::new(change) }
    }

    pub(super) fn apply(&self, side: Side, text: &str) -> String {
        (self.change)(side, text)
    }
}

/// Definers may differ.
pub fn definers() -> Edit {
    Edit::new("definers", |_, text| without_definers(text))
}

/// Storage engines may differ.
pub fn engines() -> Edit {
    Edit::new("engines", |_, text| {
        replace_each(text, "ENGINE=", |rest| {
            let word = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').count();
            Some((word, "ENGINE=any".to_owned()))
        })
    })
}

/// A table option (`ROW_FORMAT`, `KEY_BLOCK_SIZE`, `PACK_KEYS`, …) may be gone or differ.
pub fn table_option(option: &'static str) -> Edit {
    let start = format!(" {option}=");
    Edit::new(format!("table option {option}"), move |_, text| {
        replace_each(text, &start, |rest| {
            let value = match rest.strip_prefix('\'') {
                Some(quoted) => quoted.find('\'')? + 2,
                None => rest.find([' ', '\n', ';', ',', ')']).unwrap_or(rest.len()),
            };
            Some((value, String::new()))
        })
    })
}

/// Events may be enabled or disabled.
pub fn event_state() -> Edit {
    Edit::new("event state", |_, text| {
        replace_each(text, "PRESERVE ", |rest| {
            let states = ["ENABLE", "DISABLE ON REPLICA", "DISABLE ON SLAVE", "DISABLE"];
            let state = states.iter().find(|state| rest.starts_with(**state))?;
            Some((state.len(), "PRESERVE ANY".to_owned()))
        })
    })
}

/// Names of tables and views may have become lower case: everything between backticks is compared in lower case.
pub fn lower_case_names() -> Edit {
    Edit::new("lower-case names", |_, text| {
        let mut inside = false;
        let lower = |c: char| {
            if c == '`' {
                inside = !inside;
            }
            if inside { c.to_lowercase().collect::<String>() } else { c.to_string() }
        };
        text.chars().map(lower).collect()
    })
}

/// A text that the source has is another on the target.
pub fn replaced(on_source: impl Into<String>, on_target: impl Into<String>) -> Edit {
    let (old, new) = (on_source.into(), on_target.into());
    Edit::new(format!("{old} becomes {new}"), move |side, text| match side {
        Side::Source => text.replace(&old, &new),
        Side::Target => text.to_owned(),
    })
}

fn without_definers(text: &str) -> String {
    replace_each(text, "DEFINER=", |rest| {
        let user = quoted(rest)?;
        let host = quoted(rest[user..].strip_prefix('@')?)?;
        let length = user + 1 + host;
        // A space belongs to the definer where more follows.
        let space = usize::from(rest[length..].starts_with(' '));
        Some((length + space, String::new()))
    })
}

/// The length of a name in backticks at the start of the text.
fn quoted(text: &str) -> Option<usize> {
    let mut characters = text.char_indices().peekable();
    characters.next().filter(|(_, c)| *c == '`')?;
    while let Some((at, c)) = characters.next() {
        if c == '`' && characters.next_if(|(_, next)| *next == '`').is_none() {
            return Some(at + 1);
        }
    }
    None
}

/// Replaces `start` and what follows wherever it occurs. `change` sees what follows and says how much of it goes too,
/// and what comes instead; `None` leaves the place alone.
fn replace_each(
    text: &str,
    start: &str,
    change: impl Fn(&str) -> Option<(usize, String)>,
) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(start) {
        let (before, found) = rest.split_at(at);
        result.push_str(before);
        let after = &found[start.len()..];
        match change(after) {
            Some((length, instead)) => {
                result.push_str(&instead);
                rest = &after[length..];
            }
            None => {
                result.push_str(start);
                rest = after;
            }
        }
    }
    result.push_str(rest);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(edit: &Edit, before: &str, after: &str) {
        assert_eq!(edit.apply(Side::Source, before), after);
    }

    #[test]
    fn a_definer_goes_with_its_odd_names_and_nothing_else() {
        check(&definers(), "CREATE DEFINER=`a``b`@`%` VIEW `v`", "CREATE VIEW `v`");
        check(&definers(), "/*!50017 DEFINER=`root`@`localhost`*/ x", "/*!50017 */ x");
        check(&definers(), "SELECT 'DEFINER=me'", "SELECT 'DEFINER=me'");
    }

    #[test]
    fn table_options_go_with_their_values() {
        check(&engines(), ") ENGINE=MyISAM DEFAULT", ") ENGINE=any DEFAULT");
        check(
            &table_option("ROW_FORMAT"),
            ") ENGINE=x ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8;\n",
            ") ENGINE=x KEY_BLOCK_SIZE=8;\n",
        );
        check(&table_option("KEY_BLOCK_SIZE"), " KEY_BLOCK_SIZE=8;\n", ";\n");
        check(&table_option("COMPRESSION"), " COMPRESSION='zlib' X", " X");
    }

    #[test]
    fn only_an_events_state_is_taken_away() {
        check(
            &event_state(),
            "ON COMPLETION NOT PRESERVE ENABLE DO SELECT 'ENABLE'",
            "ON COMPLETION NOT PRESERVE ANY DO SELECT 'ENABLE'",
        );
        check(&event_state(), "PRESERVE DISABLE COMMENT", "PRESERVE ANY COMMENT");
    }

    #[test]
    fn names_are_lowered_and_values_are_not() {
        check(
            &lower_case_names(),
            "INSERT `OrderNotes` 'Note' `Id`",
            "INSERT `ordernotes` 'Note' `id`",
        );
    }
}

//! One pattern of a selection.

use thiserror::Error;

use crate::name::{ObjectKind, QualifiedName, quote};

/// A pattern that has no meaning.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PatternError {
    /// The word before the colon is no kind of object.
    #[error("pattern {pattern:?}: there is no kind {kind:?}; {suggestion}")]
    UnknownKind {
        /// As written.
        pattern: String,
        /// The word before the colon.
        kind: String,
        /// What may have been meant.
        suggestion: String,
    },
    /// A backtick without its partner.
    #[error("pattern {pattern:?}: a backtick is left open; one inside of a name is written twice")]
    OpenBacktick {
        /// As written.
        pattern: String,
    },
    /// Nothing before, between or behind the dots.
    #[error("pattern {pattern:?}: a name is missing; write schema or schema.object")]
    Empty {
        /// As written.
        pattern: String,
    },
    /// More than `schema.object`.
    #[error(
        "pattern {pattern:?}: too many dots; put names that hold dots in backticks: {suggestion}"
    )]
    TooManyParts {
        /// As written.
        pattern: String,
        /// What may have been meant.
        suggestion: String,
    },
    /// `schemas` holds something else than a schema.
    #[error(
        "schemas: {pattern:?} is not a schema; to select single objects use include = [{pattern:?}]"
    )]
    NotASchema {
        /// As written.
        pattern: String,
    },
    /// SQL's wildcard instead of ours.
    #[error(
        "pattern {pattern:?}: % is no wildcard here, did you mean {suggestion:?}? Backticks take it as a letter"
    )]
    Percent {
        /// As written.
        pattern: String,
        /// The same with `*`.
        suggestion: String,
    },
    /// A kind is given for a whole schema.
    #[error("pattern {pattern:?}: a kind needs objects; did you mean {suggestion:?}?")]
    KindOfSchema {
        /// As written.
        pattern: String,
        /// The same with `.*`.
        suggestion: String,
    },
    /// Triggers cannot be selected without their table.
    #[error("include: {pattern:?}: a trigger follows its table; include the table instead")]
    IncludedTrigger {
        /// As written.
        pattern: String,
    },
}

/// What a pattern may be limited to.
const KINDS: [(&str, &[ObjectKind]); 7] = [
    ("table", &[ObjectKind::Table]),
    ("view", &[ObjectKind::View]),
    ("routine", &[ObjectKind::Function, ObjectKind::Procedure]),
    ("function", &[ObjectKind::Function]),
    ("procedure", &[ObjectKind::Procedure]),
    ("trigger", &[ObjectKind::Trigger]),
    ("event", &[ObjectKind::Event]),
];

/// One character of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    /// This character.
    Letter(char),
    /// Any one character.
    One,
    /// Any characters, also none.
    Any,
}

/// One pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    /// As written.
    pub(super) text: String,
    kinds: Option<&'static [ObjectKind]>,
    schema: Vec<Piece>,
    name: Option<Vec<Piece>>,
}

impl Pattern {
    /// Reads `[kind:]schema[.name]`.
    pub(super) fn read(text: &str) -> Result<Self, PatternError> {
        let pattern = text.to_owned();
        let (kinds, rest) = split_kind(text)?;
        let mut parts = pieces(rest, text)?.into_iter();
        let (schema, name) = (parts.next().unwrap_or_default(), parts.next());
        if parts.next().is_some() {
            let suggestion = match rest.rsplit_once('.') {
                Some((schema, name)) => format!("{}.{name}", quote(&schema.replace('`', ""))),
                None => quote(rest),
            };
            return Err(PatternError::TooManyParts { pattern, suggestion });
        }
        if schema.is_empty() || name.as_ref().is_some_and(Vec::is_empty) {
            return Err(PatternError::Empty { pattern });
        }
        if kinds.is_some() && name.is_none() {
            let suggestion = format!("{text}.*");
            return Err(PatternError::KindOfSchema { pattern, suggestion });
        }
        Ok(Self { text: pattern, kinds, schema, name })
    }

    /// Reads a pattern that may only name schemas.
    pub(super) fn of_schema(text: &str) -> Result<Self, PatternError> {
        let read = Self::read(text)?;
        if read.name.is_some() {
            return Err(PatternError::NotASchema { pattern: text.to_owned() });
        }
        Ok(read)
    }

    /// Whether it stands for a schema with all that is in it.
    pub(super) fn is_whole_schema(&self) -> bool {
        self.name.is_none()
    }

    /// Whether it is limited to one kind, this one.
    pub(super) fn is_only_for(&self, kind: ObjectKind) -> bool {
        self.kinds == Some(&[kind])
    }

    /// Whether objects of a schema may match.
    pub(super) fn matches_schema(&self, schema: &str, any_case: bool) -> bool {
        matches(&self.schema, schema, any_case)
    }

    /// Whether an object matches. Triggers have names of their own that nobody thinks of when writing
    /// `shop.audit_*`: they only match patterns of their kind and whole schemas.
    pub(super) fn matches(&self, kind: ObjectKind, name: &QualifiedName, any_case: bool) -> bool {
        if !self.matches_schema(&name.schema, any_case) {
            return false;
        }
        let of_kind = match self.kinds {
            Some(kinds) => kinds.contains(&kind),
            None => kind != ObjectKind::Trigger || self.name.is_none(),
        };
        // Names of routines and events never depend on case.
        let any_case = any_case
            || matches!(kind, ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Event);
        let named = self.name.as_ref().is_none_or(|own| matches(own, &name.name, any_case));
        of_kind && named
    }
}

fn split_kind(text: &str) -> Result<(Option<&'static [ObjectKind]>, &str), PatternError> {
    let text = text.trim();
    let Some((word, rest)) = text.split_once(':').filter(|(word, _)| !word.contains('`')) else {
        return Ok((None, text));
    };
    let word = word.trim();
    let lower = word.to_ascii_lowercase();
    let known = KINDS.iter().find(|(name, _)| *name == lower || format!("{name}s") == lower);
    if let Some((_, kinds)) = known {
        return Ok((Some(kinds), rest.trim()));
    }
    let near = KINDS.iter().map(|(name, _)| (distance(name, &lower), *name)).min();
    let suggestion = match near {
        Some((far, name)) if far <= 2 => format!("did you mean {:?}?", format!("{name}:{rest}")),
        Some(_) | None => format!(
            "kinds are {}; put a name that holds a colon in backticks",
            KINDS.map(|(name, _)| name).join(", ")
        ),
    };
    let (pattern, kind) = (text.to_owned(), word.to_owned());
    Err(PatternError::UnknownKind { pattern, kind, suggestion })
}

/// Splits at dots outside of backticks into characters and wildcards.
fn pieces(rest: &str, text: &str) -> Result<Vec<Vec<Piece>>, PatternError> {
    let pattern = text.to_owned();
    let mut parts = vec![Vec::new()];
    let mut quoted = false;
    let mut chars = rest.chars().peekable();
    while let Some(c) = chars.next() {
        let piece = match c {
            '`' if quoted && chars.peek() == Some(&'`') => {
                chars.next();
                Piece::Letter('`')
            }
            '`' => {
                quoted = !quoted;
                continue;
            }
            '.' if !quoted => {
                parts.push(Vec::new());
                continue;
            }
            '%' if !quoted => {
                let suggestion = text.replace('%', "*");
                return Err(PatternError::Percent { pattern, suggestion });
            }
            '*' if !quoted => Piece::Any,
            '?' if !quoted => Piece::One,
            letter => Piece::Letter(letter),
        };
        if let Some(part) = parts.last_mut() {
            part.push(piece);
        }
    }
    if quoted { Err(PatternError::OpenBacktick { pattern }) } else { Ok(parts) }
}

/// Matches by walking both sides once and stepping back to the last `*`: no pattern is slow.
fn matches(pieces: &[Piece], name: &str, any_case: bool) -> bool {
    let name: Vec<char> = name.chars().collect();
    let same = |a: char, b: char| a == b || (any_case && a.to_lowercase().eq(b.to_lowercase()));
    let (mut at, mut letter) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while let Some(&c) = name.get(letter) {
        match pieces.get(at) {
            Some(Piece::Any) => {
                retry = Some((at + 1, letter));
                at += 1;
                continue;
            }
            Some(Piece::One) => {}
            Some(&Piece::Letter(own)) if same(own, c) => {}
            Some(Piece::Letter(_)) | None => {
                let Some((after, from)) = retry else { return false };
                retry = Some((after, from + 1));
                (at, letter) = (after, from + 1);
                continue;
            }
        }
        at += 1;
        letter += 1;
    }
    pieces.iter().skip(at).all(|piece| *piece == Piece::Any)
}

/// How many letters must change to make one word of another.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, to) in b.iter().enumerate() {
            let get = |row: &[usize], at: usize| row.get(at).copied().unwrap_or(usize::MAX);
            let swap = get(&row, j) + usize::from(from != *to);
            next.push(swap.min(get(&row, j + 1) + 1).min(get(&next, j) + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, kind: ObjectKind, name: (&str, &str), expected: bool) {
        let name = QualifiedName::new(name.0, name.1);
        let read = Pattern::read(pattern).unwrap();
        assert_eq!(read.matches(kind, &name, false), expected, "{pattern} on {name}");
    }

    #[test]
    fn wildcards_match_as_people_expect() {
        use ObjectKind::{Event, Function, Table, Trigger, View};
        check("shop", Table, ("shop", "a"), true);
        check("shop", Table, ("shop2", "a"), false);
        check("shop.audit_*", Table, ("shop", "audit_"), true);
        check("shop.audit_*", Table, ("shop", "audit"), false);
        check("*.a?c", View, ("x", "abc"), true);
        check("*.a?c", View, ("x", "ac"), false);
        check("s*p.*a*b", Table, ("shop", "xaayb"), true);
        check("s*p.*a*b", Table, ("shop", "xaaybc"), false);
        check("`my.db`.`a*`", Table, ("my.db", "a*"), true);
        check("`my.db`.`a*`", Table, ("my.db", "ab"), false);
        check("a``b", Table, ("ab", "x"), true);
        check("`a``b`", Table, ("a`b", "x"), true);
        check("view:shop.v_*", View, ("shop", "v_1"), true);
        check("view:shop.v_*", Table, ("shop", "v_1"), false);
        check("routines:shop.*", Function, ("shop", "f"), true);
        check("shop.NIGHTLY", Event, ("shop", "nightly"), true);
        check("shop.Orders", Table, ("shop", "orders"), false);
        check("shop.t*", Trigger, ("shop", "trg"), false);
        check("trigger:shop.t*", Trigger, ("shop", "trg"), true);
        check("größe.*", Table, ("größe", "ü"), true);
    }

    #[test]
    fn a_pattern_without_meaning_says_what_may_be_meant() {
        let error = |pattern: &str| Pattern::read(pattern).unwrap_err().to_string();
        assert!(error("veiw:shop.v").ends_with("did you mean \"view:shop.v\"?"));
        assert!(error("a:b").contains("kinds are table, view"));
        assert!(error("`shop").contains("backtick is left open"));
        assert!(error("shop.").contains("a name is missing"));
        assert!(error("").contains("a name is missing"));
        assert!(error("a.b.c").ends_with("in backticks: `a.b`.c"));
        assert!(error("shop.audit_%").contains("did you mean \"shop.audit_*\"?"));
        assert!(error("view:shop").contains("did you mean \"view:shop.*\"?"));
        let error = Pattern::of_schema("shop.orders").unwrap_err().to_string();
        assert!(error.contains("include = [\"shop.orders\"]"));
    }

    #[test]
    fn many_stars_are_not_slow() {
        let read = Pattern::read(&format!("s.{}b", "*a".repeat(40))).unwrap();
        let name = QualifiedName::new("s", "a".repeat(64));
        assert!(!read.matches(ObjectKind::Table, &name, false));
    }
}

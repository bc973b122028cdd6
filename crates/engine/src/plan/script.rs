//! One script of the plan: header lines for people and sealift, then SQL.

use sha2::{Digest, Sha256};

use sealift_schema::name::{ObjectId, ObjectKind, QualifiedName, quote};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::stage::{Part, Step};

/// How every header line begins.
const MARK: &str = "-- sealift:";

/// What is to be done with a script. The user's to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Carried out; written anew by each `plan` as long as nobody edits it.
    Generated,
    /// Carried out; never written again.
    Locked,
    /// Not carried out.
    Skip,
}

impl State {
    /// The word in the header.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Generated => "generated",
            Self::Locked => "locked",
            Self::Skip => "skip",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::Generated, Self::Locked, Self::Skip].into_iter().find(|state| state.word() == word)
    }
}

/// What a script can be about.
pub trait Subject: Sized {
    /// As the header's object line says it.
    fn words(&self) -> String;

    /// Reads an object line.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    fn read(words: &str) -> Result<Self, String>;
}

impl Subject for Step {
    fn words(&self) -> String {
        step_words(self)
    }

    fn read(words: &str) -> Result<Self, String> {
        read_step(words)
    }
}

/// A script: what it makes, what is to be done with it, why it looks as it does, and the SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script<S = Step> {
    /// What it makes.
    pub step: S,
    /// What is to be done with it.
    pub state: State,
    /// Reasons, one header line each, e.g. `change engine: …, because …`.
    pub notes: Vec<String>,
    /// The SQL, `DELIMITER` lines included, as the mysql client takes it.
    pub body: String,
}

/// Why a file is not a script.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}: {what}")]
pub struct ScriptError {
    /// Line number, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

impl<S: Subject> Script<S> {
    /// Reads a script file.
    ///
    /// # Errors
    /// When the header does not say what the script makes and what is to be done with it.
    pub fn parse(text: &str) -> Result<Self, ScriptError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut step = None;
        let mut state = None;
        let mut notes = Vec::new();
        let mut rest = text;
        let mut line = 0;
        while !rest.is_empty() {
            let (first, after) = rest.split_once('\n').unwrap_or((rest, ""));
            line += 1;
            let wrong = |what: String| ScriptError { line, what };
            let Some(entry) = first.trim_end().strip_prefix(MARK) else {
                let blank_before_header = step.is_none() && first.trim().is_empty();
                if blank_before_header {
                    rest = after;
                    continue;
                }
                break;
            };
            let entry = entry.trim_start();
            let (word, value) = entry.split_once(' ').unwrap_or((entry, ""));
            match word {
                "object" if step.is_some() => {
                    return Err(wrong("a second object line; a script makes one object".into()));
                }
                "object" => step = Some(S::read(&unescape(value.trim())).map_err(wrong)?),
                "state" if state.is_some() => {
                    return Err(wrong("a second state line; keep one".into()));
                }
                "state" => state = Some(read_state(value).map_err(wrong)?),
                "change" | "refused" | "broken" => notes.push(unescape(entry)),
                other => {
                    return Err(wrong(format!(
                        "{other:?} is none of object, state, change, refused, broken"
                    )));
                }
            }
            rest = after;
        }
        let missing = |what: &str| ScriptError { line: line.max(1), what: what.into() };
        let step =
            step.ok_or_else(|| missing("the header line `-- sealift: object …` is missing"))?;
        let state =
            state.ok_or_else(|| missing("the header line `-- sealift: state …` is missing"))?;
        let body = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n')).unwrap_or(rest);
        Ok(Self { step, state, notes, body: body.to_owned() })
    }

    /// The file's text.
    #[must_use]
    pub fn print(&self) -> String {
        let mut text = String::with_capacity(self.body.len() + 200);
        let mut line = |entry: &str| {
            text.push_str(MARK);
            text.push(' ');
            text.push_str(&escape(entry));
            text.push('\n');
        };
        line(&format!("object {}", self.step.words()));
        line(&format!("state {}", self.state.word()));
        self.notes.iter().for_each(|note| line(note));
        text.push('\n');
        text.push_str(&self.body);
        if !self.body.is_empty() && !self.body.ends_with('\n') {
            text.push('\n');
        }
        text
    }

    /// The hash by which an edit of the SQL is seen. White space at the end does not count.
    #[must_use]
    pub fn body_hash(&self) -> String {
        hash([self.body.trim_end()])
    }
}

/// SHA-256 over parts, in hexadecimal; where one part ends and the next begins counts.
pub(crate) fn hash<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.len().to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a step makes, in words: ``table `shop`.`orders` ``, ``indexes of table `shop`.`orders` ``.
#[must_use]
pub fn step_words(step: &Step) -> String {
    match step.part {
        Part::Indexes => format!("indexes of {}", step.object),
        Part::ForeignKeys => format!("foreign keys of {}", step.object),
        Part::Schemas
        | Part::Tables
        | Part::Routines
        | Part::Views
        | Part::Triggers
        | Part::Events => step.object.to_string(),
    }
}

fn read_state(value: &str) -> Result<State, String> {
    // Words after the first are the user's own remark.
    let word = value.split_whitespace().next().unwrap_or("");
    State::from_word(word)
        .ok_or_else(|| format!("state {word:?} is none of generated, locked, skip"))
}

fn read_step(text: &str) -> Result<Step, String> {
    let (part, words) = if let Some(words) = text.strip_prefix("indexes of ") {
        (Some(Part::Indexes), words)
    } else if let Some(words) = text.strip_prefix("foreign keys of ") {
        (Some(Part::ForeignKeys), words)
    } else {
        (None, text)
    };
    let unreadable = || format!("object {text:?} is not a kind and a quoted name");
    let (kind, name) = words.split_once(' ').ok_or_else(unreadable)?;
    let kind = KINDS.into_iter().find(|known| known.word() == kind).ok_or_else(unreadable)?;
    let (first, rest) = read_quoted(name).ok_or_else(unreadable)?;
    let object = match (kind, rest.strip_prefix('.').and_then(read_quoted)) {
        (ObjectKind::Schema, None) if rest.is_empty() => ObjectId::schema(first),
        (ObjectKind::Schema, _) => return Err(unreadable()),
        (_, Some((second, ""))) => ObjectId::new(kind, QualifiedName::new(first, second)),
        _ => return Err(unreadable()),
    };
    match (part, kind) {
        (Some(part), ObjectKind::Table) => Ok(Step { part, object }),
        (Some(_), _) => Err(unreadable()),
        (None, _) => Ok(Step { part: part_of(kind), object }),
    }
}

const KINDS: [ObjectKind; 7] = [
    ObjectKind::Schema,
    ObjectKind::Table,
    ObjectKind::View,
    ObjectKind::Function,
    ObjectKind::Procedure,
    ObjectKind::Trigger,
    ObjectKind::Event,
];

/// The part in which an object itself is made.
pub(crate) fn part_of(kind: ObjectKind) -> Part {
    match kind {
        ObjectKind::Schema => Part::Schemas,
        ObjectKind::Table => Part::Tables,
        ObjectKind::View => Part::Views,
        ObjectKind::Function | ObjectKind::Procedure => Part::Routines,
        ObjectKind::Trigger => Part::Triggers,
        ObjectKind::Event => Part::Events,
    }
}

/// Reads one backtick-quoted identifier; returns it unquoted with what follows.
pub(crate) fn read_quoted(text: &str) -> Option<(String, &str)> {
    let inner = text.strip_prefix('`')?;
    let mut name = String::new();
    let mut chars = inner.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c != '`' {
            name.push(c);
            continue;
        }
        if chars.peek().is_some_and(|(_, next)| *next == '`') {
            chars.next();
            name.push('`');
            continue;
        }
        debug_assert_eq!(text.get(..at + 2), Some(quote(&name).as_str()), "quoting round trip");
        return Some((name, inner.get(at + 1..)?));
    }
    None
}

/// Keeps a header entry on one line: names and reasons may hold line ends.
fn escape(entry: &str) -> String {
    let mut escaped = String::with_capacity(entry.len());
    for c in entry.chars() {
        match c {
            '\\' => escaped.push_str("\\\\"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            other => escaped.push(other),
        }
    }
    escaped
}

fn unescape(entry: &str) -> String {
    let mut text = String::with_capacity(entry.len());
    let mut chars = entry.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('n') => text.push('\n'),
                Some('r') => text.push('\r'),
                Some(other) => text.push(other),
                None => text.push('\\'),
            },
            (other, false) => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn orders() -> Script {
        Script {
            step: read_step("table `shop`.`orders`").unwrap(),
            state: State::Generated,
            notes: vec!["change engine: MyISAM becomes InnoDB, because Azure has no MyISAM".into()],
            body: "USE `shop`;\nCREATE TABLE `orders` (`id` int);\n".into(),
        }
    }

    #[test]
    fn a_script_opens_with_its_header() {
        insta::assert_snapshot!(orders().print(), @r"
        -- sealift: object table `shop`.`orders`
        -- sealift: state generated
        -- sealift: change engine: MyISAM becomes InnoDB, because Azure has no MyISAM

        USE `shop`;
        CREATE TABLE `orders` (`id` int);
        ");
    }

    #[test]
    fn what_is_printed_is_read_back() {
        assert_eq!(Script::parse(&orders().print()), Ok(orders()));
    }

    #[test]
    fn the_objects_of_every_part_are_read_back() {
        for words in [
            "schema `shop`",
            "table `shop`.`orders`",
            "indexes of table `shop`.`orders`",
            "foreign keys of table `shop`.`orders`",
            "function `shop`.`total`",
            "procedure `a``b`.`c.d e`",
            "view `x`.`y`",
            "trigger `x`.`y`",
            "event `x`.`y`",
        ] {
            assert_eq!(step_words(&read_step(words).unwrap()), words);
        }
    }

    #[test]
    fn an_unusable_header_names_its_line() {
        let check = |text: &str, expected: &str| {
            assert_eq!(<Script>::parse(text).unwrap_err().to_string(), expected, "for {text:?}");
        };
        let object = "-- sealift: object table `a`.`b`\n";
        check("", "line 1: the header line `-- sealift: object …` is missing");
        check("select 1", "line 1: the header line `-- sealift: object …` is missing");
        check(object, "line 1: the header line `-- sealift: state …` is missing");
        check(
            &format!("{object}-- sealift: state skipped\n"),
            "line 2: state \"skipped\" is none of generated, locked, skip",
        );
        check(
            &format!("{object}{object}"),
            "line 2: a second object line; a script makes one object",
        );
        check(
            "-- sealift: object table a.b\n",
            "line 1: object \"table a.b\" is not a kind and a quoted name",
        );
        check(
            "-- sealift: object indexes of view `a`.`b`\n",
            "line 1: object \"indexes of view `a`.`b`\" is not a kind and a quoted name",
        );
    }

    #[test]
    fn what_editors_do_to_a_file_is_forgiven() {
        let text = format!("\u{feff}\n{}\n\n", orders().print().replace('\n', "\r\n"));
        let script = <Script>::parse(&text).unwrap();
        assert_eq!(script.step, orders().step);
        let remarked = "-- sealift: object schema `a`\n-- sealift: state skip  not ours\n";
        assert_eq!(<Script>::parse(remarked).unwrap().state, State::Skip);
    }

    #[test]
    fn only_the_sql_counts_as_an_edit() {
        let mut other = orders();
        other.notes.clear();
        other.state = State::Locked;
        other.body.push_str("\n\n");
        assert_eq!(other.body_hash(), orders().body_hash());
        other.body = other.body.replace("int", "bigint");
        assert_ne!(other.body_hash(), orders().body_hash());
    }

    proptest! {
        #[test]
        fn any_name_and_reason_survive_the_header(
            schema in "[^\0]{1,20}", name in "[^\0]{1,20}", note in "change [^\0]{0,40}x", body in "(?s).{0,60}"
        ) {
            let object = ObjectId::new(ObjectKind::View, QualifiedName::new(schema, name));
            let script = Script {
                step: Step { part: Part::Views, object },
                state: State::Locked,
                notes: vec![note],
                body: format!("x{body}\n"),
            };
            prop_assert_eq!(Script::parse(&script.print()), Ok(script));
        }
    }
}

//! What changed of a JSON value, as updates in part log it, applied to the text of what it was.
//!
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/classJson__diff.html>: operations with a path each; what lies on
//! the way of a path must be there.

use super::{DEPTH_MAX, print, quote};
use crate::wire::scan::Scan;

const ENDS_EARLY: &str = "a change of JSON that ends early";
const NO_TEXT: &str = "a JSON value whose text cannot be read";
const NO_PATH: &str = "a change of JSON with a path that is none";
const NO_PLACE: &str = "a change of JSON at a place that the value before does not have";

/// The text of a value that had this text before.
pub(in crate::binlog) fn apply(before: &[u8], changes: &[u8]) -> Result<Vec<u8>, &'static str> {
    let mut root = Node::read(before)?;
    let mut scan = Scan::new(changes);
    while !scan.is_empty() {
        let operation = scan.u8("operation").map_err(|_short| ENDS_EARLY)?;
        let path = Leg::all(counted(&mut scan)?)?;
        let value = |scan: &mut Scan<'_>| {
            let mut text = Vec::new();
            print(counted(scan)?, &mut text)?;
            Node::read(&text)
        };
        match operation {
            0 => *root.seek(&path)? = value(&mut scan)?,
            1 => root.insert(&path, value(&mut scan)?)?,
            2 => root.remove(&path)?,
            _ => return Err("a change of JSON of an unknown kind"),
        }
    }
    let mut text = Vec::new();
    root.write(&mut text);
    Ok(text)
}

/// Bytes behind their length, as the protocol packs it.
fn counted<'a>(scan: &mut Scan<'a>) -> Result<&'a [u8], &'static str> {
    let length = scan.length("length").map_err(|_short| ENDS_EARLY)?;
    let length = usize::try_from(length).map_err(|_too_large| ENDS_EARLY)?;
    scan.bytes(length, "text").map_err(|_short| ENDS_EARLY)
}

/// A value in parts.
#[derive(Debug)]
enum Node {
    /// Its text.
    Scalar(Vec<u8>),
    Array(Vec<Node>),
    /// Keys are not escaped.
    Object(Vec<(Vec<u8>, Node)>),
}

impl Node {
    fn read(text: &[u8]) -> Result<Self, &'static str> {
        let mut reader = Reader { rest: text };
        let node = reader.value(0)?;
        if reader.rest.is_empty() { Ok(node) } else { Err(NO_TEXT) }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Scalar(text) => out.extend_from_slice(text),
            Self::Array(values) => {
                out.push(b'[');
                for (index, value) in values.iter().enumerate() {
                    out.extend_from_slice(if index > 0 { b", " } else { b"" });
                    value.write(out);
                }
                out.push(b']');
            }
            Self::Object(members) => {
                out.push(b'{');
                for (index, (key, value)) in members.iter().enumerate() {
                    out.extend_from_slice(if index > 0 { b", " } else { b"" });
                    quote(key, out);
                    out.extend_from_slice(b": ");
                    value.write(out);
                }
                out.push(b'}');
            }
        }
    }

    /// The value at a path.
    fn seek(&mut self, path: &[Leg]) -> Result<&mut Self, &'static str> {
        let mut node = self;
        for leg in path {
            node = match (leg, node) {
                (Leg::Member(name), Self::Object(members)) => {
                    let mut members = members.iter_mut();
                    members.find(|(key, _)| key == name).map(|(_, value)| value).ok_or(NO_PLACE)?
                }
                (Leg::Cell(cell), Self::Array(values)) => {
                    let at = cell.within(values.len()).ok_or(NO_PLACE)?;
                    values.get_mut(at).ok_or(NO_PLACE)?
                }
                // What is no array counts as one of one value.
                (Leg::Cell(cell), other) if cell.within(1) == Some(0) => other,
                (Leg::Member(_) | Leg::Cell(_), _) => return Err(NO_PLACE),
            };
        }
        Ok(node)
    }

    fn insert(&mut self, path: &[Leg], value: Self) -> Result<(), &'static str> {
        let (last, parents) = path.split_last().ok_or(NO_PATH)?;
        match (last, self.seek(parents)?) {
            (Leg::Member(name), Self::Object(members)) => {
                if members.iter().any(|(key, _)| key == name) {
                    return Err(NO_PLACE);
                }
                members.push((name.clone(), value));
            }
            (Leg::Cell(cell), Self::Array(values)) => {
                let at = match *cell {
                    Cell::FromStart(at) => at.min(values.len()),
                    Cell::FromEnd(back) => values.len().saturating_sub(back.saturating_add(1)),
                };
                values.insert(at, value);
            }
            (Leg::Member(_) | Leg::Cell(_), _) => return Err(NO_PLACE),
        }
        Ok(())
    }

    fn remove(&mut self, path: &[Leg]) -> Result<(), &'static str> {
        let (last, parents) = path.split_last().ok_or(NO_PATH)?;
        match (last, self.seek(parents)?) {
            (Leg::Member(name), Self::Object(members)) => {
                let at = members.iter().position(|(key, _)| key == name).ok_or(NO_PLACE)?;
                members.remove(at);
            }
            (Leg::Cell(cell), Self::Array(values)) => {
                let at = cell.within(values.len()).ok_or(NO_PLACE)?;
                values.remove(at);
            }
            (Leg::Member(_) | Leg::Cell(_), _) => return Err(NO_PLACE),
        }
        Ok(())
    }
}

/// Reads text that we printed.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: u8) -> Result<Node, &'static str> {
        if depth > DEPTH_MAX {
            return Err(NO_TEXT);
        }
        match self.rest.first().ok_or(NO_TEXT)? {
            b'{' => {
                let mut members = Vec::new();
                self.list(b'}', |reader| {
                    let key = unescaped(reader.string()?)?;
                    reader.expect(b": ")?;
                    members.push((key, reader.value(depth + 1)?));
                    Ok(())
                })?;
                Ok(Node::Object(members))
            }
            b'[' => {
                let mut values = Vec::new();
                self.list(b']', |reader| {
                    values.push(reader.value(depth + 1)?);
                    Ok(())
                })?;
                Ok(Node::Array(values))
            }
            b'"' => Ok(Node::Scalar(self.string()?.to_vec())),
            _ => {
                let ends = |byte: &u8| matches!(byte, b',' | b']' | b'}');
                let end = self.rest.iter().position(ends).unwrap_or(self.rest.len());
                Ok(Node::Scalar(self.take(end)?.to_vec()))
            }
        }
    }

    /// Reads what stands between brackets.
    fn list(
        &mut self,
        end: u8,
        mut one: impl FnMut(&mut Self) -> Result<(), &'static str>,
    ) -> Result<(), &'static str> {
        self.take(1)?;
        if self.rest.first() == Some(&end) {
            return self.take(1).map(drop);
        }
        loop {
            one(self)?;
            if self.rest.first() == Some(&end) {
                return self.take(1).map(drop);
            }
            self.expect(b", ")?;
        }
    }

    /// A string with its quotes.
    fn string(&mut self) -> Result<&'a [u8], &'static str> {
        let mut escaped = false;
        for (at, byte) in self.rest.iter().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' if at > 0 => return self.take(at + 1),
                b'"' => {}
                _ if at == 0 => return Err(NO_TEXT),
                _ => {}
            }
        }
        Err(NO_TEXT)
    }

    fn expect(&mut self, text: &[u8]) -> Result<(), &'static str> {
        self.rest = self.rest.strip_prefix(text).ok_or(NO_TEXT)?;
        Ok(())
    }

    fn take(&mut self, bytes: usize) -> Result<&'a [u8], &'static str> {
        let (taken, rest) = self.rest.split_at_checked(bytes).ok_or(NO_TEXT)?;
        self.rest = rest;
        Ok(taken)
    }
}

/// What a string in quotes says.
fn unescaped(quoted: &[u8]) -> Result<Vec<u8>, &'static str> {
    let inside = quoted.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
    let mut bytes = inside.ok_or(NO_TEXT)?.iter().copied();
    let mut text = Vec::new();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            text.push(byte);
            continue;
        }
        text.push(match bytes.next() {
            Some(same @ (b'"' | b'\\' | b'/')) => same,
            Some(b'b') => 0x08,
            Some(b'f') => 0x0c,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => {
                let digits: Vec<u8> = bytes.by_ref().take(4).collect();
                let digits = str::from_utf8(&digits).map_err(|_strange| NO_TEXT)?;
                let code = u32::from_str_radix(digits, 16).map_err(|_strange| NO_TEXT)?;
                let character = char::from_u32(code).ok_or(NO_TEXT)?;
                text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                continue;
            }
            Some(_) | None => return Err(NO_TEXT),
        });
    }
    Ok(text)
}

/// A step of a path.
#[derive(Debug, PartialEq, Eq)]
enum Leg {
    Member(Vec<u8>),
    Cell(Cell),
}

/// A place in an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    FromStart(usize),
    /// `last` is 0 from the end.
    FromEnd(usize),
}

impl Cell {
    /// The place in an array of this length, if it has it.
    fn within(self, length: usize) -> Option<usize> {
        let at = match self {
            Self::FromStart(at) => at,
            Self::FromEnd(back) => length.checked_sub(back.checked_add(1)?)?,
        };
        (at < length).then_some(at)
    }
}

impl Leg {
    /// The steps of `$.member."other member"[0][last-1]`.
    fn all(path: &[u8]) -> Result<Vec<Self>, &'static str> {
        let mut reader = Reader { rest: path };
        reader.expect(b"$").map_err(|_other| NO_PATH)?;
        let mut legs = Vec::new();
        while let Some((sign, rest)) = reader.rest.split_first() {
            reader.rest = rest;
            legs.push(match sign {
                b'.' if rest.first() == Some(&b'"') => Self::Member(unescaped(reader.string()?)?),
                b'.' => {
                    let ends = |byte: &u8| matches!(byte, b'.' | b'[');
                    let end = rest.iter().position(ends).unwrap_or(rest.len());
                    Self::Member(reader.take(end)?.to_vec())
                }
                b'[' => {
                    let end = rest.iter().position(|byte| *byte == b']').ok_or(NO_PATH)?;
                    let cell = cell(reader.take(end)?).ok_or(NO_PATH)?;
                    reader.take(1)?;
                    Self::Cell(cell)
                }
                _ => return Err(NO_PATH),
            });
        }
        Ok(legs)
    }
}

fn cell(text: &[u8]) -> Option<Cell> {
    let text = std::str::from_utf8(text).ok()?;
    match text.strip_prefix("last") {
        Some("") => Some(Cell::FromEnd(0)),
        Some(back) => back.strip_prefix('-')?.trim().parse().ok().map(Cell::FromEnd),
        None => text.parse().ok().map(Cell::FromStart),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An operation with a value that is a small integer.
    fn change(operation: u8, path: &str, value: Option<u8>) -> Vec<u8> {
        let mut bytes = vec![operation, u8::try_from(path.len()).unwrap()];
        bytes.extend(path.as_bytes());
        // An `int16` as a document.
        bytes.extend(value.iter().flat_map(|value| [3, 5, *value, 0]));
        bytes
    }

    fn applied(before: &str, changes: &[Vec<u8>]) -> Result<String, &'static str> {
        apply(before.as_bytes(), &changes.concat()).map(|text| String::from_utf8(text).unwrap())
    }

    #[test]
    fn each_operation_changes_the_place_it_names() {
        for (before, change, after) in [
            (
                r#"{"a": 1, "b": [1.0, "x, y"]}"#,
                change(0, "$.a", Some(7)),
                r#"{"a": 7, "b": [1.0, "x, y"]}"#,
            ),
            (
                r#"{"b": [1, {"c d": 2}]}"#,
                change(0, r#"$.b[1]."c d""#, Some(7)),
                r#"{"b": [1, {"c d": 7}]}"#,
            ),
            (r#"{"a\"\n": 1}"#, change(0, r#"$."a\"\n""#, Some(7)), r#"{"a\"\n": 7}"#),
            ("[1, 2, 3]", change(0, "$[last]", Some(7)), "[1, 2, 7]"),
            ("[1, 2, 3]", change(0, "$[last-2]", Some(7)), "[7, 2, 3]"),
            (r#"{"a": "x"}"#, change(0, "$.a[0]", Some(7)), r#"{"a": 7}"#),
            ("[]", change(1, "$[5]", Some(7)), "[7]"),
            ("[1, 2]", change(1, "$[1]", Some(7)), "[1, 7, 2]"),
            ("{}", change(1, "$.a", Some(7)), r#"{"a": 7}"#),
            (r#"{"a": 1, "b": null}"#, change(2, "$.a", None), r#"{"b": null}"#),
            ("[1, [2, 3], true]", change(2, "$[1][0]", None), "[1, [3], true]"),
            (r#""text""#, change(0, "$", Some(7)), "7"),
        ] {
            assert_eq!(applied(before, &[change]).unwrap(), after, "{before}");
        }
        let both = [change(1, "$[0]", Some(1)), change(2, "$[1]", None)];
        assert_eq!(applied("[9, 8]", &both).unwrap(), "[1, 8]");
        assert_eq!(applied(r#"{"a": {}}"#, &[]).unwrap(), r#"{"a": {}}"#);
    }

    #[test]
    fn what_the_value_does_not_have_is_refused() {
        for (before, changes) in [
            ("{}", change(0, "$.a", Some(7))),
            ("[1]", change(0, "$[1]", Some(7))),
            ("1", change(0, "$[last-1]", Some(7))),
            (r#"{"a": 1}"#, change(1, "$.a", Some(7))),
            ("[1]", change(1, "$.a", Some(7))),
            ("{}", change(2, "$.a", None)),
            ("[]", change(2, "$[0]", None)),
            ("[]", change(2, "$", None)),
            ("[]", change(3, "$", None)),
            ("[]", change(0, "a", Some(7))),
            ("[]", change(0, "$[x]", Some(7))),
            ("[]", vec![0, 9, b'$']),
            ("[]", vec![0]),
        ] {
            assert!(
                applied(before, std::slice::from_ref(&changes)).is_err(),
                "{before} {changes:?}"
            );
        }
    }
}

//! Replacing spans of a text, all else untouched.

use super::text::Span;

/// One replacement: the bytes of `span` become `with`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced; empty to insert.
    pub span: Span,
    /// What stands there afterwards; empty to delete.
    pub with: String,
}

impl Edit {
    /// Replaces a span.
    pub fn replace(span: Span, with: impl Into<String>) -> Self {
        Self { span, with: with.into() }
    }

    /// Inserts at an offset.
    pub fn insert(at: usize, with: impl Into<String>) -> Self {
        Self { span: Span { start: at, end: at }, with: with.into() }
    }

    /// Deletes a span.
    #[must_use]
    pub fn delete(span: Span) -> Self {
        Self { span, with: String::new() }
    }
}

/// Applies edits to a text, in any order they are given.
///
/// Edits must lie inside the text and not overlap. One that begins before an earlier one ends is left
/// out: the rewrites of one definition never compete for a span, and a half-applied edit would be worse.
#[must_use]
pub fn apply(text: &str, mut edits: Vec<Edit>) -> String {
    edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let mut edited = String::with_capacity(text.len() + 64);
    let mut at = 0;
    for edit in edits {
        debug_assert!(edit.span.start >= at, "overlapping edits at {}", edit.span.start);
        let Some(kept) = text.get(at..edit.span.start) else { continue };
        edited.push_str(kept);
        edited.push_str(&edit.with);
        at = edit.span.end.max(edit.span.start);
    }
    edited.push_str(text.get(at..).unwrap_or(""));
    edited
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: usize, end: usize) -> Span {
        Span { start, end }
    }

    #[test]
    fn untouched_bytes_stay() {
        let edits = vec![
            Edit::delete(span(4, 6)),
            Edit::replace(span(0, 1), "AA"),
            Edit::insert(3, "-"),
            Edit::insert(8, "!"),
        ];
        assert_eq!(apply("abcdéfg", edits), "AAbc-dfg!");
        assert_eq!(apply("abc", Vec::new()), "abc");
    }
}

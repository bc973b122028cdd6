//! An object as facets, and the comparison of two.

use std::collections::BTreeMap;

use super::{Difference, Part};
use crate::name::ObjectId;

/// Facets of one part by name. `None` stands for a value that cannot be known and is not compared.
pub(super) type Facets = BTreeMap<&'static str, Option<String>>;

/// The parts of an object.
pub(super) type Shape = BTreeMap<Part, Facets>;

/// How many characters of a long value are shown around the first place that differs.
const SHOWN_CHARS: usize = 120;
/// How many of them lie before that place.
const SHOWN_BEFORE: usize = 40;

/// Adds what differs between two shapes.
pub(super) fn compare(
    object: &ObjectId,
    expected: &Shape,
    actual: &Shape,
    differences: &mut Vec<Difference>,
) {
    let none = Facets::new();
    let parts = expected.keys().chain(actual.keys().filter(|part| !expected.contains_key(part)));
    for part in parts {
        let (wanted, found) = (expected.get(part), actual.get(part));
        let whole = |facets: &Facets| Some(summary(facets));
        let difference = |facet: &str, expected, actual| Difference {
            object: object.clone(),
            part: part.clone(),
            facet: facet.to_owned(),
            expected,
            actual,
        };
        match (wanted, found) {
            (Some(wanted), None) => differences.push(difference("", whole(wanted), None)),
            (None, Some(found)) => differences.push(difference("", None, whole(found))),
            (wanted, found) => {
                let (wanted, found) = (wanted.unwrap_or(&none), found.unwrap_or(&none));
                for (facet, expected, actual) in facets(wanted, found) {
                    differences.push(difference(facet, expected, actual));
                }
            }
        }
    }
}

/// The facets in which two parts differ.
fn facets(wanted: &Facets, found: &Facets) -> Vec<(&'static str, Option<String>, Option<String>)> {
    let mut differing = Vec::new();
    for facet in wanted.keys().chain(found.keys().filter(|facet| !wanted.contains_key(*facet))) {
        match (wanted.get(facet), found.get(facet)) {
            (Some(None), _) | (_, Some(None)) => {}
            (Some(Some(wanted)), Some(Some(found))) if wanted == found => {}
            (Some(Some(wanted)), Some(Some(found))) => {
                let (wanted, found) = excerpts(wanted, found);
                differing.push((*facet, Some(wanted), Some(found)));
            }
            (wanted, found) => {
                let value = |value: Option<&Option<String>>| value.cloned().flatten();
                differing.push((*facet, value(wanted), value(found)));
            }
        }
    }
    differing
}

fn summary(facets: &Facets) -> String {
    let known = facets.iter().filter_map(|(facet, value)| Some((facet, value.as_ref()?)));
    let words = known.map(|(facet, value)| format!("{facet} {value}")).collect::<Vec<_>>();
    start(&words.join(", "), SHOWN_CHARS)
}

/// Long values are cut to where they begin to differ.
fn excerpts(one: &str, other: &str) -> (String, String) {
    if one.chars().count().max(other.chars().count()) <= SHOWN_CHARS {
        return (one.to_owned(), other.to_owned());
    }
    let same = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    let from = same.saturating_sub(SHOWN_BEFORE);
    let cut = |text: &str| {
        let rest = text.chars().skip(from).collect::<String>();
        let lead = if from > 0 { "…" } else { "" };
        format!("{lead}{}", start(&rest, SHOWN_CHARS))
    };
    (cut(one), cut(other))
}

fn start(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

//! Which collation stands in for one the target does not know.
//!
//! The policy's map goes first; then other spellings of the same collation (`utf8_…` and `utf8mb3_…`);
//! then the nearest the target has. The nearest one is never called exact: it is told as a change.

use super::Context;
use super::notes::Notes;

pub(super) const NAME: &str = "charset";

/// The collation to use on the target. Tells a note when it is another one.
pub(super) fn mapped(collation: &str, context: &Context<'_>, notes: &mut Notes) -> String {
    if let Some(to) = context.policy.collation.get(collation) {
        if to != collation {
            notes.change(
                NAME,
                format!("collation {to} instead of {collation}"),
                "the collation map says so",
            );
        }
        if let (Some(from), Some(to)) = (charset_of(collation, context), charset_of(to, context)) {
            super::charset::refuse_other_bytes(&from, &to, notes);
        }
        return to.clone();
    }
    let charset = charset_of(collation, context);
    if let Some(to) = charset.as_deref().and_then(|charset| context.policy.charset.get(charset)) {
        let same_rules = collation.split_once('_').map(|(_, rest)| format!("{to}_{rest}"));
        let to = same_rules
            .filter(|to| is_known(to, context))
            .or_else(|| super::charset::default_collation(to, context))
            .unwrap_or_else(|| format!("{to}_bin"));
        notes.change(
            NAME,
            format!("collation {to} instead of {collation}"),
            "the charset map says so",
        );
        return to;
    }
    if collation.is_empty() || is_known(collation, context) {
        return collation.to_owned();
    }
    if let Some(alias) = alias(collation).filter(|alias| is_known(alias, context)) {
        notes.change(
            NAME,
            format!("collation {alias} instead of {collation}"),
            "the target's name for the same",
        );
        return alias;
    }
    let Some(nearest) = nearest(collation, context) else {
        notes.refuse(
            NAME,
            format!("collation {collation}"),
            "the target does not know it, and nothing near it",
            format!("choose one: [policy.collation] {collation} = \"…\""),
        );
        return collation.to_owned();
    };
    notes.change(
        NAME,
        format!("collation {nearest} instead of {collation}"),
        "the target does not know it; this is the nearest, not the same: order, equality and trailing \
         blanks of some texts differ, which may matter to unique keys",
    );
    nearest
}

/// Whether the target has a collation; all are taken for known when none were gathered.
fn is_known(collation: &str, context: &Context<'_>) -> bool {
    context.target.collations.is_empty() || context.target.collations.contains_key(collation)
}

fn charset_of(collation: &str, context: &Context<'_>) -> Option<String> {
    let known = context.source.collations.get(collation);
    let known = known.or_else(|| context.target.collations.get(collation));
    known.cloned().or_else(|| collation.split('_').next().map(str::to_owned))
}

/// The other spelling of a `utf8mb3` collation.
fn alias(collation: &str) -> Option<String> {
    collation
        .strip_prefix("utf8_")
        .map(|rest| format!("utf8mb3_{rest}"))
        .or_else(|| collation.strip_prefix("utf8mb3_").map(|rest| format!("utf8_{rest}")))
}

/// The nearest collation of the same character set that the target has.
fn nearest(collation: &str, context: &Context<'_>) -> Option<String> {
    let (charset, rest) = collation.split_once('_')?;
    let charset = super::charset::mapped(charset, context);
    let is_utf8mb4 = charset == "utf8mb4";
    let exact_case = rest.ends_with("_cs") || rest.contains("_as") || rest.ends_with("bin");
    let mut candidates: Vec<String> = Vec::new();
    if rest.ends_with("bin") {
        if is_utf8mb4 && rest.contains("nopad") {
            candidates.push("utf8mb4_0900_bin".into());
        }
        candidates.push(format!("{charset}_bin"));
    }
    if is_utf8mb4 {
        if let Some(language) = language(rest) {
            let strength = if exact_case { "as_cs" } else { "ai_ci" };
            candidates.push(format!("utf8mb4_{language}_0900_{strength}"));
        }
        let strength = match (rest.contains("_as"), rest.ends_with("_cs")) {
            (true, false) => "as_ci",
            (_, true) => "as_cs",
            (false, false) => "ai_ci",
        };
        candidates.push(format!("utf8mb4_0900_{strength}"));
    }
    if exact_case {
        candidates.push(format!("{charset}_bin"));
    }
    let base = rest.replace("_nopad", "").replace("nopad_", "");
    candidates.push(format!("{charset}_{base}"));
    candidates.push(format!("{charset}_unicode_520_ci"));
    candidates.push(format!("{charset}_unicode_ci"));
    candidates.extend(super::charset::default_collation(&charset, context));
    candidates.into_iter().find(|candidate| is_known(candidate, context))
}

/// MySQL's code for the language of a UCA 14.0.0 collation of MariaDB
/// (<https://mariadb.com/kb/en/supported-character-sets-and-collations/>).
fn language(rest: &str) -> Option<&'static str> {
    let language = rest.strip_prefix("uca1400_").unwrap_or(rest).split('_').next()?;
    Some(match language {
        "croatian" => "hr",
        "czech" => "cs",
        "danish" => "da",
        "esperanto" => "eo",
        "estonian" => "et",
        "german2" => "de_pb",
        "hungarian" => "hu",
        "icelandic" => "is",
        "latvian" => "lv",
        "lithuanian" => "lt",
        "polish" => "pl",
        "roman" => "la",
        "romanian" => "ro",
        "slovak" => "sk",
        "slovenian" => "sl",
        "spanish" => "es",
        "spanish2" => "es_trad",
        "swedish" => "sv",
        "turkish" => "tr",
        "vietnamese" => "vi",
        _ => return None,
    })
}

//! Views, routines, triggers and events as facets.

use super::canonical;
use super::shape::{Facets, Shape};
use super::{Expected, Part, Servers};
use crate::catalog::{CreatedUnder, Trigger, View};
use crate::name::ObjectKind;
use crate::rewrite::dialect_of;
use crate::sql::stored::{StoredKind, StoredText};
use crate::sql::{Span, Sql, TokenKind};

/// Both sides of a routine, trigger or event.
pub(super) fn pair(
    expected: &Expected<'_>,
    found: &str,
    found_under: &CreatedUnder,
    servers: &Servers<'_>,
) -> (Shape, Shape) {
    let kind = expected.object.kind;
    let made_under = expected.made_under.clone().unwrap_or_default();
    let statements = expected.statements(kind);
    let script = statements.first().copied().unwrap_or_default();
    let mut wanted = read(kind, script, &made_under, servers);
    let mut actual = read(kind, found, found_under, servers);
    wanted.insert(Part::Settings, settings(&made_under));
    actual.insert(Part::Settings, settings(found_under));
    (wanted, actual)
}

/// Adds a trigger's place among others of its table.
pub(super) fn with_place(
    (mut wanted, mut actual): (Shape, Shape),
    source: &Trigger,
    found: &Trigger,
) -> (Shape, Shape) {
    let place = |trigger: &Trigger| {
        let Trigger { timing, event, action_order, .. } = trigger;
        let facets = [
            ("time", Some(format!("{timing} {event}").to_lowercase())),
            ("order", Some(action_order.to_string())),
        ];
        Facets::from(facets)
    };
    wanted.insert(Part::Options, place(source));
    actual.insert(Part::Options, place(found));
    (wanted, actual)
}

/// Both sides of a view. Its text is compared only between servers that print views alike; its columns
/// always.
pub(super) fn view_pair(
    expected: &Expected<'_>,
    source: &View,
    found: &View,
    servers: &Servers<'_>,
) -> (Shape, Shape) {
    let (mut wanted, mut actual) = pair(expected, &found.create_sql, &found.created_under, servers);
    if !servers.print_alike() {
        wanted.remove(&Part::Definition);
        actual.remove(&Part::Definition);
    }
    let columns = |view: &View| {
        let names = view.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>();
        Facets::from([("names", Some(names.join(", ")))])
    };
    if source.broken.is_none() {
        wanted.insert(Part::Columns, columns(source));
        actual.insert(Part::Columns, columns(found));
    }
    let broken =
        |view: &View| Facets::from([("broken", Some(view.broken.clone().unwrap_or_default()))]);
    if source.broken.is_none() {
        wanted.insert(Part::Options, broken(source));
        actual.insert(Part::Options, broken(found));
    }
    (wanted, actual)
}

fn read(kind: ObjectKind, text: &str, made_under: &CreatedUnder, servers: &Servers<'_>) -> Shape {
    let dialect = dialect_of(kind, made_under).read_by(servers.target.version);
    let sql = Sql::new(text.trim().trim_end_matches(';'), dialect);
    let facets = match StoredText::read(&sql) {
        Ok(stored) if stored.kind == StoredKind::View => view(&sql, &stored),
        Ok(stored) => program(&sql, &stored, servers),
        Err(_) => Facets::from([("text that cannot be read", Some(text.to_owned()))]),
    };
    Shape::from([(Part::Definition, facets)])
}

/// A view's text: of a column's name in three parts the schema does not count, which MySQL also puts
/// before aliases.
fn view(sql: &Sql, stored: &StoredText) -> Facets {
    let body = Span { start: stored.body, end: sql.text().len() };
    let mut words: Vec<String> = Vec::new();
    let mut cursor = sql.cursor_in(body);
    let is_dot = |word: Option<&String>| word.is_some_and(|word| word == ".");
    while let Some(token) = cursor.take() {
        let text = sql.token_text(token);
        let next_is_text = cursor.peek().is_some_and(|next| next.kind == TokenKind::Text);
        if token.kind == TokenKind::Word && text.starts_with('_') && next_is_text {
            continue;
        }
        let word = match token.kind {
            TokenKind::Word => text.to_lowercase(),
            TokenKind::Text => canonical::literal(text),
            TokenKind::QuotedName
            | TokenKind::Number
            | TokenKind::AtName
            | TokenKind::Mark
            | TokenKind::Unterminated
            | TokenKind::Whitespace
            | TokenKind::Comment
            | TokenKind::VersionOpen
            | TokenKind::VersionClose => text.to_owned(),
        };
        let count = words.len();
        if token.kind == TokenKind::QuotedName
            && count >= 4
            && is_dot(words.get(count - 1))
            && is_dot(words.get(count - 3))
        {
            words.drain(count - 4..count - 2);
        }
        words.push(word);
    }
    let security = stored.security.map_or_else(String::new, |span| sql.slice(span).to_lowercase());
    let security = if security.contains("invoker") { "invoker" } else { "definer" };
    Facets::from([("select", Some(words.join(" "))), ("security", Some(security.to_owned()))])
}

/// A program's text behind its name, without what the target decides: definer, state of an event, order of
/// a trigger (which has a facet of its own), and what servers print of their own accord.
fn program(sql: &Sql, stored: &StoredText, servers: &Servers<'_>) -> Facets {
    let left_out = |at: usize| {
        let spans = [stored.order, stored.status];
        spans.into_iter().flatten().any(|span| span.start <= at && at < span.end)
    };
    let start = stored.table.as_ref().map_or(stored.name.span.end, |table| table.span.end);
    let mut head = Vec::new();
    let mut cursor = sql.cursor_in(Span { start, end: sql.text().len() });
    while let Some(token) = cursor.peek() {
        if token.start >= stored.body {
            break;
        }
        if left_out(token.start) {
            cursor.take();
            continue;
        }
        head.extend(canonical::body(sql, &mut cursor, token.end));
    }
    let mut body = canonical::body(sql, &mut cursor, sql.text().len());
    if !servers.same_flavor() {
        // What a rewrite of quoting or of types leaves is still the same program.
        body.retain(|word| !word.starts_with('_'));
    }
    Facets::from([("head", Some(settled_head(head))), ("body", Some(body.join(" ")))])
}

/// Leaves out of a head what means nothing, or what the server adds to it.
fn settled_head(head: Vec<String>) -> String {
    let mut words: Vec<String> = Vec::with_capacity(head.len());
    let mut head = head.into_iter().peekable();
    while let Some(word) = head.next() {
        match word.as_str() {
            // The character set and collation of a returned text, which the server writes out.
            "charset" | "collate" => {
                head.next();
            }
            "character" if head.peek().is_some_and(|next| next == "set") => {
                head.next();
                head.next();
            }
            _ => words.push(word),
        }
    }
    let text = format!(" {} ", words.join(" "));
    let mut text = text.replace(" sql security definer ", " ").replace(" language sql ", " ");
    for noise in [" not deterministic ", " contains sql "] {
        text = text.replace(noise, " ");
    }
    without_widths(text.trim())
}

/// `int ( 11 )` is `int`.
fn without_widths(head: &str) -> String {
    let mut words: Vec<&str> = Vec::new();
    for word in head.split(' ') {
        words.push(word);
        let is_width = matches!(words.as_slice(), [.., kind, "(", width, ")"]
            if matches!(*kind, "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "year")
                && width.chars().all(|c| c.is_ascii_digit()));
        if is_width {
            words.truncate(words.len() - 3);
        }
    }
    words.join(" ")
}

/// `character_set_client` is not among them: it says only how the text was sent.
fn settings(made_under: &CreatedUnder) -> Facets {
    let CreatedUnder { sql_mode, charset_client: _, collation_connection, time_zone } = made_under;
    let mut modes = sql_mode.as_deref().unwrap_or_default().split(',').collect::<Vec<_>>();
    modes.sort_unstable();
    Facets::from([
        ("sql_mode", Some(modes.join(","))),
        ("collation_connection", Some(canonical::charset(collation_connection))),
        ("time_zone", Some(time_zone.clone().unwrap_or_default())),
    ])
}

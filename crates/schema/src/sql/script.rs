//! Splits a script into statements, as the `mysql` client does.

use super::lexer::{Dialect, Token, TokenKind, lex};

/// One statement of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement<'a> {
    /// Its text with the comments before and in it, without the delimiter and the blanks around it.
    pub text: &'a str,
    /// The line of the script it begins in, from 1; comments before it count.
    pub line: usize,
}

/// Splits a script at its delimiter: `;`, or what a `DELIMITER` line says.
///
/// Comments stay with the statement that follows them. What holds nothing but blanks and comments is
/// not a statement; a versioned comment (`/*!40101 SET … */`) is.
#[must_use]
pub fn split(script: &str, dialect: Dialect) -> Vec<Statement<'_>> {
    let mut statements = Vec::new();
    let mut delimiter = ";".to_owned();
    let mut start = 0;
    while start < script.len() {
        let rest = script.get(start..).unwrap_or("");
        let end = match next(rest, &delimiter, dialect) {
            Next::Delimiter { at } => at,
            Next::Command { at, end, delimiter: new } => {
                push(&mut statements, script, start, start + at, dialect);
                delimiter = new;
                start += end;
                continue;
            }
            Next::End => rest.len(),
        };
        push(&mut statements, script, start, start + end, dialect);
        start += end + delimiter.len();
    }
    statements
}

/// What ends the piece of script at hand.
enum Next {
    /// A delimiter at this offset.
    Delimiter { at: usize },
    /// A `DELIMITER` line from `at` to `end`.
    Command { at: usize, end: usize, delimiter: String },
    /// Nothing before the end.
    End,
}

fn next(rest: &str, delimiter: &str, dialect: Dialect) -> Next {
    let mut code_before = false;
    for token in lex(rest, dialect) {
        if !code_before && let Some(command) = delimiter_line(rest, token) {
            return command;
        }
        let whole = matches!(
            token.kind,
            TokenKind::Text | TokenKind::QuotedName | TokenKind::Comment | TokenKind::Unterminated
        );
        if !whole {
            // `END$$`, `1;;` or `@a;` may hide the delimiter inside of a token.
            let found = (token.start..token.end)
                .find(|&at| rest.get(at..).is_some_and(|text| text.starts_with(delimiter)));
            if let Some(at) = found {
                return Next::Delimiter { at };
            }
        }
        code_before |= !matches!(token.kind, TokenKind::Whitespace | TokenKind::Comment);
    }
    Next::End
}

/// A `DELIMITER` command: the word, then the new delimiter up to a blank or the line's end.
fn delimiter_line(rest: &str, token: Token) -> Option<Next> {
    let word = rest.get(token.start..token.end)?;
    if token.kind != TokenKind::Word || !word.eq_ignore_ascii_case("delimiter") {
        return None;
    }
    let after = rest.get(token.end..)?;
    let line_end = after.find('\n').unwrap_or(after.len());
    let delimiter = after.get(..line_end)?.split_ascii_whitespace().next()?.to_owned();
    Some(Next::Command { at: token.start, end: token.end + line_end, delimiter })
}

fn push<'a>(
    statements: &mut Vec<Statement<'a>>,
    script: &'a str,
    start: usize,
    end: usize,
    dialect: Dialect,
) {
    let Some(piece) = script.get(start..end) else { return };
    let is_code = |token: &Token| {
        !matches!(token.kind, TokenKind::Whitespace | TokenKind::Comment | TokenKind::VersionClose)
    };
    if !lex(piece, dialect).iter().any(is_code) {
        return;
    }
    let lead = piece.len() - piece.trim_start().len();
    let before = script.get(..start + lead).unwrap_or("");
    let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
    statements.push(Statement { text: piece.trim(), line });
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(script: &str, expected: &[(usize, &str)]) {
        let found: Vec<_> = split(script, Dialect::default())
            .into_iter()
            .map(|statement| (statement.line, statement.text))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn statements_end_at_their_delimiter_only() {
        check(
            "-- sealift: x; y\nCREATE TABLE a (b int DEFAULT ';'); # ;\n\nSELECT `;`/* ; */;\n-- end\n",
            &[
                (1, "-- sealift: x; y\nCREATE TABLE a (b int DEFAULT ';')"),
                (2, "# ;\n\nSELECT `;`/* ; */"),
            ],
        );
        check("SELECT 1", &[(1, "SELECT 1")]);
        check(" ;; \n;", &[]);
        check("/*!40101 SET x = 1 */;\n", &[(1, "/*!40101 SET x = 1 */")]);
    }

    #[test]
    fn a_delimiter_line_changes_the_delimiter() {
        check(
            "USE `a`;\nDELIMITER $$\nCREATE PROCEDURE p() BEGIN SELECT 1; END$$\n-- c\ndelimiter ;\nSELECT 2;",
            &[(1, "USE `a`"), (3, "CREATE PROCEDURE p() BEGIN SELECT 1; END"), (6, "SELECT 2")],
        );
        check(
            "DELIMITER ;;\nCREATE EVENT e DO BEGIN SELECT 1; END ;;\nDELIMITER ;\n",
            &[(2, "CREATE EVENT e DO BEGIN SELECT 1; END")],
        );
        check("DELIMITER //\nSELECT 4 / 2 // SELECT 1//", &[(2, "SELECT 4 / 2"), (2, "SELECT 1")]);
    }

    #[test]
    fn a_column_named_delimiter_is_no_command() {
        check("SELECT a\ndelimiter FROM b;", &[(1, "SELECT a\ndelimiter FROM b")]);
    }

    proptest! {
        #[test]
        fn any_script_is_split_without_panic(text in r#"([ -~\n]|é|DELIMITER |\$\$|;|'|/\*!?){0,60}"#) {
            for statement in split(&text, Dialect::default()) {
                prop_assert!(text.contains(statement.text));
            }
        }
    }
}

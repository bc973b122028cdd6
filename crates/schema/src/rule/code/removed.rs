//! Functions and forms that went away between the source's version and the target's fail when they are reached.

use crate::facts::ServerVersion;
use crate::name::ObjectId;
use crate::rule::case::{Case, Code};
use crate::rule::check::{Check, Found, Level, Mode, Verdict};
use crate::sql::{Sql, Token, TokenKind};
use std::collections::BTreeSet;

pub(super) const CHECK: Check = Check {
    id: "removed-syntax",
    title: "Functions and forms that are gone",
    mode: Mode::All,
    worst: Level::Blocks,
    sql: "SELECT routine_schema, routine_name FROM information_schema.routines WHERE routine_definition REGEXP \
         'PASSWORD\\\\(|ENCRYPT\\\\(|ENCODE\\\\(|DECODE\\\\(|DES_|GLENGTH|SQL_CACHE|WAIT_UNTIL_SQL_THREAD_AFTER_GTIDS'",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.0/en/mysql-nutshell.html",
    judge,
};

/// `X()` and `Y()` are too short to be told from columns. What, since which version it is gone, what to write instead.
const GONE: [(&str, Form, (u16, u16), &str); 70] = [
    ("PASSWORD", Form::Function, (8, 0), "SHA2(), and ALTER USER for accounts"),
    ("OLD_PASSWORD", Form::Function, (5, 7), "SHA2()"),
    ("ENCRYPT", Form::Function, (8, 0), "SHA2()"),
    ("ENCODE", Form::Function, (8, 0), "AES_ENCRYPT()"),
    ("DECODE", Form::Function, (8, 0), "AES_DECRYPT()"),
    ("DES_ENCRYPT", Form::Function, (8, 0), "AES_ENCRYPT()"),
    ("DES_DECRYPT", Form::Function, (8, 0), "AES_DECRYPT()"),
    ("AREA", Form::Function, (8, 0), "ST_Area()"),
    ("ASBINARY", Form::Function, (8, 0), "ST_AsBinary()"),
    ("ASTEXT", Form::Function, (8, 0), "ST_AsText()"),
    ("ASWKB", Form::Function, (8, 0), "ST_AsBinary()"),
    ("ASWKT", Form::Function, (8, 0), "ST_AsText()"),
    ("BUFFER", Form::Function, (8, 0), "ST_Buffer()"),
    ("CENTROID", Form::Function, (8, 0), "ST_Centroid()"),
    ("CONTAINS", Form::Function, (8, 0), "MBRContains()"),
    ("CONVEXHULL", Form::Function, (8, 0), "ST_ConvexHull()"),
    ("CROSSES", Form::Function, (8, 0), "ST_Crosses()"),
    ("DISTANCE", Form::Function, (8, 0), "ST_Distance()"),
    ("ENDPOINT", Form::Function, (8, 0), "ST_EndPoint()"),
    ("ENVELOPE", Form::Function, (8, 0), "ST_Envelope()"),
    ("GEOMFROMTEXT", Form::Function, (8, 0), "ST_GeomFromText()"),
    ("GEOMFROMWKB", Form::Function, (8, 0), "ST_GeomFromWKB()"),
    ("GEOMETRYTYPE", Form::Function, (8, 0), "ST_GeometryType()"),
    ("GLENGTH", Form::Function, (8, 0), "ST_Length()"),
    ("NUMPOINTS", Form::Function, (8, 0), "ST_NumPoints()"),
    ("POINTFROMTEXT", Form::Function, (8, 0), "ST_PointFromText()"),
    ("SRID", Form::Function, (8, 0), "ST_SRID()"),
    ("STARTPOINT", Form::Function, (8, 0), "ST_StartPoint()"),
    ("TOUCHES", Form::Function, (8, 0), "ST_Touches()"),
    ("DIMENSION", Form::Function, (8, 0), "ST_Dimension()"),
    ("DISJOINT", Form::Function, (8, 0), "MBRDisjoint()"),
    ("EQUALS", Form::Function, (8, 0), "MBREquals()"),
    ("EXTERIORRING", Form::Function, (8, 0), "ST_ExteriorRing()"),
    ("GEOMCOLLFROMTEXT", Form::Function, (8, 0), "ST_GeomCollFromText()"),
    ("GEOMCOLLFROMWKB", Form::Function, (8, 0), "ST_GeomCollFromWKB()"),
    ("GEOMETRYCOLLECTIONFROMTEXT", Form::Function, (8, 0), "ST_GeomCollFromText()"),
    ("GEOMETRYCOLLECTIONFROMWKB", Form::Function, (8, 0), "ST_GeomCollFromWKB()"),
    ("GEOMETRYFROMTEXT", Form::Function, (8, 0), "ST_GeomFromText()"),
    ("GEOMETRYFROMWKB", Form::Function, (8, 0), "ST_GeomFromWKB()"),
    ("GEOMETRYN", Form::Function, (8, 0), "ST_GeometryN()"),
    ("INTERIORRINGN", Form::Function, (8, 0), "ST_InteriorRingN()"),
    ("INTERSECTS", Form::Function, (8, 0), "MBRIntersects()"),
    ("ISCLOSED", Form::Function, (8, 0), "ST_IsClosed()"),
    ("ISEMPTY", Form::Function, (8, 0), "ST_IsEmpty()"),
    ("ISSIMPLE", Form::Function, (8, 0), "ST_IsSimple()"),
    ("LINEFROMTEXT", Form::Function, (8, 0), "ST_LineFromText()"),
    ("LINEFROMWKB", Form::Function, (8, 0), "ST_LineFromWKB()"),
    ("LINESTRINGFROMTEXT", Form::Function, (8, 0), "ST_LineFromText()"),
    ("LINESTRINGFROMWKB", Form::Function, (8, 0), "ST_LineFromWKB()"),
    ("MBREQUAL", Form::Function, (8, 0), "MBREquals()"),
    ("MLINEFROMTEXT", Form::Function, (8, 0), "ST_MLineFromText()"),
    ("MLINEFROMWKB", Form::Function, (8, 0), "ST_MLineFromWKB()"),
    ("MPOINTFROMTEXT", Form::Function, (8, 0), "ST_MPointFromText()"),
    ("MPOINTFROMWKB", Form::Function, (8, 0), "ST_MPointFromWKB()"),
    ("MPOLYFROMTEXT", Form::Function, (8, 0), "ST_MPolyFromText()"),
    ("MPOLYFROMWKB", Form::Function, (8, 0), "ST_MPolyFromWKB()"),
    ("NUMGEOMETRIES", Form::Function, (8, 0), "ST_NumGeometries()"),
    ("NUMINTERIORRINGS", Form::Function, (8, 0), "ST_NumInteriorRings()"),
    ("OVERLAPS", Form::Function, (8, 0), "MBROverlaps()"),
    ("POINTFROMWKB", Form::Function, (8, 0), "ST_PointFromWKB()"),
    ("POINTN", Form::Function, (8, 0), "ST_PointN()"),
    ("POLYFROMTEXT", Form::Function, (8, 0), "ST_PolyFromText()"),
    ("POLYFROMWKB", Form::Function, (8, 0), "ST_PolyFromWKB()"),
    ("POLYGONFROMTEXT", Form::Function, (8, 0), "ST_PolyFromText()"),
    ("POLYGONFROMWKB", Form::Function, (8, 0), "ST_PolyFromWKB()"),
    ("WITHIN", Form::Function, (8, 0), "MBRWithin()"),
    ("JSON_APPEND", Form::Function, (8, 0), "JSON_ARRAY_APPEND()"),
    ("SQL_CACHE", Form::Word, (8, 0), "nothing: there is no query cache"),
    ("WAIT_UNTIL_SQL_THREAD_AFTER_GTIDS", Form::Function, (8, 4), "WAIT_FOR_EXECUTED_GTID_SET()"),
    ("MASTER_POS_WAIT", Form::Function, (8, 4), "SOURCE_POS_WAIT()"),
];

/// Statements the target's parser no longer knows, since which version, and what to write instead
/// (<https://dev.mysql.com/doc/refman/8.4/en/mysql-nutshell.html>).
const GONE_STATEMENTS: [([&str; 2], (u16, u16), &str); 13] = [
    (["PROCEDURE", "ANALYSE"], (8, 0), "nothing: there is no such analysis"),
    (["FLUSH", "QUERY"], (8, 0), "nothing: there is no query cache"),
    (["RESET", "QUERY"], (8, 0), "nothing: there is no query cache"),
    (["CHANGE", "MASTER"], (8, 4), "CHANGE REPLICATION SOURCE"),
    (["PURGE", "MASTER"], (8, 4), "PURGE BINARY LOGS"),
    (["RESET", "MASTER"], (8, 4), "RESET BINARY LOGS AND GTIDS"),
    (["SHOW", "MASTER"], (8, 4), "SHOW BINARY LOG STATUS, SHOW BINARY LOGS"),
    (["RESET", "SLAVE"], (8, 4), "RESET REPLICA"),
    (["SHOW", "SLAVE"], (8, 4), "SHOW REPLICA STATUS, SHOW REPLICAS"),
    (["START", "SLAVE"], (8, 4), "START REPLICA"),
    (["STOP", "SLAVE"], (8, 4), "STOP REPLICA"),
    (["FLUSH", "HOSTS"], (8, 4), "TRUNCATE TABLE performance_schema.host_cache"),
    (["FLUSH", "DES_KEY_FILE"], (8, 0), "nothing: there is no DES_ENCRYPT()"),
];

/// How a word is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Before a bracket.
    Function,
    /// Anywhere in code.
    Word,
}

fn judge(case: &Case<'_>) -> Verdict {
    let (major, minor, _) = case.target.version().number;
    let own: BTreeSet<String> =
        case.catalog.routines.keys().map(|(_, name)| name.name.to_uppercase()).collect();
    let mut found = Vec::new();
    for Code { object, sql } in case.code() {
        let tokens: Vec<_> = sql.tokens().iter().filter(|token| token.is_code()).collect();
        for (at, token) in tokens.iter().enumerate() {
            if token.kind != TokenKind::Word {
                continue;
            }
            let word = sql.token_text(**token).to_uppercase();
            let opens = tokens.get(at + 1).is_some_and(|next| sql.token_text(**next) == "(");
            let qualified = at
                .checked_sub(1)
                .and_then(|before| tokens.get(before))
                .is_some_and(|before| sql.token_text(**before) == ".");
            let gone = GONE.iter().find(|(name, form, since, _)| {
                let is_it = match form {
                    Form::Function => opens && !qualified,
                    Form::Word => true,
                };
                *name == word && is_it && (major, minor) >= *since
            });
            // A stored function of the same name is what the source calls where it has no such built-in.
            if let Some((name, _, _, instead)) = gone.filter(|_| !own.contains(&word)) {
                let line =
                    sql.text().get(..token.start).unwrap_or_default().matches('\n').count() + 1;
                let what = format!(
                    "line {line}: {name} is gone from {}; write {instead}",
                    case.target.version()
                );
                found.push(
                    Found::warns(&object, what)
                        .advise("change the program on the source, or its script in the plan"),
                );
            }
        }
        found.extend(removed_statements(&object, &sql, case.target.version()));
        let is_ordered = removed_order(&sql);
        if is_ordered && (major, minor) >= (8, 0) {
            let what =
                "GROUP BY … ASC or DESC is gone from MySQL 8.0: the target cannot read the program";
            found.push(
                Found::blocks(&object, what)
                    .advise("write ORDER BY, on the source or in its script in the plan"),
            );
        }
    }
    Ok(found)
}

/// Statements that are gone, each once.
fn removed_statements(object: &ObjectId, sql: &Sql, target: ServerVersion) -> Vec<Found> {
    let (major, minor, _) = target.number;
    let tokens: Vec<&Token> = sql.tokens().iter().filter(|token| token.is_code()).collect();
    let word = |token: &Token| {
        let is_word = token.kind == TokenKind::Word;
        if is_word { sql.token_text(*token).to_uppercase() } else { String::new() }
    };
    let of = |(words, since, instead): &([&str; 2], (u16, u16), &str)| {
        let is_it =
            |pair: &[&Token]| pair.iter().map(|token| word(token)).eq(words.iter().copied());
        let is_there = (major, minor) >= *since && tokens.windows(2).any(is_it);
        is_there.then(|| {
            let what = format!(
                "{} is gone from {target}, which cannot read the program; write {instead}",
                words.join(" ")
            );
            Found::blocks(object, what).advise("change it on the source, or its script in the plan")
        })
    };
    GONE_STATEMENTS.iter().filter_map(of).collect()
}

/// Whether a `GROUP BY` has a direction of its own before `HAVING`, `ORDER` or the end of the query.
fn removed_order(sql: &Sql) -> bool {
    let words: Vec<String> = sql
        .tokens()
        .iter()
        .filter(|token| token.is_code())
        .map(|token| sql.token_text(*token).to_uppercase())
        .collect();
    let starts = words.windows(2).enumerate().filter(|(_, pair)| *pair == ["GROUP", "BY"]);
    starts.into_iter().any(|(at, _)| {
        let mut depth = 0_usize;
        for word in words.iter().skip(at + 2) {
            match word.as_str() {
                "(" => depth += 1,
                ")" if depth == 0 => return false,
                ")" => depth -= 1,
                "HAVING" | "ORDER" | "LIMIT" | ";" | "UNION" | "WITH" | "INTO" | "DO" | "LOOP"
                    if depth == 0 =>
                {
                    return false;
                }
                "ASC" | "DESC" if depth == 0 => return true,
                _ => {}
            }
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;

    #[test]
    fn what_is_gone_is_found_by_its_form() {
        for (body, told) in [
            ("SELECT PASSWORD('x')", "1 warns"),
            ("SELECT password FROM account", ""),
            ("SELECT SQL_CACHE a FROM t", "1 warns"),
            ("SELECT 'ENCRYPT(1)'", ""),
            ("SELECT a FROM t GROUP BY a DESC", "1 blocks"),
            ("SELECT a FROM t GROUP BY a ORDER BY a DESC", ""),
            (
                "SELECT GROUP_CONCAT(a ORDER BY a DESC) FROM t GROUP BY f(b, 1) HAVING a > 1 ORDER BY 1 ASC",
                "",
            ),
            ("SELECT shop.AREA(1)", ""),
            ("SELECT Within(a, b), JSON_APPEND(j, '$', 1) FROM t", "2 warns"),
            ("SHOW SLAVE STATUS", "1 blocks"),
            ("RESET QUERY CACHE", "1 blocks"),
            ("SELECT 'SHOW SLAVE STATUS', slave FROM t", ""),
            ("SELECT WAIT_UNTIL_SQL_THREAD_AFTER_GTIDS('a:1')", "1 warns"),
        ] {
            assert_eq!(Bench::from("5.7.44").procedure(body).levels(&CHECK), told, "{body}");
        }
        let old = Bench::from("5.7.44").to("azure-8.0").procedure("SELECT MASTER_POS_WAIT('a', 1)");
        assert_eq!(old.levels(&CHECK), "");
        let old = Bench::from("5.7.44").to("azure-8.0").procedure("STOP SLAVE");
        assert_eq!(old.levels(&CHECK), "", "8.0 still reads it");
    }
}

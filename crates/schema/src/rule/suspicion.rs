//! What may be wrong with the values of a column, each as a condition a server can count rows by.

use crate::column::{Column, ColumnType};
use crate::name::quote;

/// What a column's values may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspicion {
    /// The column.
    pub column: String,
    /// What may be wrong.
    pub wrong: Wrong,
    /// The condition that bears it out.
    pub condition: String,
}

/// What may be wrong with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// A date no calendar has: `0000-00-00`, a month or day of 0, 31 February.
    ImpossibleDate,
    /// An `ENUM` that holds none of its members.
    NoMember,
    /// Bytes that are no text in the column's own character set.
    BrokenText,
    /// Bytes of a one-byte character set that read as UTF-8, with at least one character beyond ASCII.
    OtherText,
    /// More characters than the column takes.
    TooLong,
}

/// Character sets in which some sequences of bytes are no text: those of several bytes a character. MySQL takes any
/// byte for ASCII
/// (<https://dev.mysql.com/doc/refman/8.4/en/charset-charsets.html>).
const STRICT_CHARSETS: [&str; 16] = [
    "utf8mb4", "utf8mb3", "utf8", "big5", "cp932", "eucjpms", "euckr", "gb18030", "gb2312", "gbk",
    "sjis", "ucs2", "ujis", "utf16", "utf16le", "utf32",
];

/// Everything that may be wrong with a column; nothing of one that is computed.
#[must_use]
pub fn suspicions(column: &Column) -> Vec<Suspicion> {
    if !column.is_written() {
        return Vec::new();
    }
    match column.kind {
        ColumnType::Date | ColumnType::DateTime | ColumnType::Timestamp => {
            vec![impossible_date(column)]
        }
        ColumnType::Enum => vec![no_member(column)],
        ColumnType::Char | ColumnType::VarChar | ColumnType::Text => of_text(column),
        ColumnType::TinyInt
        | ColumnType::SmallInt
        | ColumnType::MediumInt
        | ColumnType::Int
        | ColumnType::BigInt
        | ColumnType::Decimal
        | ColumnType::Float
        | ColumnType::Double
        | ColumnType::Bit
        | ColumnType::Year
        | ColumnType::Time
        | ColumnType::Binary
        | ColumnType::VarBinary
        | ColumnType::Blob
        | ColumnType::Set
        | ColumnType::Json
        | ColumnType::Geometry
        | ColumnType::Vector
        | ColumnType::Uuid
        | ColumnType::Inet
        | ColumnType::Unknown => Vec::new(),
    }
}

fn suspicion(column: &Column, wrong: Wrong, condition: String) -> Suspicion {
    Suspicion { column: column.name.clone(), wrong, condition }
}

fn impossible_date(column: &Column) -> Suspicion {
    let name = quote(&column.name);
    let condition = format!(
        "(MONTH({name}) = 0 OR DAYOFMONTH({name}) = 0 OR DAYOFMONTH({name}) > \
         DAYOFMONTH(LAST_DAY(CONCAT_WS('-', YEAR({name}), MONTH({name}), 1))))"
    );
    suspicion(column, Wrong::ImpossibleDate, condition)
}

fn no_member(column: &Column) -> Suspicion {
    suspicion(column, Wrong::NoMember, format!("({} + 0 = 0)", quote(&column.name)))
}

/// Text is looked at by its bytes: read as text of a character set, they must be the same bytes again. Where they
/// are no text, MySQL answers NULL and MariaDB question marks.
fn of_text(column: &Column) -> Vec<Suspicion> {
    let Some(charset) = column.charset.as_deref().filter(|charset| is_word(charset)) else {
        return Vec::new();
    };
    let name = quote(&column.name);
    let bytes = format!("CAST({name} AS BINARY)");
    let again = |charset: &str| format!("CAST(CONVERT({bytes} USING {charset}) AS BINARY)");
    if charset == "binary" {
        return Vec::new();
    }
    if !STRICT_CHARSETS.contains(&charset) {
        let condition = format!(
            "(CHAR_LENGTH(CONVERT({bytes} USING utf8mb4)) < LENGTH({name}) AND {} = {bytes})",
            again("utf8mb4")
        );
        return vec![suspicion(column, Wrong::OtherText, condition)];
    }
    let condition = format!("(NOT ({} <=> {bytes}))", again(charset));
    let mut all = vec![suspicion(column, Wrong::BrokenText, condition)];
    if let Some(most) = characters_max(column) {
        let condition = format!("(CHAR_LENGTH({name}) > {most})");
        all.push(suspicion(column, Wrong::TooLong, condition));
    }
    all
}

/// Names of character sets are words; anything else is not put into a statement.
fn is_word(charset: &str) -> bool {
    !charset.is_empty() && charset.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// `10` of `varchar(10)`; `None` of types that are limited by bytes.
fn characters_max(column: &Column) -> Option<u32> {
    if !matches!(column.kind, ColumnType::Char | ColumnType::VarChar) {
        return None;
    }
    let (_, rest) = column.type_text.split_once('(')?;
    rest.split_once(')')?.0.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::bench;

    fn of(type_text: &str, charset: &str) -> Vec<(Wrong, String)> {
        let mut column = bench::column("c", type_text);
        column.charset = (!charset.is_empty()).then(|| charset.to_owned());
        suspicions(&column).into_iter().map(|one| (one.wrong, one.condition)).collect()
    }

    #[test]
    fn each_kind_of_column_is_suspected_of_what_it_can_be() {
        let wrongs = |type_text: &str, charset: &str| -> Vec<Wrong> {
            of(type_text, charset).into_iter().map(|(wrong, _)| wrong).collect()
        };
        assert_eq!(wrongs("date", ""), [Wrong::ImpossibleDate]);
        assert_eq!(wrongs("enum('a')", "latin1"), [Wrong::NoMember]);
        assert_eq!(wrongs("varchar(9)", "latin1"), [Wrong::OtherText]);
        assert_eq!(wrongs("varchar(9)", "utf8mb3"), [Wrong::BrokenText, Wrong::TooLong]);
        assert_eq!(wrongs("text", "ascii"), [Wrong::OtherText]);
        for (other, charset) in [("int", ""), ("blob", ""), ("json", ""), ("varchar(9)", "")] {
            assert_eq!(wrongs(other, charset), [], "{other}");
        }
        assert_eq!(wrongs("varchar(9)", "a'b"), [], "no word of ours");
    }

    #[test]
    fn what_the_server_computes_itself_is_not_suspected() {
        let mut column = bench::column("c", "date");
        column.generated = Some((crate::column::Generation::Stored, "a".into()));
        assert_eq!(suspicions(&column), []);
    }

    #[test]
    fn the_length_is_the_declared_one() {
        assert_eq!(of("varchar(255)", "utf8mb4")[1].1, "(CHAR_LENGTH(`c`) > 255)");
        assert_eq!(of("char(1)", "gbk")[1].1, "(CHAR_LENGTH(`c`) > 1)");
    }
}

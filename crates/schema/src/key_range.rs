//! Ranges of a table's row key, as SQL that compares exactly and lets the index be used.
//!
//! Boundaries always come from the server and go back to it as literals in the column's own character set
//! and collation, so nobody here ever compares two keys.

use crate::catalog::{Key, KeyPart, Table};
use crate::column::{Column, ColumnType};
use crate::name::quote;

/// The key that identifies a table's rows, ready to be written into conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowKey {
    /// The index's unquoted name, e.g. `PRIMARY`.
    pub index: String,
    columns: Vec<KeyColumn>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct KeyColumn {
    name: String,
    kind: ColumnType,
    charset: Option<String>,
    collation: Option<String>,
    descending: bool,
}

/// A place in key order: one SQL literal per key column, or for the first of them only. With fewer, the
/// place lies behind all rows that begin with these values.
pub type KeyPlace = Vec<String>;

impl RowKey {
    /// The row key of a table, if it has one ([`Table::row_key`]).
    #[must_use]
    pub fn of(table: &Table) -> Option<Self> {
        let key: &Key = table.row_key()?;
        let columns = key
            .parts
            .iter()
            .map(|part| match part {
                KeyPart::Column { name, descending, .. } => {
                    table.column(name).map(|column| KeyColumn::new(column, *descending))
                }
                KeyPart::Expression { .. } => None,
            })
            .collect::<Option<Vec<_>>>()?;
        Some(Self { index: key.name.clone(), columns })
    }

    /// How many columns the key has.
    #[must_use]
    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// Unquoted names of the key's columns, in key order.
    pub fn column_names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// The select list whose values, read as text in their own bytes (`character_set_results = NULL`),
    /// [`RowKey::place`] turns into literals.
    #[must_use]
    pub fn select_list(&self) -> String {
        let values: Vec<String> = self.columns.iter().map(KeyColumn::value).collect();
        values.join(",")
    }

    /// `ORDER BY` list in the index's own order.
    #[must_use]
    pub fn order_by(&self) -> String {
        self.ordered("", " DESC")
    }

    /// `ORDER BY` list in the opposite of the index's order.
    #[must_use]
    pub fn order_by_reverse(&self) -> String {
        self.ordered(" DESC", "")
    }

    fn ordered(&self, ascending: &str, descending: &str) -> String {
        let parts: Vec<String> = self
            .columns
            .iter()
            .map(|c| {
                format!("{}{}", quote(&c.name), if c.descending { descending } else { ascending })
            })
            .collect();
        parts.join(",")
    }

    /// Turns one row of [`RowKey::select_list`] values into a place; `None` when a value is NULL or
    /// their number is wrong, neither of which a row key allows.
    #[must_use]
    pub fn place(&self, values: &[Option<&[u8]>]) -> Option<KeyPlace> {
        if values.len() != self.columns.len() {
            return None;
        }
        self.columns.iter().zip(values).map(|(column, value)| column.literal((*value)?)).collect()
    }

    /// The single integer column this key consists of, if it is one in ascending order: such keys can be
    /// cut by arithmetic.
    #[must_use]
    pub fn integer_column(&self) -> Option<&str> {
        match self.columns.as_slice() {
            [only] if only.kind.is_integer() && !only.descending => Some(&only.name),
            _ => None,
        }
    }

    /// The key's first column and whether it descends, if it is an integer: ranges of it can be cut by
    /// arithmetic.
    #[must_use]
    pub fn leading_integer(&self) -> Option<(&str, bool)> {
        let first = self.columns.first()?;
        first.kind.is_integer().then_some((first.name.as_str(), first.descending))
    }

    /// The condition "behind this place in key order".
    #[must_use]
    pub fn after(&self, place: &[String]) -> String {
        self.compare(place, Bound::After)
    }

    /// The condition "at or before this place in key order": the opposite of [`RowKey::after`].
    #[must_use]
    pub fn up_to(&self, place: &[String]) -> String {
        self.compare(place, Bound::UpTo)
    }

    /// The condition "exactly at this place", as the index's collations see it.
    #[must_use]
    pub fn at(&self, place: &[String]) -> String {
        let parts: Vec<String> = self
            .columns
            .iter()
            .zip(place)
            .map(|(column, literal)| format!("{}={literal}", quote(&column.name)))
            .collect();
        parts.join(" AND ")
    }

    /// The condition of a range: behind `after`, at or before `up_to`; open where there is none.
    #[must_use]
    pub fn between(&self, after: Option<&[String]>, up_to: Option<&[String]>) -> String {
        match (after, up_to) {
            (Some(after), Some(up_to)) => {
                format!("{} AND {}", self.after(after), self.up_to(up_to))
            }
            (Some(after), None) => self.after(after),
            (None, Some(up_to)) => self.up_to(up_to),
            (None, None) => "TRUE".to_owned(),
        }
    }

    /// `(a > 1) OR (a = 1 AND b > 2)`: MySQL's range access takes this form over a composite index,
    /// and not the row form `(a, b) > (1, 2)`
    /// (<https://dev.mysql.com/doc/refman/9.7/en/range-optimization.html>).
    fn compare(&self, place: &[String], bound: Bound) -> String {
        let last = self.columns.len().min(place.len()).saturating_sub(1);
        let mut equal = String::new();
        let mut cases = Vec::new();
        for (index, (column, literal)) in self.columns.iter().zip(place).enumerate() {
            let name = quote(&column.name);
            let operator = bound.operator(column.descending, index == last);
            cases.push(format!("({equal}{name}{operator}{literal})"));
            equal.push_str(&format!("{name}={literal} AND "));
        }
        format!("({})", cases.join(" OR "))
    }
}

#[derive(Clone, Copy)]
enum Bound {
    After,
    UpTo,
}

impl Bound {
    fn operator(self, descending: bool, last: bool) -> &'static str {
        match (self, descending, last) {
            (Self::After, false, _) | (Self::UpTo, true, false) => ">",
            (Self::After, true, _) | (Self::UpTo, false, false) => "<",
            (Self::UpTo, false, true) => "<=",
            (Self::UpTo, true, true) => ">=",
        }
    }
}

impl KeyColumn {
    fn new(column: &Column, descending: bool) -> Self {
        Self {
            name: column.name.clone(),
            kind: column.kind,
            charset: column.charset.clone(),
            collation: column.collation.clone(),
            descending,
        }
    }

    fn value(&self) -> String {
        let name = quote(&self.name);
        match self.kind {
            // By number: their order is that of the number, and '' is ambiguous.
            ColumnType::Bit | ColumnType::Enum | ColumnType::Set => {
                format!("CAST({name} AS UNSIGNED)")
            }
            ColumnType::Uuid | ColumnType::Inet => format!("CAST({name} AS CHAR)"),
            ColumnType::TinyInt
            | ColumnType::SmallInt
            | ColumnType::MediumInt
            | ColumnType::Int
            | ColumnType::BigInt
            | ColumnType::Decimal
            | ColumnType::Float
            | ColumnType::Double
            | ColumnType::Year
            | ColumnType::Date
            | ColumnType::Time
            | ColumnType::DateTime
            | ColumnType::Timestamp
            | ColumnType::Char
            | ColumnType::VarChar
            | ColumnType::Text
            | ColumnType::Binary
            | ColumnType::VarBinary
            | ColumnType::Blob
            | ColumnType::Json
            | ColumnType::Geometry
            | ColumnType::Vector
            | ColumnType::Unknown => name,
        }
    }

    fn literal(&self, value: &[u8]) -> Option<String> {
        let text = || std::str::from_utf8(value).ok().map(ToOwned::to_owned);
        match self.kind {
            ColumnType::TinyInt
            | ColumnType::SmallInt
            | ColumnType::MediumInt
            | ColumnType::Int
            | ColumnType::BigInt
            | ColumnType::Decimal
            | ColumnType::Bit
            | ColumnType::Enum
            | ColumnType::Set => text().filter(|text| is_number(text)),
            // YEAR too: the number 0 would mean 2000, the text '0000' does not.
            ColumnType::Year
            | ColumnType::Date
            | ColumnType::Time
            | ColumnType::DateTime
            | ColumnType::Timestamp
            | ColumnType::Uuid
            | ColumnType::Inet => {
                text().filter(|text| is_plain(text)).map(|text| format!("'{text}'"))
            }
            ColumnType::Char | ColumnType::VarChar | ColumnType::Text => {
                let (charset, collation) = (self.charset.as_deref()?, self.collation.as_deref()?);
                // MySQL before 8.0 and MariaDB know utf8mb3 as an introducer only by its old name.
                let introducer = if charset == "utf8mb3" { "utf8" } else { charset };
                Some(format!("_{introducer} x'{}' COLLATE {collation}", hex(value)))
            }
            ColumnType::Binary | ColumnType::VarBinary | ColumnType::Blob => {
                Some(format!("x'{}'", hex(value)))
            }
            ColumnType::Float
            | ColumnType::Double
            | ColumnType::Json
            | ColumnType::Geometry
            | ColumnType::Vector
            | ColumnType::Unknown => None,
        }
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'.'))
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b':' | b'.' | b' '))
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|nibble| DIGITS.get(usize::from(nibble)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(columns: &[(&str, ColumnType, bool)]) -> RowKey {
        RowKey {
            index: "PRIMARY".into(),
            columns: columns
                .iter()
                .map(|(name, kind, descending)| KeyColumn {
                    name: (*name).into(),
                    kind: *kind,
                    charset: Some("gbk".into()),
                    collation: Some("gbk_chinese_ci".into()),
                    descending: *descending,
                })
                .collect(),
        }
    }

    fn place(key: &RowKey, values: &[&[u8]]) -> KeyPlace {
        let values: Vec<Option<&[u8]>> = values.iter().map(|value| Some(*value)).collect();
        key.place(&values).unwrap()
    }

    #[test]
    fn a_composite_key_is_compared_case_by_case() {
        let key = key(&[("a", ColumnType::Int, false), ("b", ColumnType::BigInt, false)]);
        let place = place(&key, &[b"1", b"-2"]);
        assert_eq!(key.after(&place), "((`a`>1) OR (`a`=1 AND `b`>-2))");
        assert_eq!(key.up_to(&place), "((`a`<1) OR (`a`=1 AND `b`<=-2))");
    }

    #[test]
    fn a_place_with_fewer_columns_lies_behind_all_that_begin_with_them() {
        let key = key(&[("a", ColumnType::Int, false), ("b", ColumnType::BigInt, true)]);
        let place = vec!["7".to_owned()];
        assert_eq!(key.after(&place), "((`a`>7))");
        assert_eq!(key.up_to(&place), "((`a`<=7))");
    }

    #[test]
    fn a_descending_part_turns_its_comparison_round() {
        let key = key(&[("a", ColumnType::Int, false), ("b", ColumnType::Int, true)]);
        let place = place(&key, &[b"1", b"2"]);
        assert_eq!(key.order_by(), "`a`,`b` DESC");
        assert_eq!(key.after(&place), "((`a`>1) OR (`a`=1 AND `b`<2))");
        assert_eq!(key.up_to(&place), "((`a`<1) OR (`a`=1 AND `b`>=2))");
    }

    #[test]
    fn text_goes_back_in_its_own_character_set_and_collation() {
        let key = key(&[("s", ColumnType::VarChar, false)]);
        assert_eq!(
            key.after(&place(&key, &[b"\x81\\"])),
            "((`s`>_gbk x'815c' COLLATE gbk_chinese_ci))"
        );
    }

    #[test]
    fn a_year_goes_back_as_text() {
        let key = key(&[("y", ColumnType::Year, false)]);
        assert_eq!(key.after(&place(&key, &[b"0000"])), "((`y`>'0000'))");
    }

    #[test]
    fn hostile_text_is_never_taken_for_a_number() {
        let key = key(&[("a", ColumnType::Int, false)]);
        assert_eq!(key.place(&[Some(b"1 OR 1=1")]), None);
        assert_eq!(key.place(&[None]), None);
    }
}

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
    /// The character set values come in, if it is not the column's own.
    arrives: Option<String>,
}

/// Members of a `SET` up to which its numbers are told apart: it is compared with a number as DOUBLE.
const SET_MEMBERS_MAX: usize = 53;

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

    /// This key of a source as the target's columns compare it: values come as they are on the source, the
    /// conditions are for the target. `None` where the target's columns cannot hold the same keys.
    #[must_use]
    pub fn on(&self, target: &Table) -> Option<Self> {
        let columns = self
            .columns
            .iter()
            .map(|column| column.on(target.column(&column.name)?))
            .collect::<Option<Vec<_>>>()?;
        Some(Self { index: self.index.clone(), columns })
    }

    /// Whether two keys are the same only if the bytes of their values are.
    #[must_use]
    pub fn is_bytewise(&self) -> bool {
        self.columns.iter().all(|column| {
            column.kind.is_integer()
                || column.kind.is_binary()
                || matches!(
                    column.kind,
                    ColumnType::Decimal
                        | ColumnType::Year
                        | ColumnType::Date
                        | ColumnType::Time
                        | ColumnType::DateTime
                        | ColumnType::Timestamp
                        | ColumnType::Enum
                        | ColumnType::Set
                )
        })
    }

    /// The condition "at one of these whole places", as the index's collations see it.
    #[must_use]
    pub fn one_of(&self, places: &[KeyPlace]) -> String {
        if let [only] = self.columns.as_slice() {
            let values: Vec<&str> =
                places.iter().filter_map(|place| place.first()).map(String::as_str).collect();
            return format!("{} IN ({})", quote(&only.name), values.join(","));
        }
        let names: Vec<String> = self.columns.iter().map(|column| quote(&column.name)).collect();
        let values: Vec<String> =
            places.iter().map(|place| format!("({})", place.join(","))).collect();
        format!("({}) IN ({})", names.join(","), values.join(","))
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
            arrives: None,
        }
    }

    fn on(&self, there: &Column) -> Option<Self> {
        let mut column = Self { descending: self.descending, ..Self::new(there, false) };
        let same = self.kind == there.kind;
        let number = |kind: ColumnType| kind.is_integer() || kind == ColumnType::Decimal;
        let moment = |kind| matches!(kind, ColumnType::DateTime | ColumnType::Timestamp);
        let string =
            |kind| matches!(kind, ColumnType::Char | ColumnType::VarChar | ColumnType::Text);
        let bytes =
            |kind| matches!(kind, ColumnType::Binary | ColumnType::VarBinary | ColumnType::Blob);
        if string(self.kind) && string(there.kind) {
            column.arrives.clone_from(&self.charset);
            return Some(column);
        }
        // Plain letters and digits.
        if matches!(self.kind, ColumnType::Uuid | ColumnType::Inet) && string(there.kind) {
            column.arrives = Some("ascii".to_owned());
            return Some(column);
        }
        let told_apart = self.kind != ColumnType::Set || there.members().len() <= SET_MEMBERS_MAX;
        let alike = (same && told_apart)
            || (number(self.kind) && number(there.kind))
            || (moment(self.kind) && moment(there.kind))
            || (bytes(self.kind) && bytes(there.kind));
        alike.then_some(column)
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
                let digits = hex(value);
                match self.arrives.as_deref() {
                    Some(arrives) if !is_part_of(arrives, charset) => Some(format!(
                        "CONVERT(_{arrives} x'{digits}' USING {charset}) COLLATE {collation}"
                    )),
                    Some(_) | None => {
                        Some(format!("_{introducer} x'{digits}' COLLATE {collation}"))
                    }
                }
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

/// Whether every text in one character set has the same bytes in the other.
fn is_part_of(charset: &str, other: &str) -> bool {
    let is_utf8 = |charset| matches!(charset, "utf8" | "utf8mb3" | "utf8mb4");
    charset == other
        || (is_utf8(charset) && is_utf8(other) && charset != "utf8mb4")
        || (charset == "ascii" && is_utf8(other))
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
                    arrives: None,
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

    fn column(name: &str, kind: ColumnType, charset: Option<&str>) -> Column {
        Column {
            name: name.into(),
            kind,
            type_text: String::new(),
            nullable: false,
            default: None,
            extra: String::new(),
            generated: None,
            invisible: false,
            charset: charset.map(Into::into),
            collation: charset.map(|charset| format!("{charset}_bin")),
            srid: None,
            comment: String::new(),
        }
    }

    #[test]
    fn a_key_of_the_source_is_compared_as_the_target_does() {
        let on = |from: &Column, to: &Column| {
            KeyColumn::new(from, false).on(to).and_then(|column| column.literal(b"a1"))
        };
        let text = |charset| column("k", ColumnType::VarChar, Some(charset));
        let as_it_is = Some("_utf8mb4 x'6131' COLLATE utf8mb4_bin".to_owned());
        assert_eq!(on(&text("utf8mb4"), &text("utf8mb4")), as_it_is);
        assert_eq!(on(&text("utf8mb3"), &text("utf8mb4")), as_it_is);
        assert_eq!(on(&column("k", ColumnType::Uuid, None), &text("utf8mb4")), as_it_is);
        assert_eq!(
            on(&text("latin1"), &text("utf8mb4")),
            Some("CONVERT(_latin1 x'6131' USING utf8mb4) COLLATE utf8mb4_bin".to_owned())
        );
        assert_eq!(on(&text("latin1"), &column("k", ColumnType::Int, None)), None);
    }

    #[test]
    fn many_rows_are_named_in_one_condition() {
        let places = |places: &[&[&str]]| -> Vec<KeyPlace> {
            places.iter().map(|place| place.iter().map(ToString::to_string).collect()).collect()
        };
        let one = key(&[("a", ColumnType::Int, false)]);
        assert_eq!(one.one_of(&places(&[&["1"], &["2"]])), "`a` IN (1,2)");
        let two = key(&[("a", ColumnType::Int, false), ("b", ColumnType::Date, true)]);
        assert_eq!(
            two.one_of(&places(&[&["1", "'x'"], &["2", "'y'"]])),
            "(`a`,`b`) IN ((1,'x'),(2,'y'))"
        );
        assert!(two.is_bytewise() && !key(&[("s", ColumnType::VarChar, false)]).is_bytewise());
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

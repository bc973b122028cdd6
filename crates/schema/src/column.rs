//! A column as the server stores it.

use serde::{Deserialize, Serialize};

/// The family of a column's type: what decides how its values travel and are compared.
///
/// The exact declaration stays in [`Column::type_text`]; this is only the part code branches on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnType {
    /// `TINYINT`.
    TinyInt,
    /// `SMALLINT`.
    SmallInt,
    /// `MEDIUMINT`.
    MediumInt,
    /// `INT`.
    Int,
    /// `BIGINT`.
    BigInt,
    /// `DECIMAL`.
    Decimal,
    /// `FLOAT`.
    Float,
    /// `DOUBLE`.
    Double,
    /// `BIT(n)`.
    Bit,
    /// `YEAR`.
    Year,
    /// `DATE`.
    Date,
    /// `TIME(n)`.
    Time,
    /// `DATETIME(n)`.
    DateTime,
    /// `TIMESTAMP(n)`.
    Timestamp,
    /// `CHAR(n)`.
    Char,
    /// `VARCHAR(n)`.
    VarChar,
    /// `TINYTEXT`, `TEXT`, `MEDIUMTEXT`, `LONGTEXT`.
    Text,
    /// `BINARY(n)`.
    Binary,
    /// `VARBINARY(n)`.
    VarBinary,
    /// `TINYBLOB`, `BLOB`, `MEDIUMBLOB`, `LONGBLOB`.
    Blob,
    /// `ENUM`.
    Enum,
    /// `SET`.
    Set,
    /// `JSON` as MySQL stores it. MariaDB's `JSON` is [`ColumnType::Text`].
    Json,
    /// Any spatial type.
    Geometry,
    /// `VECTOR(n)`.
    Vector,
    /// MariaDB's `UUID`.
    Uuid,
    /// MariaDB's `INET4` and `INET6`.
    Inet,
    /// A type sealift does not know: refused by name.
    Unknown,
}

impl ColumnType {
    /// Reads `information_schema.columns.data_type`, in any case.
    #[must_use]
    pub fn from_data_type(data_type: &str) -> Self {
        match data_type.to_ascii_lowercase().as_str() {
            "tinyint" => Self::TinyInt,
            "smallint" => Self::SmallInt,
            "mediumint" => Self::MediumInt,
            "int" | "integer" => Self::Int,
            "bigint" => Self::BigInt,
            "decimal" | "numeric" => Self::Decimal,
            "float" => Self::Float,
            "double" | "real" => Self::Double,
            "bit" => Self::Bit,
            "year" => Self::Year,
            "date" => Self::Date,
            "time" => Self::Time,
            "datetime" => Self::DateTime,
            "timestamp" => Self::Timestamp,
            "char" => Self::Char,
            "varchar" => Self::VarChar,
            "tinytext" | "text" | "mediumtext" | "longtext" => Self::Text,
            "binary" => Self::Binary,
            "varbinary" => Self::VarBinary,
            "tinyblob" | "blob" | "mediumblob" | "longblob" => Self::Blob,
            "enum" => Self::Enum,
            "set" => Self::Set,
            "json" => Self::Json,
            "geometry" | "point" | "linestring" | "polygon" | "multipoint" | "multilinestring"
            | "multipolygon" | "geomcollection" | "geometrycollection" => Self::Geometry,
            "vector" => Self::Vector,
            "uuid" => Self::Uuid,
            "inet4" | "inet6" => Self::Inet,
            _ => Self::Unknown,
        }
    }

    /// Whether values are whole numbers.
    #[must_use]
    pub fn is_integer(self) -> bool {
        matches!(self, Self::TinyInt | Self::SmallInt | Self::MediumInt | Self::Int | Self::BigInt)
    }

    /// Whether values are bytes without a character set.
    #[must_use]
    pub fn is_binary(self) -> bool {
        matches!(
            self,
            Self::Bit | Self::Binary | Self::VarBinary | Self::Blob | Self::Geometry | Self::Vector
        )
    }

    /// Whether values carry a character set.
    #[must_use]
    pub fn is_text(self) -> bool {
        matches!(self, Self::Char | Self::VarChar | Self::Text | Self::Enum | Self::Set)
    }
}

/// How a generated column keeps its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Generation {
    /// Computed when read.
    Virtual,
    /// Computed when written, and stored.
    Stored,
}

/// One column of a table, in the table's own order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// The column's name, unquoted.
    pub name: String,
    /// The family of its type.
    pub kind: ColumnType,
    /// The whole type as `information_schema.columns.column_type` prints it, e.g. `int unsigned`.
    pub type_text: String,
    /// Whether NULL is allowed.
    pub nullable: bool,
    /// `information_schema.columns.column_default` as printed by the server; NULL is `None`.
    pub default: Option<String>,
    /// `information_schema.columns.extra` as printed by the server, e.g. `auto_increment`.
    pub extra: String,
    /// How and from what it is generated, if it is.
    pub generated: Option<(Generation, String)>,
    /// Whether `SELECT *` leaves it out.
    pub invisible: bool,
    /// Character set, for text types.
    pub charset: Option<String>,
    /// Collation, for text types.
    pub collation: Option<String>,
    /// The column's `SRID` attribute, if it has one.
    pub srid: Option<u32>,
    /// The comment; empty for none.
    pub comment: String,
}

impl Column {
    /// Whether an integer type is unsigned.
    #[must_use]
    pub fn is_unsigned(&self) -> bool {
        self.type_text.to_ascii_lowercase().contains("unsigned")
    }

    /// Whether the column counts itself.
    #[must_use]
    pub fn is_auto_increment(&self) -> bool {
        self.extra.to_ascii_lowercase().contains("auto_increment")
    }

    /// Whether rows carry a value for it, as opposed to the server computing one.
    #[must_use]
    pub fn is_written(&self) -> bool {
        self.generated.is_none()
    }

    /// The members of an `ENUM` or `SET`, unquoted, in order; empty for other types.
    #[must_use]
    pub fn members(&self) -> Vec<String> {
        if !matches!(self.kind, ColumnType::Enum | ColumnType::Set) {
            return Vec::new();
        }
        let (Some(open), Some(close)) = (self.type_text.find('('), self.type_text.rfind(')'))
        else {
            return Vec::new();
        };
        let mut members = Vec::new();
        let mut member = String::new();
        let mut inside = false;
        let mut chars = self.type_text.get(open + 1..close).unwrap_or("").chars().peekable();
        while let Some(c) = chars.next() {
            match (inside, c) {
                (true, '\'') if chars.peek() == Some(&'\'') => {
                    chars.next();
                    member.push('\'');
                }
                (true, '\'') => {
                    inside = false;
                    members.push(std::mem::take(&mut member));
                }
                (false, '\'') => inside = true,
                (true, other) => member.push(other),
                (false, _) => {}
            }
        }
        members
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(kind: ColumnType, type_text: &str) -> Column {
        Column {
            name: "c".into(),
            kind,
            type_text: type_text.into(),
            nullable: true,
            default: None,
            extra: String::new(),
            generated: None,
            invisible: false,
            charset: None,
            collation: None,
            srid: None,
            comment: String::new(),
        }
    }

    #[test]
    fn members_keep_quotes_commas_and_the_empty_one() {
        let column = column(ColumnType::Enum, "enum('a,b','it''s','')");
        assert_eq!(column.members(), ["a,b", "it's", ""]);
    }
}

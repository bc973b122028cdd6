//! How each column of a table travels: what is selected, how it is written, how the target takes it.

use sealift_schema::catalog::Table;
use sealift_schema::column::{Column, ColumnType};
use sealift_schema::facts::Flavor;
use sealift_schema::name::quote;
use thiserror::Error;

use super::digits::digit_width;

/// How the rows of one table travel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowForm {
    /// The written columns, in the source's order.
    pub columns: Vec<ColumnForm>,
}

/// How one column travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnForm {
    /// Its name on the source, unquoted.
    pub name: String,
    /// Its name on the target, unquoted: may differ in case only.
    pub target_name: String,
    /// The expression that is selected.
    pub select: String,
    /// How a value is written.
    pub rendering: Rendering,
    /// What the target does with it.
    pub storing: Storing,
}

/// How a value is written into the load stream or statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rendering {
    /// Text and bytes as they are, times as text.
    Text,
    /// A number, never quoted.
    Number,
    /// A `FLOAT(digits,decimals)` or `DOUBLE(digits,decimals)`: the stored value nearest to the largest
    /// that is allowed may lie above it, and would be stored right but with a warning.
    Rounded {
        /// Digits altogether.
        digits: u8,
        /// Digits behind the point.
        decimals: u8,
    },
    /// A date without a time of day.
    Date,
    /// Four digits: `0000`, for the number 0 would be stored as the year 2000 when it comes as text.
    Year,
    /// An `ENUM` by its member's text. The value of index 0 (what older servers stored for a wrong member)
    /// also reads as '': it is written as this many zeros, which no member equals and the target takes as
    /// a number. `None`: written as '', which the target stores right and warns about.
    EnumText(Option<usize>),
    /// An `ENUM` that has '' as a member, by its number: as digits of this width, which no member equals.
    /// `None`: as a bare number; index 0 is then stored right and warned about.
    EnumNumber(Option<usize>),
}

/// What the target does with a column's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Storing {
    /// Takes the bytes as they are.
    AsIs,
    /// Takes it as a number.
    Number,
    /// Takes the bytes as text of this character set.
    Charset(String),
}

/// Why rows of a table cannot travel into the table that is there.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FormError {
    /// The target lacks a column.
    #[error("the target's table has no column {0}")]
    Missing(String),
    /// The target computes a column that holds values of its own on the source.
    #[error("column {0} is generated on the target and not on the source")]
    Generated(String),
    /// A type that is not known.
    #[error("column {name} has type {type_text}, which sealift does not know")]
    Unknown {
        /// The column.
        name: String,
        /// Its type.
        type_text: String,
    },
    /// The members of an `ENUM` or `SET` differ, whose values travel by number.
    #[error(
        "column {0} has other members on the target: changes of it carry the number of a member, not its text"
    )]
    Members(String),
    /// The target's type wants another form than the one changes carry.
    #[error(
        "column {name} has type {type_text} on the target, into which no change of it can be written"
    )]
    Conversion {
        /// The column.
        name: String,
        /// Its type on the target.
        type_text: String,
    },
}

/// Character sets whose characters take two or four bytes each, digits included.
const WIDE: [&str; 4] = ["ucs2", "utf16", "utf16le", "utf32"];

impl RowForm {
    /// Decides how each column of `source` travels into `target` when it is read by a statement.
    ///
    /// # Errors
    /// When a column has nowhere to go.
    pub fn of(source: &Table, target: &Table) -> Result<Self, FormError> {
        Self::by(ColumnForm::of, source, target)
    }

    /// Decides how each column of `source` travels into `target` when its values come out of the binary
    /// log: nothing can be selected there, and an `ENUM` or `SET` is a number. `taker` is whose server the target is.
    ///
    /// # Errors
    /// When a column has nowhere to go, or means something else there.
    pub fn of_stream(source: &Table, target: &Table, taker: Flavor) -> Result<Self, FormError> {
        Self::by(|column, there| ColumnForm::of_stream(column, there, taker), source, target)
    }

    fn by(
        form: impl Fn(&Column, &Column) -> Result<ColumnForm, FormError>,
        source: &Table,
        target: &Table,
    ) -> Result<Self, FormError> {
        let columns = source
            .written_columns()
            .map(|column| {
                let there = target
                    .column(&column.name)
                    .ok_or_else(|| FormError::Missing(quote(&column.name)))?;
                if !there.is_written() {
                    return Err(FormError::Generated(quote(&column.name)));
                }
                form(column, there)
            })
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self { columns })
    }

    /// Whether notes about a table's rows can only be about what the target computes: it has generated
    /// columns, and every column that is written has one type on both sides, so that nothing sent is
    /// rounded.
    #[must_use]
    pub fn mutes_notes(source: &Table, target: &Table) -> bool {
        target.columns.iter().any(|column| !column.is_written())
            && source.written_columns().all(|column| {
                target.column(&column.name).is_some_and(|other| {
                    column.type_text == other.type_text && column.charset == other.charset
                })
            })
    }

    /// The select list.
    #[must_use]
    pub fn select_list(&self) -> String {
        let list: Vec<&str> = self.columns.iter().map(|column| column.select.as_str()).collect();
        list.join(",")
    }

    /// The end of a `LOAD DATA` statement: columns, and what is done to some of them.
    #[must_use]
    pub fn load_clause(&self) -> String {
        let mut fields = Vec::with_capacity(self.columns.len());
        let mut settings = Vec::new();
        for (index, column) in self.columns.iter().enumerate() {
            let name = quote(&column.target_name);
            if column.storing == Storing::AsIs {
                fields.push(name);
                continue;
            }
            let variable = format!("@v{index}");
            let (before, after) = column.storing.around();
            settings.push(format!("{name}={before}{variable}{after}"));
            fields.push(variable);
        }
        let mut clause = format!("({})", fields.join(","));
        if !settings.is_empty() {
            clause.push_str(" SET ");
            clause.push_str(&settings.join(","));
        }
        clause
    }

    /// The column list of an `INSERT` statement.
    #[must_use]
    pub fn insert_columns(&self) -> String {
        self.target_columns().join(",")
    }

    /// The written columns as the target calls them, quoted.
    #[must_use]
    pub fn target_columns(&self) -> Vec<String> {
        self.columns.iter().map(|column| quote(&column.target_name)).collect()
    }
}

impl ColumnForm {
    fn of(column: &Column, there: &Column) -> Result<Self, FormError> {
        if ColumnType::Unknown == column.kind {
            return Err(FormError::Unknown {
                name: quote(&column.name),
                type_text: column.type_text.clone(),
            });
        }
        let rendering = rendering(column, there);
        let storing = match rendering {
            Rendering::EnumNumber(None) => Storing::Number,
            Rendering::EnumNumber(Some(_)) => Storing::AsIs,
            Rendering::Text
            | Rendering::Number
            | Rendering::Rounded { .. }
            | Rendering::Date
            | Rendering::Year
            | Rendering::EnumText(_)
                if column.kind == ColumnType::Set && travels_by_number(column, there) =>
            {
                Storing::Number
            }
            Rendering::Text
            | Rendering::Number
            | Rendering::Rounded { .. }
            | Rendering::Date
            | Rendering::Year
            | Rendering::EnumText(_) => storing(column, there),
        };
        Ok(Self {
            name: column.name.clone(),
            target_name: there.name.clone(),
            select: select(column, there),
            rendering,
            storing,
        })
    }
}

impl ColumnForm {
    fn of_stream(column: &Column, there: &Column, taker: Flavor) -> Result<Self, FormError> {
        let form = Self { select: quote(&column.name), ..Self::of(column, there)? };
        let fits = if matches!(column.kind, ColumnType::Uuid | ColumnType::Inet) {
            there.kind.is_text()
        } else {
            // The bytes of a BIT mean a number only to another one.
            let alike = matches!(column.kind, ColumnType::Enum | ColumnType::Set | ColumnType::Bit);
            !alike || there.kind == column.kind
        };
        if !fits {
            return Err(FormError::Conversion {
                name: quote(&column.name),
                type_text: there.type_text.clone(),
            });
        }
        if there.members() != column.members() {
            return Err(FormError::Members(quote(&column.name)));
        }
        // MariaDB warns of index 0 however it is written: as a number that is counted with.
        let zeros = zeros(there).filter(|_width| taker == Flavor::MySql);
        let (rendering, storing) = match (column.kind, zeros) {
            (ColumnType::Enum, Some(width)) => (Rendering::EnumNumber(Some(width)), Storing::AsIs),
            (ColumnType::Enum, None) => (Rendering::EnumNumber(None), Storing::Number),
            (ColumnType::Set, _) => (Rendering::Number, Storing::Number),
            _ => (form.rendering, form.storing.clone()),
        };
        Ok(Self { rendering, storing, ..form })
    }
}

impl Storing {
    /// What is written before and after a value to make the target store it so.
    #[must_use]
    pub fn around(&self) -> (&'static str, String) {
        match self {
            Self::AsIs => ("", String::new()),
            Self::Number => ("CAST(", " AS UNSIGNED)".to_owned()),
            Self::Charset(charset) => ("CONVERT(", format!(" USING {charset})")),
        }
    }
}

/// Whether a value must travel by its number because its text means two things: an `ENUM` or `SET` with
/// '' as a member, going into the same `ENUM` or `SET`.
fn travels_by_number(column: &Column, there: &Column) -> bool {
    let members = column.members();
    matches!(column.kind, ColumnType::Enum | ColumnType::Set)
        && there.kind == column.kind
        && members.iter().any(String::is_empty)
        && there.members() == members
}

fn select(column: &Column, there: &Column) -> String {
    let name = quote(&column.name);
    match column.kind {
        ColumnType::Enum | ColumnType::Set if travels_by_number(column, there) => {
            format!("CAST({name} AS UNSIGNED)")
        }
        // Its bytes mean a number only to another BIT column.
        ColumnType::Bit if there.kind != ColumnType::Bit => format!("{name}+0"),
        ColumnType::Uuid if there.kind.is_binary() => {
            format!("UNHEX(REPLACE(CAST({name} AS CHAR),'-',''))")
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
        | ColumnType::Bit
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
        | ColumnType::Enum
        | ColumnType::Set
        | ColumnType::Json
        | ColumnType::Geometry
        | ColumnType::Vector
        | ColumnType::Unknown => name,
    }
}

fn rendering(column: &Column, there: &Column) -> Rendering {
    match column.kind {
        ColumnType::TinyInt
        | ColumnType::SmallInt
        | ColumnType::MediumInt
        | ColumnType::Int
        | ColumnType::BigInt
        | ColumnType::Decimal => Rendering::Number,
        ColumnType::Float | ColumnType::Double => rounded(there).unwrap_or(Rendering::Number),
        ColumnType::Bit if there.kind != ColumnType::Bit => Rendering::Number,
        ColumnType::Set if travels_by_number(column, there) => Rendering::Number,
        ColumnType::Year => Rendering::Year,
        ColumnType::Date => Rendering::Date,
        ColumnType::Enum if there.kind == ColumnType::Enum => {
            let width = zeros(there);
            if travels_by_number(column, there) {
                Rendering::EnumNumber(width)
            } else {
                Rendering::EnumText(width)
            }
        }
        ColumnType::Bit
        | ColumnType::Time
        | ColumnType::DateTime
        | ColumnType::Timestamp
        | ColumnType::Char
        | ColumnType::VarChar
        | ColumnType::Text
        | ColumnType::Binary
        | ColumnType::VarBinary
        | ColumnType::Blob
        | ColumnType::Enum
        | ColumnType::Set
        | ColumnType::Json
        | ColumnType::Geometry
        | ColumnType::Vector
        | ColumnType::Uuid
        | ColumnType::Inet
        | ColumnType::Unknown => Rendering::Text,
    }
}

/// How many digits to write the number of an `ENUM`'s member with, so that the target takes it for one.
fn zeros(there: &Column) -> Option<usize> {
    // Digits of a wide character set are not read as a number.
    let wide = there.charset.as_deref().is_some_and(|charset| WIDE.contains(&charset));
    if wide { None } else { digit_width(&there.members()) }
}

/// The digits and decimals of `float(9,3)`, if a column's type is written so.
fn rounded(column: &Column) -> Option<Rendering> {
    let (_, rest) = column.type_text.split_once('(')?;
    let (digits, decimals) = rest.split_once(')')?.0.split_once(',')?;
    Some(Rendering::Rounded { digits: digits.parse().ok()?, decimals: decimals.parse().ok()? })
}

/// Bytes that arrive in a text column are stored unconverted, so they must be of its character set; a
/// JSON column takes nothing but text that says what it is.
fn storing(column: &Column, there: &Column) -> Storing {
    let from = if column.kind == ColumnType::Json {
        "utf8mb4"
    } else if column.kind.is_text() {
        column.charset.as_deref().map_or("binary", canonical)
    } else if column.kind.is_binary() {
        "binary"
    } else {
        // Numbers, times, UUIDs: plain digits and letters.
        "ascii"
    };
    if there.kind == ColumnType::Json {
        return Storing::Charset(spoken(from));
    }
    if there.kind == ColumnType::Bit && column.kind != ColumnType::Bit {
        return Storing::Number;
    }
    if !there.kind.is_text() {
        return Storing::AsIs;
    }
    let into = there.charset.as_deref().map_or("binary", canonical);
    let same_bytes = from == into
        || from == "binary"
        || into == "binary"
        || (from == "utf8mb3" && into == "utf8mb4")
        || (from == "ascii" && !WIDE.contains(&into));
    if same_bytes { Storing::AsIs } else { Storing::Charset(spoken(from)) }
}

fn canonical(charset: &str) -> &str {
    if charset.eq_ignore_ascii_case("utf8") { "utf8mb3" } else { charset }
}

/// The name a conversion uses: `utf8mb3` is deprecated and part of `utf8mb4`; binary JSON text is UTF-8.
fn spoken(charset: &str) -> String {
    let charset = if matches!(charset, "utf8mb3" | "binary") { "utf8mb4" } else { charset };
    charset.to_owned()
}

//! Tables as tests of several stages want them: what is not said is as plain as can be.

use std::collections::BTreeMap;

use sealift_schema::catalog::{Key, KeyKind, KeyPart, Table, TableKind};
use sealift_schema::column::{Column, ColumnType};
use sealift_schema::name::QualifiedName;

/// A column that may be NULL, of a type as `SHOW CREATE TABLE` has it.
pub(crate) fn column(name: &str, type_text: &str, charset: Option<&str>) -> Column {
    let data_type = type_text.split(['(', ' ']).next().unwrap_or_default();
    Column {
        name: name.into(),
        kind: ColumnType::from_data_type(data_type),
        type_text: type_text.into(),
        nullable: true,
        default: None,
        extra: String::new(),
        generated: None,
        invisible: false,
        charset: charset.map(str::to_owned),
        collation: None,
        srid: None,
        comment: String::new(),
    }
}

/// A table without a key.
pub(crate) fn table(name: QualifiedName, columns: Vec<Column>) -> Table {
    Table {
        name,
        kind: TableKind::Base,
        engine: "InnoDB".into(),
        row_format: String::new(),
        create_options: String::new(),
        collation: String::new(),
        auto_increment: None,
        rows_estimate: 0,
        data_bytes: 0,
        index_bytes: 0,
        comment: String::new(),
        create_sql: String::new(),
        columns,
        keys: Vec::new(),
        foreign_keys: Vec::new(),
        checks: BTreeMap::new(),
        partitioned: false,
    }
}

/// A primary key of these columns.
pub(crate) fn primary_key(columns: &[&str]) -> Key {
    let part =
        |name: &&str| KeyPart::Column { name: (*name).into(), prefix: None, descending: false };
    Key {
        name: "PRIMARY".into(),
        kind: KeyKind::Primary,
        parts: columns.iter().map(part).collect(),
        visible: true,
    }
}

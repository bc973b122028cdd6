//! What a result says of one of its columns.
//!
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response_text_resultset_column_definition.html>

use super::scan::{Malformed, Scan, lossy};

/// One column of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnMeta {
    /// The column's name or alias.
    pub name: String,
    /// `MYSQL_TYPE_…`, e.g. 3 for INT and 253 for VARCHAR.
    pub type_code: u8,
    /// `NOT_NULL_FLAG`, `UNSIGNED_FLAG` and others.
    pub flags: u16,
    /// The collation's number; 63 is binary.
    pub charset: u16,
    /// The display width in bytes at most.
    pub length: u32,
    /// Digits after the point; 31 for "as many as needed".
    pub decimals: u8,
}

/// `UNSIGNED_FLAG` of [`ColumnMeta::flags`].
const UNSIGNED_FLAG: u16 = 32;

impl ColumnMeta {
    /// Whether the column is an unsigned number.
    #[must_use]
    pub fn is_unsigned(&self) -> bool {
        self.flags & UNSIGNED_FLAG != 0
    }
}

/// Reads a column definition.
pub(crate) fn read(packet: &[u8]) -> Result<ColumnMeta, Malformed> {
    let mut scan = Scan::new(packet);
    for field in ["catalog", "schema", "table", "original table"] {
        scan.string(field)?;
    }
    let name = lossy(scan.string("column name")?);
    scan.string("original column name")?;
    scan.length("length of fixed fields")?;
    let charset = scan.u16("character set")?;
    let length = scan.u32("column length")?;
    let type_code = scan.u8("column type")?;
    let flags = scan.u16("column flags")?;
    let decimals = scan.u8("decimals")?;
    Ok(ColumnMeta { name, type_code, flags, charset, length, decimals })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: &[u8] =
        b"\x03def\x04shop\x01o\x06orders\x02id\x08order_id\x0c\x3f\0\x14\0\0\0\x08\x23\x42\0\0\0";

    #[test]
    fn a_column_definition_is_read() {
        let column = read(ID).unwrap();
        assert_eq!(column.name, "id");
        assert_eq!((column.type_code, column.charset, column.length), (8, 63, 20));
        assert!(column.is_unsigned());
    }

    #[test]
    fn a_shortened_column_definition_is_refused() {
        for length in 0..ID.len() - 2 {
            assert!(read(&ID[..length]).is_err(), "{length}");
        }
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _outcome = read(&bytes).is_ok();
        }
    }
}

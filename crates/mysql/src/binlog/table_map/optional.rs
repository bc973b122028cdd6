//! The optional metadata at the end of a TABLE_MAP event: signs, character sets, names, members.

use super::storage::Storage;
use super::{ColumnMap, TableMap, TableMapError, text};
use crate::wire::scan::{Malformed, Scan};

/// Reads field after field: a type byte, a length, that many bytes. Fields nobody knows are skipped.
pub(super) fn read(mut scan: Scan<'_>, map: &mut TableMap) -> Result<(), TableMapError> {
    while !scan.is_empty() {
        let kind = scan.u8("kind of optional metadata")?;
        let mut field = Scan::new(scan.string("optional metadata")?);
        let columns = &mut map.columns;
        // <https://dev.mysql.com/doc/dev/mysql-server/latest/classmysql_1_1binlog_1_1event_1_1Table__map__event.html#a1b84e5b226c76eaf9c0df8ed03ba1393>
        match kind {
            1 => signs(columns, field.rest()),
            2 => text_default(columns, &mut field)?,
            3 => text_collations(columns, &mut field)?,
            4 => each(
                columns,
                |_| true,
                &mut field,
                |column, scan| {
                    column.name = Some(text(scan.string("column name")?, "column name")?);
                    Ok(())
                },
            )?,
            5 => each(columns, is_set, &mut field, members)?,
            6 => each(columns, is_enum, &mut field, members)?,
            7 => each(columns, is_geometry, &mut field, |column, scan| {
                column.geometry = Some(scan.length("kind of geometry")?);
                Ok(())
            })?,
            8 => map.primary_key = key(&mut field, |_| Ok(()))?,
            9 => {
                map.primary_key = key(&mut field, |scan| {
                    scan.length("length of a key's prefix")?;
                    Ok(())
                })?;
            }
            10 => default_collation(columns, has_members, &mut field)?,
            11 => each(columns, has_members, &mut field, |column, scan| {
                column.collation = Some(scan.length("collation")?);
                Ok(())
            })?,
            12 => {
                for (index, column) in columns.iter_mut().enumerate() {
                    column.visible = Some(bit_from_high(field.rest(), index));
                }
            }
            13 => each(columns, is_vector, &mut field, |column, scan| {
                column.dimensions = Some(scan.length("dimensions")?);
                Ok(())
            })?,
            _ => {}
        }
    }
    Ok(())
}

/// Calls for each column of a kind, in order, as long as the field has bytes.
fn each(
    columns: &mut [ColumnMap],
    is: impl Fn(&Storage) -> bool,
    field: &mut Scan<'_>,
    mut read: impl FnMut(&mut ColumnMap, &mut Scan<'_>) -> Result<(), TableMapError>,
) -> Result<(), TableMapError> {
    for column in columns.iter_mut().filter(|column| is(&column.storage)) {
        if field.is_empty() {
            break;
        }
        read(column, field)?;
    }
    if field.is_empty() {
        Ok(())
    } else {
        Err(TableMapError("optional metadata of more columns than there are".to_owned()))
    }
}

fn members(column: &mut ColumnMap, scan: &mut Scan<'_>) -> Result<(), TableMapError> {
    let mut members = Vec::new();
    for _ in 0..scan.length("count of members")? {
        members.push(scan.string("member")?.to_vec());
    }
    column.members = Some(members);
    Ok(())
}

/// MariaDB counts geometries among the columns that have a collation, MySQL does not. Where there are some,
/// a column's place among its kind is not certain, so nothing is said of any.
fn text_default(columns: &mut [ColumnMap], field: &mut Scan<'_>) -> Result<(), TableMapError> {
    if columns.iter().any(|column| is_geometry(&column.storage)) {
        return Ok(());
    }
    default_collation(columns, is_text, field)
}

/// The same as a list, whose length tells whether it has the geometries.
fn text_collations(columns: &mut [ColumnMap], field: &mut Scan<'_>) -> Result<(), TableMapError> {
    let mut list = *field;
    let mut entries = 0;
    while !list.is_empty() {
        list.length("collation")?;
        entries += 1;
    }
    let texts = columns.iter().filter(|column| is_text(&column.storage)).count();
    let with_geometries = entries > texts;
    let is = |storage: &Storage| is_text(storage) || (with_geometries && is_geometry(storage));
    each(columns, is, field, |column, scan| {
        column.collation = Some(scan.length("collation")?);
        Ok(())
    })
}

/// One collation for most columns of a kind, then pairs of a column (counted among its kind) and its own.
fn default_collation(
    columns: &mut [ColumnMap],
    is: impl Fn(&Storage) -> bool,
    field: &mut Scan<'_>,
) -> Result<(), TableMapError> {
    let default = field.length("default collation")?;
    let mut kind: Vec<&mut ColumnMap> =
        columns.iter_mut().filter(|column| is(&column.storage)).collect();
    for column in &mut kind {
        column.collation = Some(default);
    }
    while !field.is_empty() {
        let index = field.length("column of a collation")?;
        let collation = field.length("collation")?;
        let column = usize::try_from(index).ok().and_then(|index| kind.get_mut(index));
        column.ok_or_else(|| TableMapError(format!("collation of a column {index}")))?.collation =
            Some(collation);
    }
    Ok(())
}

fn key(
    field: &mut Scan<'_>,
    rest: impl Fn(&mut Scan<'_>) -> Result<(), Malformed>,
) -> Result<Vec<u64>, TableMapError> {
    let mut columns = Vec::new();
    while !field.is_empty() {
        columns.push(field.length("column of the primary key")?);
        rest(field)?;
    }
    Ok(columns)
}

/// One bit per number, and `YEAR` is one: a reader that leaves it out takes the signs of all columns
/// behind it from their neighbours.
fn signs(columns: &mut [ColumnMap], bitmap: &[u8]) {
    for (bit, column) in columns.iter_mut().filter(|column| is_number(&column.storage)).enumerate()
    {
        if column.storage != Storage::Year {
            column.unsigned = Some(bit_from_high(bitmap, bit));
        }
    }
}

/// A bit of a bitmap whose first bit is its first byte's highest.
fn bit_from_high(bitmap: &[u8], bit: usize) -> bool {
    bitmap.get(bit / 8).is_some_and(|byte| byte >> (7 - bit % 8) & 1 == 1)
}

fn is_number(storage: &Storage) -> bool {
    matches!(
        storage,
        Storage::Integer { .. }
            | Storage::Float
            | Storage::Double
            | Storage::Decimal { .. }
            | Storage::Year
    )
}

/// Whether a column is in the lists of collations: MySQL counts vectors in, as binary text.
fn is_text(storage: &Storage) -> bool {
    matches!(
        storage,
        Storage::Char { .. }
            | Storage::VarChar { .. }
            | Storage::Blob { .. }
            | Storage::Vector { .. }
            | Storage::CompressedVarChar { .. }
            | Storage::CompressedBlob { .. }
    )
}

fn is_set(storage: &Storage) -> bool {
    matches!(storage, Storage::Set { .. })
}

fn is_enum(storage: &Storage) -> bool {
    matches!(storage, Storage::Enum { .. })
}

fn has_members(storage: &Storage) -> bool {
    is_set(storage) || is_enum(storage)
}

fn is_geometry(storage: &Storage) -> bool {
    matches!(storage, Storage::Geometry { .. })
}

fn is_vector(storage: &Storage) -> bool {
    matches!(storage, Storage::Vector { .. })
}

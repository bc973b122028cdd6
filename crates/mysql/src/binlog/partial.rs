//! Updates of which the log has JSON values in part, made whole: by what the values were before.
//!
//! The image of a row as it is now begins with options; one of them says that a bit for each JSON column of the table
//! follows, set where only the changes of its value are there
//! (<https://dev.mysql.com/doc/dev/mysql-server/latest/classmysql_1_1binlog_1_1event_1_1Rows__event.html>).

use std::sync::Arc;

use super::image::{self, Image, Walk};
use super::json;
use super::rows::RowsError;
use super::shape::{Extent, Reading, RowShape};
use super::table_map::bit_from_low;
use crate::value::ValueError;
use crate::wire::scan::Scan;

/// The option of an image that says that it has JSON values in part.
const PARTIAL_JSON: u64 = 1;

/// Pairs of images whose second ones are whole, with their shape: JSON values are their text.
pub(super) fn whole(
    data: &[u8],
    before: &RowShape,
    after: &RowShape,
) -> Result<(Vec<u8>, Arc<RowShape>), RowsError> {
    let mut out = Vec::with_capacity(data.len());
    let mut rest = data;
    let mut row = 0;
    while !rest.is_empty() {
        let at_row = |cause| RowsError::Image { row, cause };
        let (was, tail) = image::split_first(before, rest).map_err(at_row)?;
        out.extend_from_slice(was.bytes());
        let mut scan = Scan::new(tail);
        let changed = match scan.length("options of a row")? {
            0 => &[],
            PARTIAL_JSON if !has_all_json(before) || !has_all_json(after) => {
                return Err(RowsError::PartialJson);
            }
            PARTIAL_JSON => {
                let columns = after.columns.iter().filter(|column| column.reading == Reading::Json);
                scan.bytes(columns.count().div_ceil(8), "JSON columns in part")?
            }
            other => return Err(RowsError::Malformed(format!("a row with options {other}"))),
        };
        let mut is = Walk::new(after, scan.rest()).map_err(at_row)?;
        make_whole(was, &mut is, changed, &mut out).map_err(at_row)?;
        rest = is.rest();
        row += 1;
    }
    Ok((out, Arc::new(after.clone().with_json_as_text())))
}

fn has_all_json(shape: &RowShape) -> bool {
    let is_lacking = |column: &super::shape::ColumnShape| {
        column.reading == Reading::Json && column.extent == Extent::Absent
    };
    !shape.columns.iter().any(is_lacking)
}

/// Appends an image whose JSON values are their text.
fn make_whole(
    was: Image<'_>,
    is: &mut Walk<'_>,
    changed: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), ValueError> {
    out.extend_from_slice(is.nulls());
    let mut old = Walk::new(was.shape(), was.bytes())?;
    let mut text = Vec::new();
    let mut json_columns = 0;
    for (column, shape) in was.shape().columns.iter().enumerate() {
        let malformed = |what| ValueError::Malformed { column, what };
        let (before, now) = (old.next_raw()?, is.next_raw()?);
        if shape.reading != Reading::Json {
            out.extend_from_slice(now.map_or(&[], |now| now.with_length));
            continue;
        }
        let is_in_part = bit_from_low(changed, json_columns);
        json_columns += 1;
        let Some(now) = now else { continue };
        text.clear();
        if is_in_part {
            let before = before.ok_or(ValueError::Absent { column })?;
            json::print(before.bytes, &mut text).map_err(malformed)?;
            text = json::diff::apply(&text, now.bytes).map_err(malformed)?;
        } else {
            json::print(now.bytes, &mut text).map_err(malformed)?;
        }
        let length =
            u32::try_from(text.len()).map_err(|_long| malformed("a JSON text too long"))?;
        out.extend(length.to_le_bytes());
        out.extend_from_slice(&text);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binlog::fixture::{MAP, bytes, every};
    use crate::binlog::table_map::TableMap;

    /// The shape of images that have these columns, by their bits.
    fn shape(bits: [u8; 3]) -> Arc<RowShape> {
        let map = TableMap::read(&bytes(MAP)).unwrap();
        let shape = RowShape::new(&map, &every()).unwrap().in_part();
        Arc::new(shape).of_present(&bits).unwrap()
    }

    /// An `id`, and what comes behind it.
    fn image(rest: &[&[u8]]) -> Vec<u8> {
        let mut image = vec![0, 1, 0, 0, 0];
        rest.iter().for_each(|rest| image.extend_from_slice(rest));
        image
    }

    const ID: [u8; 3] = [1, 0, 0];
    const ID_AND_JSON: [u8; 3] = [1, 0, 0b1000];

    #[test]
    fn a_value_in_part_is_made_whole_by_what_it_was() {
        let shape = shape(ID_AND_JSON);
        let five = image(&[&[3, 0, 0, 0, 5, 5, 0]]);
        let replaced = image(&[&[7, 0, 0, 0, 0, 1, b'$', 3, 5, 7, 0]]);
        let data =
            [&five[..], &[1, 1], &replaced, &five, &[0], &five, &five, &[1, 0], &five].concat();
        let (found, _) = whole(&data, &shape, &shape).unwrap();
        let [text_5, text_7] = ["5", "7"].map(|text| image(&[&[1, 0, 0, 0], text.as_bytes()]));
        assert_eq!(found, [&five[..], &text_7, &five, &text_5, &five, &text_5].concat());
    }

    #[test]
    fn a_value_of_which_nothing_tells_what_it_was_is_refused() {
        let data = [image(&[]), vec![1, 1], image(&[&[0, 0, 0, 0]])].concat();
        assert_eq!(whole(&data, &shape(ID), &shape(ID_AND_JSON)), Err(RowsError::PartialJson));
        let strange = [image(&[]), vec![2], image(&[])].concat();
        assert!(matches!(whole(&strange, &shape(ID), &shape(ID)), Err(RowsError::Malformed(_))));
    }
}

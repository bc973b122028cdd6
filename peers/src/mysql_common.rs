//! `mysql_common`, which `mysql` and `mysql_async` read binary logs with.

use std::io;

use mysql_common::binlog::BinlogFile;
use mysql_common::binlog::consts::BinlogVersion;
use mysql_common::binlog::events::EventData;
use mysql_common::binlog::row::BinlogRow;
use mysql_common::binlog::value::BinlogValue;
use mysql_common::value::Value;

use super::Counts;

pub(crate) fn decode(file: &[u8], counts: &mut Counts) -> Result<(), String> {
    read(file, counts).map_err(|error| error.to_string())
}

fn read(file: &[u8], counts: &mut Counts) -> io::Result<()> {
    let mut file = BinlogFile::new(BinlogVersion::Version4, file)?;
    while let Some(event) = file.next() {
        let event = event?;
        let Some(EventData::RowsEvent(rows)) = event.read_data()? else { continue };
        let table = file.reader().get_tme(rows.table_id());
        let table = table.ok_or_else(|| io::Error::other("rows of an unknown table"))?;
        for change in rows.rows(table) {
            let (before, after) = change?;
            before.into_iter().chain(after).for_each(|image| count(&image, counts));
        }
    }
    Ok(())
}

fn count(image: &BinlogRow, counts: &mut Counts) {
    counts.images += 1;
    let values = (0..image.len()).filter_map(|index| image.as_ref(index));
    counts.values += values.filter(|value| **value != BinlogValue::Value(Value::NULL)).count();
}

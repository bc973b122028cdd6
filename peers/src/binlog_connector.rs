//! `mysql-binlog-connector-rust`, by its parser of files.

use std::collections::HashMap;
use std::io::Cursor;

use mysql_binlog_connector_rust::binlog_error::BinlogError;
use mysql_binlog_connector_rust::binlog_parser::BinlogParser;
use mysql_binlog_connector_rust::column::column_value::ColumnValue;
use mysql_binlog_connector_rust::event::event_data::EventData;
use mysql_binlog_connector_rust::event::row_event::RowEvent;

use super::Counts;

pub(crate) fn decode(file: &[u8], counts: &mut Counts) -> Result<(), String> {
    read(file, counts).map_err(|error| error.to_string())
}

fn read(file: &[u8], counts: &mut Counts) -> Result<(), BinlogError> {
    let mut parser =
        BinlogParser { checksum_length: 0, table_map_event_by_table_id: HashMap::new() };
    let mut cursor = Cursor::new(file);
    parser.check_magic(&mut cursor)?;
    while cursor.position() < file.len() as u64 {
        let (_header, event) = parser.next(&mut cursor)?;
        match event {
            EventData::WriteRows(event) => event.rows.iter().for_each(|row| count(row, counts)),
            EventData::DeleteRows(event) => event.rows.iter().for_each(|row| count(row, counts)),
            EventData::UpdateRows(event) => {
                for (before, after) in &event.rows {
                    count(before, counts);
                    count(after, counts);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn count(image: &RowEvent, counts: &mut Counts) {
    counts.images += 1;
    counts.values +=
        image.column_values.iter().filter(|value| !matches!(value, ColumnValue::None)).count();
}

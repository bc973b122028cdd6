//! Row images as the binary log has them.

use std::sync::Arc;

use bytes::Bytes;
use sealift_mysql::binlog::{
    Image as RawImage, ImageValues, RowChange as Logged, RowShape, RowsEvent,
};
use sealift_mysql::value::{Value, ValueError};

use super::change::{Image, RowChange};
use crate::encode::{EncodeError, RowValues};

/// A row of a rows event. It keeps the event's bytes, and copies none.
#[derive(Clone, Debug)]
pub struct LoggedImage {
    bytes: Bytes,
    shape: Arc<RowShape>,
}

impl LoggedImage {
    /// A row of an event as a change; `None` for a row that is neither before nor after anything, which no
    /// event has.
    #[must_use]
    pub fn change(event: &RowsEvent, row: Logged<'_>) -> Option<RowChange<Self>> {
        let keep = |image: RawImage<'_>, shape: &Arc<RowShape>| Self {
            bytes: event.data.slice_ref(image.bytes()),
            shape: Arc::clone(shape),
        };
        match (row.before, row.after) {
            (None, Some(after)) => Some(RowChange::Insert(keep(after, &event.after))),
            (Some(before), Some(after)) => Some(RowChange::Update {
                before: keep(before, &event.before),
                after: keep(after, &event.after),
            }),
            (Some(before), None) => Some(RowChange::Delete(keep(before, &event.before))),
            (None, None) => None,
        }
    }
}

impl Image for LoggedImage {
    type Scratch = Vec<u8>;
    type Values<'a> = LoggedValues<'a>;

    fn has(&self, column: usize) -> bool {
        self.shape.has(column)
    }

    fn values<'a>(&'a self, scratch: &'a mut Vec<u8>) -> LoggedValues<'a> {
        LoggedValues(RawImage::of(&self.bytes, &self.shape).values(scratch))
    }

    fn bytes(&self) -> usize {
        self.bytes.len()
    }
}

/// Walks the values of an image; an image that is too short for any says so with the first.
#[derive(Debug)]
pub struct LoggedValues<'a>(Result<ImageValues<'a>, ValueError>);

impl RowValues for LoggedValues<'_> {
    #[inline]
    fn next(&mut self) -> Result<Value<'_>, EncodeError> {
        match &mut self.0 {
            Ok(values) => Ok(values.next()?),
            Err(error) => Err((*error).into()),
        }
    }

    #[inline]
    fn skip(&mut self) -> Result<(), EncodeError> {
        match &mut self.0 {
            Ok(values) => Ok(values.skip()?),
            Err(error) => Err((*error).into()),
        }
    }
}

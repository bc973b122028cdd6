//! What a stream told, in words.

use std::time::Duration;

use sealift_lab::Server;
use sealift_mysql::binlog::{
    BinlogError, BinlogStream, Event, LogPosition, Outcome, StreamOptions, Visible, VisibleError,
    log_end,
};
use sealift_mysql::endpoint::Endpoint;

use crate::{connect, reader, root};

pub(crate) const OPTIONS: StreamOptions =
    StreamOptions { server_id: 777_001, heartbeat: Duration::from_millis(500) };

/// Where a reader of this server would begin now; on a server that cannot tell, where its log ends: nobody writes.
pub(crate) async fn here(server: &Server) -> LogPosition {
    let mut session = connect(&root(server)).await;
    match Visible::of(&mut session).await {
        Ok(visible) => visible.start(&mut session).await.unwrap(),
        Err(VisibleError::NoWay { .. }) => end(server).await,
        Err(error) => panic!("{error}"),
    }
}

/// Where the log ends now.
pub(crate) async fn end(server: &Server) -> LogPosition {
    log_end(&mut connect(&root(server)).await).await.unwrap().unwrap()
}

pub(crate) async fn open(endpoint: &Endpoint, from: &LogPosition) -> BinlogStream {
    BinlogStream::open(endpoint, from, &OPTIONS).await.unwrap_or_else(|error| panic!("{error}"))
}

/// Everything from a position to the log's end, as the reader is told it.
pub(crate) async fn told(server: &Server, from: &LogPosition) -> Vec<String> {
    let mut stream = open(&reader(server), from).await;
    up_to(&mut stream, &end(server).await).await.unwrap_or_else(|error| panic!("{error}"))
}

/// Everything up to a position.
pub(crate) async fn up_to(
    stream: &mut BinlogStream,
    end: &LogPosition,
) -> Result<Vec<String>, BinlogError> {
    let mut told = Vec::new();
    loop {
        let here = LogPosition { gtids: None, ..stream.position().clone() };
        if here.covers(end) {
            return Ok(told);
        }
        told.extend(words(&stream.next().await?));
    }
}

/// An event in words; rows by kind, for they are somebody else's matter.
pub(crate) fn words(event: &Event) -> Option<String> {
    Some(match event {
        Event::Begin(_) => "begin".to_owned(),
        Event::Query(query) => {
            format!("{}: {}", query.schema, String::from_utf8_lossy(&query.sql))
        }
        Event::TableMap(map) => format!("map {}", table(&map.body)),
        Event::Rows(rows) => match rows.type_code {
            23 | 30 | 166 | 169 => "insert".to_owned(),
            24 | 31 | 167 | 170 => "update".to_owned(),
            25 | 32 | 168 | 171 => "delete".to_owned(),
            other => format!("rows of type {other}"),
        },
        Event::End(end) => match &end.outcome {
            Outcome::Committed => "commit".to_owned(),
            Outcome::RolledBack => "rollback".to_owned(),
            Outcome::Abandoned => "abandoned".to_owned(),
            Outcome::Prepared { xid } => format!("prepare {xid}"),
        },
        Event::Xa | Event::Idle(_) => return None,
    })
}

/// `schema.table` of a table map: six bytes of number, two of flags, then both names, counted and ended.
fn table(body: &[u8]) -> String {
    let name = |at: usize| {
        let length = usize::from(body[at]);
        (String::from_utf8_lossy(&body[at + 1..at + 1 + length]).into_owned(), at + length + 2)
    };
    let (schema, at) = name(8);
    format!("{schema}.{}", name(at).0)
}

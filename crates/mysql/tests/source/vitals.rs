//! How a source fares, asked of real servers.

use std::time::Duration;

use sealift_lab::server::APP_READER;
use sealift_lab::{Kind, Options};
use sealift_mysql::vitals::Watcher;

use crate::{account, root, start};

#[tokio::test]
async fn a_watcher_sees_the_log_grow_and_go_on_in_another_file() {
    for kind in [Kind::MySql5_6, Kind::MySql, Kind::MariaDb10_11] {
        if kind.is_left_out() {
            continue;
        }
        let server = start(Options::source(kind));
        server.sql("CREATE SCHEMA v; CREATE TABLE v.t (a INT PRIMARY KEY)");
        let mut watcher = Watcher::open(&root(&server)).await.unwrap();
        let first = watcher.look().await.unwrap();
        let end = first.log_end.clone().unwrap();
        assert_eq!(first.log_files.last().unwrap().name, end.file, "{}", server.kind());
        assert!(first.threads_running.unwrap() >= 1);
        assert_eq!(first.replica_lag, None);
        server.sql("INSERT INTO v.t VALUES (1)");
        let grown = watcher.look().await.unwrap();
        let later = grown.log_end.clone().unwrap();
        assert!(later.covers(&end) && !end.covers(&later));
        assert!(grown.at_micros >= first.at_micros);
        assert_eq!(grown.log_files.len(), first.log_files.len());
        let (keeping, seconds) = match kind {
            // In days.
            Kind::MySql5_6 => ("expire_logs_days = 1", 86_400),
            Kind::MySql | Kind::MariaDb10_5 | Kind::MariaDb10_11 | Kind::MariaDb11_8 => {
                ("binlog_expire_logs_seconds = 7200", 7_200)
            }
        };
        server.sql(format!("FLUSH BINARY LOGS; SET GLOBAL {keeping}"));
        let rotated = watcher.look().await.unwrap();
        assert_eq!(rotated.log_files.len(), first.log_files.len() + 1, "{}", server.kind());
        assert_eq!(rotated.log_kept, Some(Duration::from_secs(seconds)));
        watcher.close().await;
    }
}

#[tokio::test]
async fn the_smallest_reader_sees_what_it_may() {
    let server = start(Options::mysql());
    let mut watcher = Watcher::open(&account(&server, APP_READER)).await.unwrap();
    for _again in 0..2 {
        let vitals = watcher.look().await.unwrap();
        assert!(vitals.threads_running.is_some() && vitals.at_micros > 0);
    }
}

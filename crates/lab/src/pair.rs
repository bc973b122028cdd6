//! A source and an Azure-like target: what almost every test starts with.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::error::LabError;
use crate::server::{Kind, Options, Server};

/// Two servers.
#[derive(Debug)]
pub struct Pair {
    /// Where the data is.
    pub source: Server,
    /// Where it goes: like Azure Database for MySQL.
    pub target: Server,
}

impl Pair {
    /// Starts both at the same time.
    pub fn start(source: Options, target: Options) -> Result<Self, LabError> {
        std::thread::scope(|scope| {
            let target = scope.spawn(|| Server::start(target));
            let source = Server::start(source);
            let target = target.join().expect("starting a server does not panic");
            Ok(Self { source: source?, target: target? })
        })
    }

    /// What a migration from one to the other needs, as `sealift.toml`.
    pub fn configuration(&self) -> String {
        let Self { source, target } = self;
        format!("{}\n{}", table("source", source), table("target", target))
    }

    /// A MySQL source and an Azure-like target, for this test alone.
    ///
    /// # Panics
    /// When they do not start; the message says what to provide.
    #[track_caller]
    pub fn mysql() -> Self {
        Self::of(Kind::MySql)
    }

    /// A MySQL 5.6 source and an Azure-like target, for this test alone; whoever asks has seen to it that the kind is
    /// not [left out](Kind::is_left_out).
    ///
    /// # Panics
    /// When they do not start; the message says what to provide.
    #[track_caller]
    pub fn mysql_5_6() -> Self {
        Self::of(Kind::MySql5_6)
    }

    /// A MariaDB 10.5 source and an Azure-like target, for this test alone.
    ///
    /// # Panics
    /// When they do not start; the message says what to provide.
    #[track_caller]
    pub fn mariadb_10_5() -> Self {
        Self::of(Kind::MariaDb10_5)
    }

    /// A MariaDB 10.11 source and an Azure-like target, for this test alone.
    ///
    /// # Panics
    /// When they do not start; the message says what to provide.
    #[track_caller]
    pub fn mariadb_10_11() -> Self {
        Self::of(Kind::MariaDb10_11)
    }

    /// A MariaDB 11.8 source and an Azure-like target, for this test alone.
    ///
    /// # Panics
    /// When they do not start; the message says what to provide.
    #[track_caller]
    pub fn mariadb_11_8() -> Self {
        Self::of(Kind::MariaDb11_8)
    }

    /// The MySQL pair that all tests of this process share. It ends with the process. Take schema names from
    /// [`unique_schema`], and change nothing global.
    ///
    /// # Panics
    /// When it does not start; the message says what to provide.
    pub fn shared() -> &'static Self {
        static SHARED: LazyLock<Pair> = LazyLock::new(Pair::mysql);
        &SHARED
    }

    /// The MariaDB 10.11 pair that all tests of this process share.
    ///
    /// # Panics
    /// When it does not start; the message says what to provide.
    pub fn shared_mariadb() -> &'static Self {
        static SHARED: LazyLock<Pair> = LazyLock::new(Pair::mariadb_10_11);
        &SHARED
    }

    #[track_caller]
    fn of(kind: Kind) -> Self {
        match Self::start(Options::source(kind), Options::azure_target()) {
            Ok(pair) => pair,
            Err(error) => panic!("{error}"),
        }
    }
}

fn table(side: &str, server: &Server) -> String {
    let (user, host, port) = (server.account().user, server.host(), server.port());
    let ca = server.ca();
    let tls = if ca.exists() {
        // The servers' own certificates name no host.
        format!("tls = \"verify-ca\"\ntls_ca = {:?}\n", ca.display().to_string())
    } else {
        "tls = \"off\"\n".to_owned()
    };
    format!("[{side}]\nurl = \"mysql://{user}@{host}:{port}\"\n{tls}")
}

/// A schema name no other test of this process has, for tests that share a server.
pub fn unique_schema(stem: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("{stem}_{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

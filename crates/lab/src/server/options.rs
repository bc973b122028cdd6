//! What a test may choose about its server, and the arguments that follow from it.

use super::Kind;

/// What a server is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// A stock server with the account [`APP_READER`](super::APP_READER).
    Source,
    /// A server with the limits of Azure Database for MySQL and the account [`AZADMIN`](super::AZADMIN).
    AzureTarget,
}

/// How a server is to be started.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which server.
    pub kind: Kind,
    /// What it is for.
    pub role: Role,
    /// Whether MySQL writes global transaction ids (MariaDB always does).
    pub gtid: bool,
    /// Whether the server takes `LOAD DATA LOCAL`.
    pub local_infile: bool,
    /// Whether every commit reaches the disk and caches have their usual sizes, as on a real server; tests do without
    /// and are faster.
    pub durable: bool,
    /// InnoDB's cache.
    pub buffer_pool_mib: u32,
    /// InnoDB's redo log.
    pub redo_mib: u32,
    /// Further arguments of mysqld, after all others: they win.
    pub args: Vec<String>,
}

impl Options {
    /// A MySQL source.
    pub fn mysql() -> Self {
        Self::source(Kind::MySql)
    }

    /// A source of any kind.
    pub fn source(kind: Kind) -> Self {
        Self {
            kind,
            role: Role::Source,
            gtid: true,
            local_infile: true,
            durable: false,
            buffer_pool_mib: 128,
            redo_mib: 100,
            args: Vec::new(),
        }
    }

    /// A target like Azure Database for MySQL.
    pub fn azure_target() -> Self {
        Self { role: Role::AzureTarget, ..Self::mysql() }
    }

    /// The same without global transaction ids.
    #[must_use]
    pub fn without_gtid(self) -> Self {
        Self { gtid: false, ..self }
    }

    /// The same, refusing `LOAD DATA LOCAL`.
    #[must_use]
    pub fn without_local_infile(self) -> Self {
        Self { local_infile: false, ..self }
    }

    /// The same, every commit written to the disk and with the usual caches: for measurements.
    #[must_use]
    pub fn durable(self) -> Self {
        Self { durable: true, ..self }
    }

    /// The same with another size of InnoDB's cache.
    #[must_use]
    pub fn buffer_pool_mib(self, mib: u32) -> Self {
        Self { buffer_pool_mib: mib, ..self }
    }

    /// The same with another size of InnoDB's redo log.
    #[must_use]
    pub fn redo_mib(self, mib: u32) -> Self {
        Self { redo_mib: mib, ..self }
    }

    /// The same with one more argument of mysqld.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// The arguments that must be the same when the data folder is made and when it is used.
    pub(super) fn initial_arguments(&self) -> Vec<String> {
        const FIXED_AT_INIT: &[&str] =
            &["--lower-case-table-names", "--innodb-page-size", "--innodb-undo", "--innodb-data-"];
        let mut words = Vec::new();
        if self.role == Role::AzureTarget {
            words.push("--lower-case-table-names=1".to_owned());
        }
        let given = self.args.iter().filter(|a| {
            let dashed = a.replace('_', "-");
            FIXED_AT_INIT.iter().any(|fixed| dashed.starts_with(fixed))
        });
        words.extend(given.cloned());
        words
    }

    /// All arguments of a running server that do not depend on where it is.
    pub(super) fn running_arguments(&self) -> Vec<String> {
        let mut words: Vec<String> = self.initial_arguments();
        let on = |b: bool| if b { "ON" } else { "OFF" };
        words.push(format!("--local-infile={}", on(self.local_infile)));
        words.push(format!("--innodb-buffer-pool-size={}M", self.buffer_pool_mib));
        words.push("--innodb-buffer-pool-dump-at-shutdown=OFF".to_owned());
        words.push("--innodb-buffer-pool-load-at-startup=OFF".to_owned());
        words.push("--server-id=1".to_owned());
        if !self.durable {
            // A killed server loses nothing: the operating system has the writes. Only a power cut would.
            words.push("--innodb-flush-log-at-trx-commit=2".to_owned());
            words.push("--sync-binlog=0".to_owned());
            words.push("--innodb-flush-method=nosync".to_owned());
        } else {
            words.push("--innodb-flush-log-at-trx-commit=1".to_owned());
            words.push("--sync-binlog=1".to_owned());
        }
        words.extend(match self.kind {
            Kind::MySql5_6 => self.mysql_5_6_arguments(),
            Kind::MySql => self.mysql_arguments(),
            Kind::MariaDb10_5 | Kind::MariaDb10_11 | Kind::MariaDb11_8 => self.mariadb_arguments(),
        });
        words.extend(self.args.iter().cloned());
        words
    }

    fn mysql_arguments(&self) -> Vec<String> {
        let on = if self.gtid { "ON" } else { "OFF" };
        let mut words = vec![
            format!("--innodb-redo-log-capacity={}M", self.redo_mib),
            "--mysqlx=OFF".to_owned(),
            format!("--gtid-mode={on}"),
            format!("--enforce-gtid-consistency={on}"),
        ];
        if !self.durable {
            // A third less memory: test servers come in numbers.
            let small =
                ["innodb-log-buffer-size=8M", "table-open-cache=400", "table-definition-cache=400"];
            words.extend(small.map(|setting| format!("--{setting}")));
        }
        match self.role {
            Role::Source => words.push("--secure-file-priv=".to_owned()),
            Role::AzureTarget => words.extend(
                [
                    "--secure-file-priv=NULL",
                    "--require-secure-transport=ON",
                    "--sql-generate-invisible-primary-key=ON",
                    "--disabled-storage-engines=MyISAM,BLACKHOLE,ARCHIVE,FEDERATED,CSV",
                    "--log-bin-trust-function-creators=ON",
                    // For the read-only `mysql` schema.
                    "--partial-revokes=ON",
                ]
                .map(str::to_owned),
            ),
        }
        words
    }

    fn mysql_5_6_arguments(&self) -> Vec<String> {
        let on = if self.gtid { "ON" } else { "OFF" };
        vec![
            // Two files of it.
            format!("--innodb-log-file-size={}M", (self.redo_mib / 2).max(1)),
            "--log-bin=binlog".to_owned(),
            "--binlog-format=ROW".to_owned(),
            "--log-slave-updates=ON".to_owned(),
            format!("--gtid-mode={on}"),
            format!("--enforce-gtid-consistency={on}"),
            // Memory for its performance schema is taken by these.
            "--table-open-cache=400".to_owned(),
            "--table-definition-cache=400".to_owned(),
        ]
    }

    fn mariadb_arguments(&self) -> Vec<String> {
        let certificates = ["ca", "cert", "key"];
        let files = ["ca.pem", "server-cert.pem", "server-key.pem"];
        let mut words = vec![
            format!("--innodb-log-file-size={}M", self.redo_mib),
            "--log-bin=binlog".to_owned(),
            "--binlog-format=ROW".to_owned(),
            "--secure-file-priv=".to_owned(),
            "--performance-schema=ON".to_owned(),
        ];
        for (option, file) in certificates.iter().zip(files) {
            words.push(format!("--ssl-{option}={file}"));
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_fixed_at_initialisation_is_found_among_further_arguments() {
        let options = Options::mysql().arg("--lower_case_table_names=1").arg("--max-connections=9");
        assert_eq!(options.initial_arguments(), ["--lower_case_table_names=1"]);
    }

    #[test]
    fn an_argument_of_the_test_comes_last_and_wins() {
        let options = Options::azure_target().arg("--require-secure-transport=OFF");
        let words = options.running_arguments();
        assert_eq!(words.last().unwrap(), "--require-secure-transport=OFF");
    }
}

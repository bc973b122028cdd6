//! Trouble as a person sees it: a stable code, a side, an object, what happened, what to do.

use std::error::Error;
use std::fmt;

use sealift_mysql::error::{ErrorClass, MysqlError};
use sealift_mysql::gather::GatherError;
use sealift_schema::facts::Side;
use serde::{Deserialize, Serialize};

/// Declares the codes once: variant, printed code, title, what to do.
macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $title:literal, $remedy:literal;)*) => {
        /// Stable error codes. Append-only: a code is never reused and never changes its meaning. Each
        /// has a page in `docs/errors/`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum ErrorCode {
            $(
                #[doc = $title]
                $(#[$doc])*
                #[serde(rename = $code)]
                $variant,
            )*
        }

        impl ErrorCode {
            /// Every code, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The code as printed, e.g. `SL0303`.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            /// One line that says what the code means.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),* }
            }

            /// What the operator can do, when nothing more precise is known.
            #[must_use]
            pub fn remedy(self) -> &'static str {
                match self { $(Self::$variant => $remedy),* }
            }
        }
    };
}

codes! {
    ConfigMissing = "SL0101", "the configuration file cannot be read",
        "create sealift.toml (see the README) or name another with --config";
    ConfigInvalid = "SL0102", "the configuration is not valid",
        "correct the key that is named; docs/configuration.md lists all of them";
    UrlInvalid = "SL0103", "a server's url is not valid",
        "write it as mysql://user@host:3306";
    PasswordMissing = "SL0104", "no password was given",
        "set SEALIFT_SOURCE_PASSWORD or SEALIFT_TARGET_PASSWORD, or password_file in sealift.toml";
    UsageInvalid = "SL0105", "the command line is not valid",
        "see sealift --help";
    StateLocked = "SL0201", "another sealift is using this state folder",
        "wait for it, stop it, or name another folder with --state";
    StateForeign = "SL0202", "the state folder belongs to another migration",
        "name another folder with --state, or restore the configuration it was made with";
    StateNewer = "SL0203", "the state folder was written by a newer sealift",
        "use that version of sealift, or a new state folder";
    StateBroken = "SL0204", "the state folder cannot be read or written",
        "check the folder's permissions and free space";
    PlanMissing = "SL0205", "there is no plan",
        "run sealift plan first";
    PlanInvalid = "SL0206", "a file of the plan cannot be used",
        "correct or delete the file that is named, then run sealift plan";
    NotRunning = "SL0207", "no run is at work that could be asked",
        "start one with sealift run, or name its folder with --state";
    NoAnswer = "SL0208", "the running sealift does not answer",
        "see whether its process still works; sealift status shows what it last said";
    RequestRefused = "SL0209", "the running sealift refused the request",
        "send the token of api.json in the state folder, to the address in it";
    Unreachable = "SL0301", "the server cannot be reached",
        "check host, port, firewall and that the server runs";
    AccessDenied = "SL0303", "the server refused the login",
        "check user and password, and that the account may log in from this machine";
    TlsNotOffered = "SL0304", "the server does not offer TLS",
        "enable TLS on the server, or set tls = \"off\" if the path to it is trusted";
    CertificateNotTrusted = "SL0305", "the server's certificate is not trusted",
        "name the authority's certificate with tls_ca";
    CertificateName = "SL0306", "the server's certificate is for another name",
        "connect by the certificate's name, or set tls = \"verify-ca\"";
    TlsFailed = "SL0307", "TLS could not be set up",
        "check the server's tls_version and the CA file";
    AuthMethod = "SL0308", "the account's authentication method cannot be used",
        "use caching_sha2_password for the account sealift logs in with, or TLS";
    ConnectionLost = "SL0309", "the connection was lost",
        "run the same command again; it goes on where it stopped";
    Protocol = "SL0310", "the server's answer could not be understood",
        "check that the port is MySQL's; if it is, report the message";
    TooManyConnections = "SL0311", "the server has no connection left",
        "raise max_connections, or lower [copy] workers";
    TargetReadOnly = "SL0401", "the target does not accept writes",
        "use the primary, and turn read_only off";
    TargetOlder = "SL0402", "the target is older than the source",
        "use a target of the source's version or newer";
    PrivilegeMissing = "SL0403", "a privilege is missing",
        "grant what is named, then run the same command again";
    DiskFull = "SL0404", "the server's disk is full",
        "make room (its binary log doubles a load), then run the same command again";
    PacketTooLarge = "SL0405", "a row is larger than max_allowed_packet",
        "raise max_allowed_packet on the server, then run the same command again";
    ServerUnsuitable = "SL0406", "the server cannot play this part",
        "see the message";
    ObjectRefused = "SL0501", "an object cannot be carried to this target",
        "edit its script in the plan, exclude it, or skip it";
    ScriptFailed = "SL0502", "the target refused an object's script",
        "edit the script, then run sealift plan apply again";
    PlanStale = "SL0503", "the source's schema has moved since the plan was made",
        "run sealift plan again; edits are kept";
    TargetNotEmpty = "SL0504", "the target already holds rows",
        "empty the tables, or set [copy] not_empty = \"truncate\"";
    TargetTriggers = "SL0505", "the target has triggers on a table to be loaded",
        "drop them; the plan creates the source's triggers after the load";
    SourceChanged = "SL0506", "a definition changed on the source while it was being copied",
        "stop schema changes, run sealift plan again, then run again";
    NothingSelected = "SL0507", "nothing is selected",
        "check [select] in sealift.toml against the source's schemas";
    DefinitionFollowed = "SL0508", "a definition was changed on the source while its changes are followed",
        "exclude the object, or set its script to skip, then run again; docs/definitions.md has the rest";
    AccountRefused = "SL0509", "the target refused a statement about an account",
        "make the objects first, or edit the account's script, then run sealift accounts apply again";
    RowsRefused = "SL0601", "the target would have changed or dropped rows of a chunk",
        "nothing of the chunk was kept; see the server's warnings in the message";
    CountMismatch = "SL0602", "the target took another number of rows than were sent",
        "nothing of the chunk was kept; run again, and report it if it stays";
    SnapshotLocked = "SL0603", "the source could not be locked for the snapshot in time",
        "end the long-running statements that are named, or use --no-lock";
    LedgerMismatch = "SL0604", "the target's ledger does not fit this state folder",
        "use the state folder this copy was begun with, or start over with --restart";
    StatementFailed = "SL0605", "a server refused a statement",
        "see the server's message";
    LogPurged = "SL0606", "the source has purged binary log that was still needed",
        "have everything copied again: sealift copy-again --all, then sealift run; and let the source keep its \
         binary log longer (binlog_expire_logs_seconds)";
    LogUnreadable = "SL0607", "the source's binary log holds what cannot be carried",
        "change what the cause names, then have everything copied again: sealift copy-again --all, then sealift run";
    CopyUnclear = "SL0608", "nobody knows whether a copy has a transaction",
        "run the same command again: the table is copied again";
    Differences = "SL0701", "source and target differ",
        "see the report for the differing objects and keys";
    NothingCompared = "SL0702", "there is no comparison to repair by",
        "run sealift verify to its end, then sealift repair";
    Interrupted = "SL0801", "interrupted",
        "run the same command again; it goes on where it stopped";
    Internal = "SL0901", "sealift met a state it does not know",
        "report it with the message and the state folder's log";
    TurnRefused = "SL1001", "the turn was refused: the side that was live still is",
        "see the message; nothing was changed that is not taken back";
    TransactionsOpen = "SL1002", "open transactions hold the fence up",
        "end what is named, try again later, or set kill = true in [cutover]";
    BudgetUsedUp = "SL1003", "writes were kept out for as long as they may be",
        "the live side takes writes again; raise budget in [cutover], or try when there is less to do";
    NoWayBack = "SL1004", "changes could not be carried back exactly",
        "cut over with --no-way-back if you can do without";
    NotConfirmed = "SL1005", "the other side is not as it should be",
        "run sealift verify, and mend what differs";
    HookFailed = "SL1006", "a hook failed before the switch",
        "see what it said; nothing is switched, and the live side takes writes";
    TrafficNotMoved = "SL1007", "the other side is live, and the hook that moves the traffic failed",
        "move the traffic by hand: the side that was left takes no writes";
    WrittenPastFence = "SL1008", "a side was written to although its fence was closed",
        "find who writes with privileges that no fence keeps out, and stop that";
    ClientRefused = "SL1009", "the client that measures the downtime cannot write",
        "mend [cutover.client] in sealift.toml, or take it out: then our own clock alone measures";
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// What the engine does about a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// Try again after a while: the cause may pass by itself.
    Retry,
    /// Stop, keep everything done so far, tell the operator.
    Stop,
}

/// Trouble with a stable code, a side and an object.
#[derive(Debug)]
pub struct Fault {
    /// The stable code.
    pub code: ErrorCode,
    /// The server it happened on, if one.
    pub side: Option<Side>,
    /// The object it is about, e.g. ``table `shop`.`orders` ``.
    pub object: Option<String>,
    /// What happened: lower case, no full stop.
    pub what: String,
    /// What to do, if more precise than the code's own remedy.
    pub advice: Option<String>,
    /// The cause.
    pub cause: Option<Box<dyn Error + Send + Sync>>,
}

impl Fault {
    /// A fault that only has a code and words.
    pub fn new(code: ErrorCode, what: impl Into<String>) -> Self {
        Self { code, side: None, object: None, what: what.into(), advice: None, cause: None }
    }

    /// A server's error, coded by its class; `doing` is verb + object: "read table list".
    #[must_use]
    pub fn server(side: Side, doing: impl Into<String>, error: MysqlError) -> Self {
        let code = code_of(&error);
        Self {
            code,
            side: Some(side),
            object: None,
            what: doing.into(),
            advice: None,
            cause: Some(Box::new(error)),
        }
    }

    /// What kept a server from being gathered.
    #[must_use]
    pub fn gather(side: Side, error: GatherError) -> Self {
        match error {
            GatherError::Server { doing, cause } => Self::server(side, doing, cause),
            GatherError::Privilege { object, privilege, cause } => {
                let advice = format!("grant {privilege} on it to sealift's account on the {side}");
                let mut fault =
                    Self::server(side, "read its definition", cause).about(object).advise(advice);
                fault.code = ErrorCode::PrivilegeMissing;
                fault
            }
            unsettled @ GatherError::Unsettled { .. } => {
                Self::new(ErrorCode::SourceChanged, unsettled.to_string()).on(side)
            }
        }
    }

    /// Names the side.
    #[must_use]
    pub fn on(mut self, side: Side) -> Self {
        self.side = Some(side);
        self
    }

    /// Names the object.
    #[must_use]
    pub fn about(mut self, object: impl fmt::Display) -> Self {
        self.object = Some(object.to_string());
        self
    }

    /// Gives advice that is more precise than the code's own.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// Keeps the cause.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// What to do: the precise advice, else the code's own remedy.
    #[must_use]
    pub fn remedy(&self) -> &str {
        self.advice.as_deref().unwrap_or_else(|| self.code.remedy())
    }

    /// What the engine does about it.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        let transient = self
            .cause
            .as_ref()
            .and_then(|cause| cause.downcast_ref::<MysqlError>())
            .map(MysqlError::class);
        match transient {
            Some(ErrorClass::Transient | ErrorClass::Lost | ErrorClass::Unreachable) => {
                Disposition::Retry
            }
            Some(
                ErrorClass::AccessDenied
                | ErrorClass::Tls
                | ErrorClass::ReadOnly
                | ErrorClass::DiskFull
                | ErrorClass::PacketTooLarge
                | ErrorClass::PrivilegeMissing
                | ErrorClass::TooManyConnections
                | ErrorClass::DefinitionChanged
                | ErrorClass::DuplicateKey
                | ErrorClass::Interrupted
                | ErrorClass::LocalInfileOff
                | ErrorClass::Other,
            )
            | None => Disposition::Stop,
        }
    }
}

/// The code for a server's error.
fn code_of(error: &MysqlError) -> ErrorCode {
    match error {
        MysqlError::TlsNotOffered => ErrorCode::TlsNotOffered,
        MysqlError::CertificateNotTrusted(_) => ErrorCode::CertificateNotTrusted,
        MysqlError::CertificateName { .. } => ErrorCode::CertificateName,
        MysqlError::Tls(_) => ErrorCode::TlsFailed,
        MysqlError::Auth { .. } => ErrorCode::AuthMethod,
        MysqlError::NoPassword { .. } => ErrorCode::AccessDenied,
        MysqlError::Protocol { .. } | MysqlError::Result(_) => ErrorCode::Protocol,
        MysqlError::Server { .. }
        | MysqlError::Resolve { .. }
        | MysqlError::Connect { .. }
        | MysqlError::Lost { .. } => match error.class() {
            ErrorClass::Unreachable => ErrorCode::Unreachable,
            ErrorClass::Lost => ErrorCode::ConnectionLost,
            ErrorClass::AccessDenied => ErrorCode::AccessDenied,
            ErrorClass::Tls => ErrorCode::TlsFailed,
            ErrorClass::ReadOnly => ErrorCode::TargetReadOnly,
            ErrorClass::DiskFull => ErrorCode::DiskFull,
            ErrorClass::PacketTooLarge => ErrorCode::PacketTooLarge,
            ErrorClass::PrivilegeMissing => ErrorCode::PrivilegeMissing,
            ErrorClass::TooManyConnections => ErrorCode::TooManyConnections,
            ErrorClass::DefinitionChanged => ErrorCode::SourceChanged,
            ErrorClass::Transient
            | ErrorClass::DuplicateKey
            | ErrorClass::Interrupted
            | ErrorClass::LocalInfileOff
            | ErrorClass::Other => ErrorCode::StatementFailed,
        },
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some(side) = self.side {
            write!(f, " on the {side}")?;
        }
        if let Some(object) = &self.object {
            write!(f, ", {object}")?;
        }
        write!(f, ": {}", self.what)?;
        let mut cause: Option<&dyn Error> = self.cause.as_deref().map(|c| c as &dyn Error);
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl Error for Fault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as &(dyn Error + 'static))
    }
}

/// Adds side and doing to a server's error on its way up.
pub trait OnServer<T> {
    /// Turns a server's error into a [`Fault`]; `doing` is verb + object.
    ///
    /// # Errors
    /// The error it was called on, as a fault.
    fn on(self, side: Side, doing: &str) -> Result<T, Fault>;
}

impl<T> OnServer<T> for Result<T, MysqlError> {
    fn on(self, side: Side, doing: &str) -> Result<T, Fault> {
        self.map_err(|error| Fault::server(side, doing, error))
    }
}

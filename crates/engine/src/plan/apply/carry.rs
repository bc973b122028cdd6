//! Carries one script out on one session.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::error::{ErrorClass, MysqlError};
use sealift_mysql::session::Session;
use sealift_schema::facts::Side;
use sealift_schema::name::{ObjectKind, QualifiedName};

use super::Outcome;
use super::present::Present;
use super::statements::{Additions, Remainder, Statements, opening, setting};
use crate::fault::{ErrorCode, Fault, OnServer};
use crate::plan::read::PlanStep;
use crate::plan::script::step_words;
use crate::stage::Part;
use crate::target::definers::{Definers, concerns_all, definer_of, grant_for};

/// How often a statement is tried that the server rolled back for another's sake.
const TRIES_MAX: u32 = 3;

/// How long a script waits for somebody else's lock before it fails: long enough for a busy target, short
/// enough to be told. The server's default is a year.
const LOCK_WAIT_S_MAX: u32 = 600;

/// A session that carries scripts out, one after the other; beside it those of definers, as they are needed.
pub struct Hand {
    session: Session,
    /// The settings the last script left behind, if it was sealift's own.
    settings: Option<Vec<String>>,
    /// Whom it is logged in as, if that is a definer.
    definer: Option<String>,
    /// Sessions of definers, or why there is none: nobody is asked twice for what was refused.
    definers: BTreeMap<String, Result<Hand, Refused>>,
}

/// Why a definer has no session.
struct Refused {
    code: ErrorCode,
    what: String,
    cause: String,
    advice: String,
}

impl Hand {
    /// Logs in.
    pub(crate) async fn log_in(target: &Endpoint) -> Result<Self, Fault> {
        let session = Session::connect(target).await.on(Side::Target, "log in")?;
        Self::with(session, None).await
    }

    async fn with(mut session: Session, definer: Option<String>) -> Result<Self, Fault> {
        let wait = format!("SET SESSION lock_wait_timeout = {LOCK_WAIT_S_MAX}");
        session.execute(wait).await.on(Side::Target, "prepare the session")?;
        Ok(Self { session, settings: None, definer, definers: BTreeMap::new() })
    }

    /// The hand of a definer. The inner fault is about what this definer owns alone.
    pub(super) async fn of(
        &mut self,
        definers: &Definers,
        definer: &str,
    ) -> Result<Result<&mut Self, Fault>, Fault> {
        let known = match self.definers.entry(definer.to_owned()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(match definers.log_in(definer).await? {
                Ok(session) => Ok(Self::with(session, Some(definer.to_owned())).await?),
                Err(fault) => Err(Refused::from(fault)),
            }),
        };
        Ok(known.as_mut().map_err(|refused| refused.fault()))
    }

    /// Whom it is logged in as.
    pub(super) async fn account(&mut self) -> Result<String, Fault> {
        let doing = "ask who we are";
        let row = self.session.first("SELECT CURRENT_USER()").await.on(Side::Target, doing)?;
        let account = row.as_ref().map_or(Ok(""), |row| row.text(0)).on(Side::Target, doing)?;
        Ok(account.to_owned())
    }

    /// The session, to ask something or to set what scripts do not.
    pub fn session(&mut self) -> &mut Session {
        self.settings = None;
        &mut self.session
    }

    /// Executes statements of a script, its settings before. The inner error is about this script alone;
    /// the outer one is about the server or the way to it.
    pub(crate) async fn carry(
        &mut self,
        target: &Endpoint,
        step: &PlanStep,
        deeds: &[String],
    ) -> Result<Result<(), Fault>, Fault> {
        let body = &step.script.body;
        let statements = Statements::read(body);
        if let Some(fault) = misread(step, body, deeds) {
            return Ok(Err(fault));
        }
        let settings: Vec<String> = statements.settings.iter().map(|s| s.text.to_owned()).collect();
        let known = self.settings.take().is_some_and(|known| known == settings);
        let skipped = if known { settings.len() } else { 0 };
        let all = settings.iter().skip(skipped).map(|text| (None, text));
        let all = all.chain(deeds.iter().enumerate().map(|(at, text)| (Some(at), text)));
        for (deed, text) in all {
            if let Err(error) = self.execute(text).await {
                let (fault, class) = told(step, error, deed, deeds, statements.dialect);
                let (is_general, fault) = match &self.definer {
                    Some(definer) => (concerns_all(class), lacking(step, definer, class, fault)),
                    None => (is_general(class), fault),
                };
                return if is_general { Err(fault) } else { Ok(Err(fault)) };
            }
        }
        if step.edited {
            // It may have set anything: the next script gets a session of its own.
            self.session = Self::log_in(target).await?.session;
        } else {
            self.settings = Some(settings);
        }
        Ok(Ok(()))
    }

    async fn execute(&mut self, text: &str) -> Result<(), MysqlError> {
        let mut tries = 1;
        loop {
            match self.session.execute(text).await {
                Ok(_) => return Ok(()),
                Err(error) if error.class() == ErrorClass::Transient && tries < TRIES_MAX => {
                    tries += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// Whom a script names as definer of what it makes.
pub(crate) fn definer(body: &str) -> Option<String> {
    let statements = Statements::read(body);
    let mut deeds = statements.deeds.iter();
    deeds.find_map(|deed| definer_of(deed.text, statements.dialect))
}

impl Refused {
    fn fault(&self) -> Fault {
        let Self { code, what, cause, advice } = self;
        let fault = Fault::new(*code, what.as_str()).on(Side::Target).advise(advice.as_str());
        if cause.is_empty() { fault } else { fault.because(cause.as_str()) }
    }
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self {
            code: fault.code,
            advice: fault.remedy().to_owned(),
            cause: fault.cause.map(|cause| cause.to_string()).unwrap_or_default(),
            what: fault.what,
        }
    }
}

/// What a script's deeds come to, given what is there: either statements to execute or an outcome.
pub(crate) enum Work {
    /// These statements are missing.
    Deeds(Vec<String>),
    /// Nothing is to be executed.
    Nothing(Outcome),
}

/// Decides what of a script is to be executed. `begun` says that an earlier try was cut off in the midst
/// of it, `done` that one was seen to end.
pub(crate) fn work(step: &PlanStep, present: &Present, begun: bool, done: bool) -> Work {
    let statements = Statements::read(&step.script.body);
    let deeds: Vec<String> = statements.deeds.iter().map(|s| s.text.to_owned()).collect();
    match step.step().part {
        Part::Indexes | Part::ForeignKeys => additions(step, present, &statements, done),
        Part::Schemas
        | Part::Tables
        | Part::Routines
        | Part::Views
        | Part::Triggers
        | Part::Events => {
            let kind = step.step().object.kind;
            if let Some(other) = name_taken(kind, &step.target, present) {
                let what = format!("its name is taken by a {other} of the target");
                return Work::Nothing(failed(step, what, "drop or rename that object"));
            }
            if !present.has(kind, &step.target) {
                return Work::Deeds(deeds);
            }
            if begun && deeds.len() > 1 {
                return Work::Nothing(half_done(step, deeds.len()));
            }
            Work::Nothing(Outcome::AlreadyThere)
        }
    }
}

fn additions(step: &PlanStep, present: &Present, statements: &Statements<'_>, done: bool) -> Work {
    let is_there = |name: &str| match step.step().part {
        Part::ForeignKeys => present.has_foreign_key(&step.target, name),
        Part::Schemas
        | Part::Tables
        | Part::Indexes
        | Part::Routines
        | Part::Views
        | Part::Triggers
        | Part::Events => present.has_index(&step.target, name),
    };
    let mut deeds = Vec::new();
    let mut named = false;
    for statement in &statements.deeds {
        let Some(read) = Additions::read(statement.text, statements.dialect) else {
            deeds.push(statement.text.to_owned());
            continue;
        };
        named |= read.names().next().is_some();
        match read.without(is_there) {
            Remainder::Nothing => {}
            Remainder::Statement(text) => deeds.push(text),
            Remainder::Mixed { there } => {
                let what = format!(
                    "{} of it is there already, and what is missing cannot be told apart",
                    there.join(", ")
                );
                let advice = "drop what is there, or take it out of the script";
                return Work::Nothing(failed(step, what, advice));
            }
        }
    }
    // A person's script that names nothing can only be remembered.
    if deeds.is_empty() || (!named && done) {
        return Work::Nothing(Outcome::AlreadyThere);
    }
    Work::Deeds(deeds)
}

/// Tables and views share their names.
fn name_taken(kind: ObjectKind, name: &QualifiedName, present: &Present) -> Option<ObjectKind> {
    let other = match kind {
        ObjectKind::Table => ObjectKind::View,
        ObjectKind::View => ObjectKind::Table,
        ObjectKind::Schema
        | ObjectKind::Function
        | ObjectKind::Procedure
        | ObjectKind::Trigger
        | ObjectKind::Event => return None,
    };
    present.has(other, name).then_some(other)
}

fn half_done(step: &PlanStep, deeds: usize) -> Outcome {
    let what = format!(
        "an earlier run was cut off or failed inside its {deeds} statements; the object is there, but \
         perhaps not all of them took effect"
    );
    failed(
        step,
        what,
        "drop the object on the target and run again, or set the script's state to skip",
    )
}

fn failed(step: &PlanStep, what: String, advice: &str) -> Outcome {
    let fault = Fault::new(ErrorCode::ScriptFailed, what).on(Side::Target);
    Outcome::Failed(fault.about(step_words(step.step())).advise(advice))
}

/// Scripts are UTF-8. One that tells the server otherwise would have its letters misread.
fn misread(step: &PlanStep, body: &str, deeds: &[String]) -> Option<Fault> {
    if deeds.iter().all(|deed| deed.is_ascii()) {
        return None;
    }
    let charset = setting(body, "character_set_client")?;
    if charset.to_ascii_lowercase().starts_with("utf8") {
        return None;
    }
    let what = format!(
        "{} holds letters beyond ASCII, but sets character_set_client = {charset}",
        step.file
    );
    let fault = Fault::new(ErrorCode::ScriptFailed, what).about(step_words(step.step()));
    Some(fault.advise("set character_set_client = utf8mb4 in the script"))
}

/// A server's error as this script's fault, and its class.
fn told(
    step: &PlanStep,
    error: MysqlError,
    deed: Option<usize>,
    deeds: &[String],
    dialect: sealift_schema::sql::Dialect,
) -> (Fault, ErrorClass) {
    let class = error.class();
    let what = match deed {
        None => "apply the settings of its script".to_owned(),
        Some(_) if deeds.len() == 1 => "execute its script".to_owned(),
        Some(at) => {
            let text = deeds.get(at).map_or("", String::as_str);
            format!(
                "execute statement {} of {} of its script ({} …; those before it took effect)",
                at + 1,
                deeds.len(),
                opening(text, dialect)
            )
        }
    };
    let mut fault = Fault::server(Side::Target, what, error).about(step_words(step.step()));
    if matches!(class, ErrorClass::Other | ErrorClass::DefinitionChanged | ErrorClass::DuplicateKey)
    {
        fault.code = ErrorCode::ScriptFailed;
        fault =
            fault.advise(format!("edit {} or set its state to skip, then run again", step.file));
    }
    (fault, class)
}

/// What a definer lacks is told as the statement that gives it.
fn lacking(step: &PlanStep, definer: &str, class: ErrorClass, fault: Fault) -> Fault {
    if class != ErrorClass::PrivilegeMissing {
        return fault;
    }
    fault.advise(grant_for(definer, step.step().object.kind, &step.target))
}

/// Whether an error would meet every other script as well.
pub(crate) fn is_general(class: ErrorClass) -> bool {
    match class {
        ErrorClass::Unreachable
        | ErrorClass::Lost
        | ErrorClass::AccessDenied
        | ErrorClass::Tls
        | ErrorClass::ReadOnly
        | ErrorClass::DiskFull
        | ErrorClass::TooManyConnections
        | ErrorClass::Interrupted => true,
        ErrorClass::Transient
        | ErrorClass::PacketTooLarge
        | ErrorClass::PrivilegeMissing
        | ErrorClass::DefinitionChanged
        | ErrorClass::DuplicateKey
        | ErrorClass::LocalInfileOff
        | ErrorClass::Other => false,
    }
}

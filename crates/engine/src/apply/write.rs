//! The statements of one share: of each table first what went, then what is there.

use sealift_mysql::session::Session;
use sealift_schema::facts::Side;

use super::batch::Batch;
use super::cascade::Cascades;
use super::change::Image;
use super::share::{Share, TableShare};
use super::table::{Identity, TableForm};
use crate::encode::{Dialect, EncodeError};
use crate::fault::{ErrorCode, Fault};
use crate::target::connect::TargetLimits;
use crate::target::taken::{Doing, Sent, Trouble};

/// Bytes of one statement, or of a load stream handed over at once. Larger statements cost the target more
/// per row.
const STATEMENT_BYTES: usize = 250 << 10;

/// Keys named in one condition: with more, the optimizer may run out of the memory it has for ranges
/// (`range_optimizer_max_mem_size`) and read the whole table.
const KEYS_MAX: usize = 1_000;

/// Expected warnings of a statement at most, so that the server can list all of them (`max_error_count` ends
/// at 65,535).
const WARNED_MAX: u64 = 60_000;

/// Rows with warnings of tables whose target computes values, see [`TableForm::mutes_notes`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Notes {
    /// As the session was opened: they count.
    #[default]
    Counted,
    /// They do not.
    Muted,
}

impl Notes {
    /// What a table wants.
    fn of(form: &TableForm) -> Self {
        if form.mutes_notes { Self::Muted } else { Self::Counted }
    }
}

/// Writes changes on a session, inside a transaction that somebody else begins and ends.
pub(super) struct Pen<'s, I: Image> {
    pub(super) session: &'s mut Session,
    pub(super) forms: &'s [TableForm],
    pub(super) cascades: &'s Cascades,
    pub(super) limits: TargetLimits,
    load_rows: usize,
    notes: &'s mut Notes,
    pub(super) scratch: I::Scratch,
    /// What is sent next.
    pub(super) out: Vec<u8>,
}

/// What [`Pen::fill`] has put into the buffer.
struct Filled {
    rows: usize,
    warned: u64,
}

impl<'s, I: Image> Pen<'s, I> {
    pub(super) fn new(
        session: &'s mut Session,
        (forms, cascades): (&'s [TableForm], &'s Cascades),
        limits: TargetLimits,
        load_rows: usize,
        notes: &'s mut Notes,
    ) -> Self {
        Self {
            session,
            forms,
            cascades,
            limits,
            load_rows,
            notes,
            scratch: I::Scratch::default(),
            out: Vec::new(),
        }
    }

    /// Writes a share of a batch.
    pub(super) async fn share(&mut self, batch: &Batch<I>, share: &Share) -> Result<(), Trouble> {
        let forms = self.forms;
        for (table, TableShare { gone, puts }) in &share.tables {
            let form = forms.get(*table).ok_or_else(unknown_table)?;
            self.remove(form, batch, gone).await?;
            self.put(form, batch, puts).await?;
        }
        if share.has_ordered { self.ordered(batch.ordered()).await } else { Ok(()) }
    }

    /// Removes rows by their keys, there or not.
    async fn remove(
        &mut self,
        form: &TableForm,
        batch: &Batch<I>,
        gone: &[usize],
    ) -> Result<(), Trouble> {
        let Identity::Key(key) = &form.identity else { return Ok(()) };
        let rows = batch.rows();
        let keys: Vec<&[u8]> =
            gone.iter().filter_map(|at| rows.get(*at)).map(|row| batch.key_of(row)).collect();
        let mut rest = keys.as_slice();
        while !rest.is_empty() {
            let mut bytes = 0;
            let named = rest.iter().take(KEYS_MAX).take_while(|key| {
                // A literal takes two digits for each byte, and its character set and collation.
                let has_room = bytes < STATEMENT_BYTES / 2;
                bytes += 2 * key.len() + 64;
                has_room
            });
            let (now, later) = rest.split_at(named.count());
            let condition = key.condition(now).map_err(unreadable(form))?;
            let sql = format!("DELETE FROM {} WHERE {condition}", form.target);
            self.session.execute(sql).await.doing("delete rows")?;
            rest = later;
        }
        Ok(())
    }

    /// Puts rows in the place of those they conflict with.
    async fn put(
        &mut self,
        form: &TableForm,
        batch: &Batch<I>,
        puts: &[usize],
    ) -> Result<(), Trouble> {
        if puts.is_empty() {
            return Ok(());
        }
        self.mind_notes(form).await?;
        let rows = batch.rows();
        let images: Vec<&I> = puts
            .iter()
            .filter_map(|at| rows.get(*at))
            .filter_map(|row| row.last.as_ref())
            .collect();
        let is_large = images.len() >= self.load_rows
            || images.iter().any(|image| image.bytes() >= STATEMENT_BYTES);
        let mut rest = images.as_slice();
        while !rest.is_empty() {
            rest = if is_large && self.limits.dialect == Dialect::Load {
                self.load(form, rest).await?
            } else {
                self.statement(form, &form.replace_sql(), rest).await?
            };
        }
        Ok(())
    }

    /// Sends one load stream. Returns what is left.
    async fn load<'b>(
        &mut self,
        form: &TableForm,
        images: &'b [&'b I],
    ) -> Result<&'b [&'b I], Trouble> {
        let Self { session, scratch, out, .. } = self;
        let mut load = session.load(form.load_sql()).await.doing("begin a load")?;
        let mut sent = Sent { table: &form.target, rows: 0, warned: 0 };
        let mut rest = images;
        // Returning early drops the load, which closes the connection: the server must not take a part
        // for the whole.
        while !rest.is_empty() && sent.warned < WARNED_MAX {
            out.clear();
            let filled = fill(form, Dialect::Load, rest, scratch, out).map_err(unreadable(form))?;
            sent.rows += filled.rows as u64;
            sent.warned += filled.warned;
            rest = rest.get(filled.rows..).unwrap_or_default();
            load.send(out).await.doing("send rows")?;
        }
        let done = load.finish().await.doing("load rows")?;
        sent.check_load(session, &done).await?;
        Ok(rest)
    }

    /// Sends one statement of tuples. Returns what is left.
    pub(super) async fn statement<'b>(
        &mut self,
        form: &TableForm,
        head: &str,
        images: &'b [&'b I],
    ) -> Result<&'b [&'b I], Trouble> {
        let Self { session, scratch, out, limits, .. } = self;
        out.clear();
        out.extend_from_slice(head.as_bytes());
        let filled = fill(form, Dialect::Insert, images, scratch, out).map_err(unreadable(form))?;
        fits(form, out, *limits)?;
        let done = session.execute(&out).await.doing("write rows")?;
        let rows = filled.rows as u64;
        let sent = Sent { table: &form.target, rows, warned: filled.warned };
        // A statement of one tuple reports no records, and a row that is replaced counts twice.
        let taken = done.load_counts().map_or(1, |counts| counts.records);
        if taken != rows || done.affected_rows < rows {
            return Err(sent.miscounted(taken.min(done.affected_rows)));
        }
        sent.check_warnings(session, u64::from(done.warnings) == filled.warned).await?;
        Ok(images.get(filled.rows..).unwrap_or_default())
    }

    /// Whether [`Pen::mind_notes`] has something to say.
    pub(super) fn minds_other_notes(&self, form: &TableForm) -> bool {
        *self.notes != Notes::of(form)
    }

    /// A generated DECIMAL that is rounded gives a note for each row; a note about a value that was sent
    /// would be a loss.
    pub(super) async fn mind_notes(&mut self, form: &TableForm) -> Result<(), Trouble> {
        let wanted = Notes::of(form);
        if *self.notes == wanted {
            return Ok(());
        }
        let setting = match wanted {
            Notes::Counted => "SET sql_notes=1",
            Notes::Muted => "SET sql_notes=0",
        };
        self.session.execute(setting).await.doing("say which warnings matter")?;
        *self.notes = wanted;
        Ok(())
    }
}

/// Makes sure that the target takes a statement as large as this.
pub(super) fn fits(form: &TableForm, sql: &[u8], limits: TargetLimits) -> Result<(), Trouble> {
    // One byte for the command.
    if (sql.len() as u64) < limits.packet_max {
        return Ok(());
    }
    let what = format!(
        "a row takes {} bytes as a statement, max_allowed_packet is {}",
        sql.len(),
        limits.packet_max
    );
    let fault = Fault::new(ErrorCode::PacketTooLarge, what).on(Side::Target);
    Err(fault.about(format!("table {}", form.target)).into())
}

/// Appends rows until a statement is full: one at least.
fn fill<I: Image>(
    form: &TableForm,
    dialect: Dialect,
    images: &[&I],
    scratch: &mut I::Scratch,
    out: &mut Vec<u8>,
) -> Result<Filled, EncodeError> {
    let mut filled = Filled { rows: 0, warned: 0 };
    for image in images {
        let is_full = out.len() + image.bytes() > STATEMENT_BYTES || filled.warned >= WARNED_MAX;
        if filled.rows > 0 && is_full {
            break;
        }
        if dialect == Dialect::Insert && filled.rows > 0 {
            out.push(b',');
        }
        filled.warned += form.write(*image, dialect, scratch, out)?;
        filled.rows += 1;
    }
    Ok(filled)
}

pub(super) fn unreadable(form: &TableForm) -> impl Fn(EncodeError) -> Trouble {
    move |error| {
        let fault = Fault::new(ErrorCode::Protocol, "read a change").on(Side::Source);
        fault.about(format!("table {}", form.source)).because(error).into()
    }
}

pub(super) fn unknown_table() -> Trouble {
    Fault::new(ErrorCode::Internal, "a change of a table nobody asked for").into()
}

//! The tables whose changes are wanted, each by the definition its rows were written under.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use sealift_mysql::binlog::{RowImages, RowShape, TableMap};
use sealift_schema::column::Column;
use sealift_schema::facts::Side;
use sealift_schema::name::QualifiedName;

use crate::fault::{ErrorCode, Fault};

/// What is known of a table at the stream's position.
#[derive(Clone, Debug)]
pub struct Definition {
    /// Its name on the source.
    pub name: QualifiedName,
    /// All its columns in order, generated and invisible ones too.
    pub columns: Vec<Column>,
    /// Columns of the images that no catalog shows: MariaDB keeps a hash for each unique key that is too long
    /// for an index.
    pub hidden: usize,
    /// How much of its rows the log has.
    pub images: RowImages,
}

/// The tables whose changes are wanted.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    definitions: Vec<Definition>,
    by_name: BTreeMap<QualifiedName, usize>,
    /// By the number the log gives a table, for as long as the same map comes with it.
    maps: HashMap<u64, Mapped>,
}

/// A table map that was read before.
#[derive(Clone, Debug)]
struct Mapped {
    body: Bytes,
    /// `None` for a table nobody wants.
    known: Option<Known>,
}

/// How rows of a wanted table are read.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) table: usize,
    pub(super) map: Arc<TableMap>,
    pub(super) shape: Arc<RowShape>,
}

/// Maps that are remembered at most: a server gives a table a new number whenever it opens it anew.
const MAPS_MAX: usize = 50_000;

impl Tables {
    /// Tables by their definitions; their order gives them their numbers.
    #[must_use]
    pub fn new(definitions: Vec<Definition>) -> Self {
        let by_name = definitions
            .iter()
            .enumerate()
            .map(|(index, definition)| (definition.name.clone(), index))
            .collect();
        Self { definitions, by_name, maps: HashMap::new() }
    }

    /// A table's definition.
    #[must_use]
    pub fn get(&self, table: usize) -> Option<&Definition> {
        self.definitions.get(table)
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &QualifiedName> {
        self.by_name.keys()
    }

    /// A table's number.
    #[must_use]
    pub fn find(&self, name: &QualifiedName) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// Takes note of a table map, which the rows to come refer to by its number.
    ///
    /// # Errors
    /// When it cannot be read, or is not of the table that is known under its name.
    pub(super) fn map(&mut self, body: &Bytes) -> Result<(), Fault> {
        let (id, name) =
            TableMap::peek(body).map_err(|error| strange("read a table map", error))?;
        if self.maps.get(&id).is_some_and(|mapped| mapped.body == *body) {
            return Ok(());
        }
        let known = match self.find(&name) {
            Some(table) => Some(self.known(table, body)?),
            None => None,
        };
        if self.maps.len() >= MAPS_MAX {
            self.maps.clear();
        }
        // Kept apart from the event: a slice would keep all of it in memory.
        self.maps.insert(id, Mapped { body: Bytes::copy_from_slice(body), known });
        Ok(())
    }

    fn known(&self, table: usize, body: &Bytes) -> Result<Known, Fault> {
        let map = TableMap::read(body).map_err(|error| strange("read a table map", error))?;
        let definition = self.definitions.get(table);
        let (columns, hidden) = definition
            .map_or((&[][..], 0), |definition| (definition.columns.as_slice(), definition.hidden));
        let images = definition.map_or(RowImages::Whole, |definition| definition.images);
        let shape = RowShape::with_hidden(&map, columns, hidden).map_err(|misfit| {
            Fault::new(ErrorCode::SourceChanged, "read changed rows")
                .on(Side::Source)
                .about(format!("table {}", map.name))
                .because(misfit)
        })?;
        let shape = match images {
            RowImages::Whole => shape,
            RowImages::InPart => shape.in_part(),
        };
        Ok(Known { table, map: Arc::new(map), shape: Arc::new(shape) })
    }

    /// How rows with this number are read; `None` for those of a table nobody wants.
    ///
    /// # Errors
    /// When no map came with this number.
    pub(super) fn of(&self, id: u64) -> Result<Option<&Known>, Fault> {
        match self.maps.get(&id) {
            Some(mapped) => Ok(mapped.known.as_ref()),
            None => {
                Err(Fault::new(ErrorCode::LogUnreadable, "rows of a table that no map describes")
                    .on(Side::Source))
            }
        }
    }

    /// Forgets all maps: another connection may number tables anew.
    pub(super) fn forget_maps(&mut self) {
        self.maps.clear();
    }
}

fn strange(what: &str, error: impl std::error::Error + Send + Sync + 'static) -> Fault {
    Fault::new(ErrorCode::LogUnreadable, what).on(Side::Source).because(error)
}

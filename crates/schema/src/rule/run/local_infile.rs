//! `LOAD DATA LOCAL` costs a target less than half of what `INSERT` costs it.

use super::{Rule, Scene, Seen, Severity};
use crate::facts::Side;
use crate::name::ObjectKind;

pub(super) struct LocalInfile;

impl Rule for LocalInfile {
    fn name(&self) -> &'static str {
        "local_infile"
    }

    fn judge(&self, scene: &Scene<'_>) -> Vec<Seen> {
        if scene.target.is_on("local_infile") || !scene.plans(&[ObjectKind::Table]) {
            return Vec::new();
        }
        vec![Seen {
            severity: Severity::Warning,
            side: Side::Target,
            what: "local_infile is OFF: rows go as INSERT statements, which is about half as fast"
                .to_owned(),
            remedy: "set the server parameter local_infile to ON while the rows are copied"
                .to_owned(),
        }]
    }
}

#[cfg(test)]
mod tests {
    use crate::name::{ObjectId, ObjectKind, QualifiedName};
    use crate::rule::run::fixture::World;

    #[test]
    fn it_matters_where_rows_are_copied() {
        let table = [ObjectId::new(ObjectKind::Table, QualifiedName::new("s", "t"))];
        let said = |planned, value| {
            World::of(planned).on_target(&[("local_infile", value)]).said("local_infile").len()
        };
        assert_eq!(said(&table, "OFF"), 1);
        assert_eq!(said(&table, "ON"), 0);
        assert_eq!(said(&[], "OFF"), 0);
    }
}

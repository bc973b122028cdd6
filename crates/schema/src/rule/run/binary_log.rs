//! Without a binary log nobody can tell what changed while a copy was interrupted.

use super::{Rule, Scene, Seen, Severity};
use crate::facts::Side;
use crate::name::ObjectKind;

pub(super) struct BinaryLog;

impl Rule for BinaryLog {
    fn name(&self) -> &'static str {
        "binary_log"
    }

    fn judge(&self, scene: &Scene<'_>) -> Vec<Seen> {
        if scene.source.is_on("log_bin") || !scene.plans(&[ObjectKind::Table]) {
            return Vec::new();
        }
        vec![Seen {
            severity: Severity::Note,
            side: Side::Source,
            what:
                "the source writes no binary log: after an interruption all tables are copied again"
                    .to_owned(),
            remedy: "turn log_bin on if the copy may take long".to_owned(),
        }]
    }
}

#[cfg(test)]
mod tests {
    use crate::name::{ObjectId, ObjectKind, QualifiedName};
    use crate::rule::run::fixture::World;

    #[test]
    fn a_source_without_a_log_is_told() {
        let table = [ObjectId::new(ObjectKind::Table, QualifiedName::new("s", "t"))];
        let said = |value: &str| {
            let mut world = World::of(&table);
            world.source.variables.insert("log_bin".to_owned(), value.to_owned());
            world.said("binary_log").len()
        };
        assert_eq!(said("ON"), 0);
        assert_eq!(said("OFF"), 1);
    }
}

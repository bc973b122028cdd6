//! A target that writes a binary log takes functions and triggers only from logins it trusts (error 1419).

use super::{Rule, Scene, Seen, Severity};
use crate::facts::Side;
use crate::grants::Grants;
use crate::name::ObjectKind;

pub(super) struct FunctionCreators;

impl Rule for FunctionCreators {
    fn name(&self) -> &'static str {
        "function_creators"
    }

    fn judge(&self, scene: &Scene<'_>) -> Vec<Seen> {
        let target = scene.target;
        let is_refused = scene.plans(&[ObjectKind::Function, ObjectKind::Trigger])
            && target.is_on("log_bin")
            && !target.is_on("log_bin_trust_function_creators")
            && !Grants::read(&target.grants).everywhere("SUPER");
        if !is_refused {
            return Vec::new();
        }
        vec![Seen {
            severity: Severity::Warning,
            side: Side::Target,
            what: "functions and triggers will be refused: log_bin_trust_function_creators is OFF"
                .to_owned(),
            remedy: "set the server parameter log_bin_trust_function_creators to ON".to_owned(),
        }]
    }
}

#[cfg(test)]
mod tests {
    use crate::name::{ObjectId, ObjectKind, QualifiedName};
    use crate::rule::run::fixture::World;

    #[test]
    fn it_matters_for_functions_and_triggers_under_a_binary_log() {
        for (kind, log, trust, grant, count) in [
            (ObjectKind::Trigger, "ON", "OFF", "GRANT TRIGGER ON *.* TO `a`@`%`", 1),
            (ObjectKind::Function, "ON", "OFF", "GRANT SUPER ON *.* TO `a`@`%`", 0),
            (ObjectKind::Function, "ON", "ON", "", 0),
            (ObjectKind::Function, "OFF", "OFF", "", 0),
            (ObjectKind::Procedure, "ON", "OFF", "", 0),
        ] {
            let planned = [ObjectId::new(kind, QualifiedName::new("s", "x"))];
            let variables = [("log_bin", log), ("log_bin_trust_function_creators", trust)];
            let mut world = World::of(&planned).on_target(&variables);
            world.target.grants = vec![grant.to_owned()];
            assert_eq!(
                world.said("function_creators").len(),
                count,
                "{kind} {log} {trust} {grant}"
            );
        }
    }
}

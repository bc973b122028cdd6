//! A row as large as the source takes should fit the target.

use super::{Rule, Scene, Seen, Severity};
use crate::facts::{ServerFacts, Side};

pub(super) struct PacketSize;

const NAME: &str = "max_allowed_packet";

impl Rule for PacketSize {
    fn name(&self) -> &'static str {
        "packet_size"
    }

    fn judge(&self, scene: &Scene<'_>) -> Vec<Seen> {
        let size = |facts: &ServerFacts| facts.variable(NAME)?.parse::<u64>().ok();
        let (Some(source), Some(target)) = (size(scene.source), size(scene.target)) else {
            return Vec::new();
        };
        if target >= source {
            return Vec::new();
        }
        vec![Seen {
            severity: Severity::Warning,
            side: Side::Target,
            what: format!(
                "{NAME} is {target}, on the source {source}: larger rows would be refused"
            ),
            remedy: format!("set the server parameter {NAME} to {source} or more"),
        }]
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::run::fixture::World;

    #[test]
    fn a_smaller_limit_than_the_sources_is_told() {
        let said = |target| {
            let mut world = World::of(&[]).on_target(&[(super::NAME, target)]);
            world.source.variables.insert(super::NAME.to_owned(), "67108864".to_owned());
            world.said("packet_size")
        };
        assert_eq!(said("67108864"), [""; 0]);
        assert_eq!(
            said("16777216"),
            [
                "warning target: max_allowed_packet is 16777216, on the source 67108864: larger rows would be \
              refused; set the server parameter max_allowed_packet to 67108864 or more"
            ]
        );
    }
}

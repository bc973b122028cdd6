//! Words for findings: numbers as people read them, lists cut short.

use crate::name::{ObjectId, ObjectKind, quote};

/// `1.5 GiB`.
pub(super) fn bytes(number: u64) -> String {
    let units = [("TiB", 1_u64 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match units.into_iter().find(|(_, unit)| number >= *unit) {
        Some((name, unit)) => {
            let tenths = u128::from(number) * 10 / u128::from(unit);
            format!("{}.{} {name}", tenths / 10, tenths % 10)
        }
        None => format!("{number} bytes"),
    }
}

/// `3 days`, `5 hours`, `90 seconds`.
pub(super) fn seconds(number: u64) -> String {
    let units = [("days", 86_400), ("hours", 3_600), ("minutes", 60)];
    match units.into_iter().find(|(_, unit)| number >= 2 * unit) {
        Some((name, unit)) => format!("{} {name}", number / unit),
        None => format!("{number} seconds"),
    }
}

/// `850 ms`, `12 seconds`, `3 hours`.
pub(super) fn milliseconds(number: u64) -> String {
    if number < 10_000 { format!("{number} ms") } else { seconds(number / 1_000) }
}

/// `1 table`, `2 tables`: the noun with an s.
pub(super) fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// The first few of a list, and how many more.
pub(super) fn some<T: AsRef<str>>(items: &[T]) -> String {
    const NAMED_MAX: usize = 5;
    let named: Vec<&str> = items.iter().take(NAMED_MAX).map(AsRef::as_ref).collect();
    match items.len().saturating_sub(named.len()) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// The pattern that selects one object: `view:shop.v_orders`.
pub(super) fn pattern(object: &ObjectId) -> String {
    let plain = |name: &str| {
        let is_plain = |c: char| c.is_alphanumeric() || c == '_' || c == '$' || c == '-';
        if name.chars().all(is_plain) { name.to_owned() } else { quote(name) }
    };
    let schema = plain(&object.name.schema);
    match object.kind {
        ObjectKind::Schema => schema,
        ObjectKind::Function | ObjectKind::Procedure => {
            format!("routine:{schema}.{}", plain(&object.name.name))
        }
        ObjectKind::Table | ObjectKind::View | ObjectKind::Trigger | ObjectKind::Event => {
            format!("{}:{schema}.{}", object.kind, plain(&object.name.name))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_said_as_people_read_them() {
        assert_eq!(bytes(900), "900 bytes");
        assert_eq!(bytes(1_610_612_736), "1.5 GiB");
        assert_eq!(bytes(u64::MAX), "16777215.9 TiB");
        assert_eq!(seconds(90), "90 seconds");
        assert_eq!(seconds(172_800), "2 days");
        assert_eq!(some(&["a", "b", "c", "d", "e", "f", "g"]), "a, b, c, d, e and 2 more");
    }
}

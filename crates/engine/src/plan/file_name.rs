//! File names for any identifier: safe on every file system, readable, unique.

use std::collections::BTreeMap;

use super::script::hash;

/// The longest file name common file systems take, in bytes.
const LENGTH_MAX: usize = 255;

/// Stands before the hash in names that an identifier alone does not determine.
const HASH_MARK: char = '~';

/// Names Windows keeps for devices, whatever follows the first dot.
const DEVICES: [&str; 22] = [
    "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8",
    "com9", "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
];

/// Gives out the file names of one folder, no two equal even where case does not count.
#[derive(Clone, Debug, Default)]
pub struct FileNames {
    /// Folded file name → the file name given out.
    taken: BTreeMap<String, String>,
}

impl FileNames {
    /// Keeps a name that was given out by an earlier plan.
    pub fn keep(&mut self, file_name: &str) {
        self.taken.insert(fold(file_name), file_name.to_owned());
    }

    /// A free name for an identifier; `ending` is e.g. `.sql`, or empty for a folder.
    pub fn give(&mut self, identifier: &str, ending: &str) -> String {
        let plain = encode(identifier);
        let mut file_name = format!("{plain}{ending}");
        let mut round = 0_u32;
        while file_name.len() > LENGTH_MAX || self.taken.contains_key(&fold(&file_name)) {
            let digest = hash([identifier, &round.to_string()]);
            let short = digest.get(..12).unwrap_or(&digest);
            let room = LENGTH_MAX - ending.len() - short.len() - HASH_MARK.len_utf8();
            file_name = format!("{}{HASH_MARK}{short}{ending}", cut(&plain, room));
            round += 1;
        }
        self.keep(&file_name);
        file_name
    }
}

/// The identifier a file name stands for; `None` where the name was cut or made unique by a hash.
#[must_use]
pub fn identifier(file_name: &str, ending: &str) -> Option<String> {
    let plain = file_name.strip_suffix(ending)?;
    if plain.contains(HASH_MARK) {
        return None;
    }
    let mut bytes = Vec::with_capacity(plain.len());
    let mut rest = plain.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next()?, rest.next()?];
        let digits = std::str::from_utf8(&digits).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
    }
    String::from_utf8(bytes).ok()
}

/// Writes what a path cannot hold as `%XX`; letters and digits of all scripts stay readable.
fn encode(identifier: &str) -> String {
    let device = DEVICES.iter().any(|device| {
        let stem = identifier.split('.').next().unwrap_or(identifier);
        stem.eq_ignore_ascii_case(device)
    });
    let mut encoded = String::with_capacity(identifier.len());
    let last = identifier.chars().count().saturating_sub(1);
    for (at, c) in identifier.chars().enumerate() {
        let edge = (at == 0 && (c == '.' || device)) || (at == last && matches!(c, '.' | ' '));
        if !edge && is_safe(c) {
            encoded.push(c);
            continue;
        }
        let mut buffer = [0; 4];
        for byte in c.encode_utf8(&mut buffer).bytes() {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// Combining marks and other signs beyond ASCII are not safe: some file systems change them.
fn is_safe(c: char) -> bool {
    if !c.is_ascii() {
        return c.is_alphanumeric();
    }
    !c.is_ascii_control()
        && !matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' | '%' | HASH_MARK)
}

/// What a file system that ignores case would compare.
fn fold(file_name: &str) -> String {
    file_name.to_uppercase().to_lowercase()
}

/// The longest beginning of at most `room` bytes that splits neither a letter nor a `%XX`.
fn cut(plain: &str, room: usize) -> &str {
    let mut end = room.min(plain.len());
    while !plain.is_char_boundary(end) {
        end -= 1;
    }
    let kept = plain.get(..end).unwrap_or("");
    match kept.rfind('%') {
        Some(at) if kept.len() - at < 3 => kept.get(..at).unwrap_or(""),
        _ => kept,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn one(identifier: &str) -> String {
        FileNames::default().give(identifier, ".sql")
    }

    #[test]
    fn names_stay_readable_and_safe() {
        let check = |name: &str, expected: &str| assert_eq!(one(name), expected);
        check("orders", "orders.sql");
        check("Ünïcode 表", "Ünïcode 表.sql");
        check("a/b\\c", "a%2Fb%5Cc.sql");
        check("..", "%2E%2E.sql");
        check("x.", "x%2E.sql");
        check(".hidden.name", "%2Ehidden.name.sql");
        check("50%", "50%25.sql");
        check("a~b", "a%7Eb.sql");
        check("line\nend", "line%0Aend.sql");
        check("nul", "%6Eul.sql");
        check("$x`y'z", "$x`y'z.sql");
        check("e\u{301}", "e%CC%81.sql");
    }

    #[test]
    fn names_that_differ_in_case_only_get_files_of_their_own() {
        let mut names = FileNames::default();
        let first = names.give("orders", ".sql");
        let second = names.give("Orders", ".sql");
        assert_eq!(first, "orders.sql");
        assert!(second.starts_with("Orders~"), "{second}");
        assert_ne!(second, names.give("ORDERS", ".sql"));
    }

    #[test]
    fn a_name_of_an_earlier_plan_is_not_given_to_another() {
        let mut names = FileNames::default();
        names.keep("Orders.sql");
        assert!(names.give("orders", ".sql").starts_with("orders~"));
    }

    #[test]
    fn the_longest_names_fit() {
        let letters = "表".repeat(64);
        assert_eq!(one(&letters), format!("{letters}.sql"));
        let signs = "☃".repeat(64);
        assert!(one(&signs).len() <= LENGTH_MAX);
    }

    proptest! {
        #[test]
        fn file_names_are_unique_short_and_give_the_identifier_back(
            identifiers in proptest::collection::btree_set("[a-cA-C%~./☃é\u{301}]{1,5}|\\PC{1,64}", 1..40)
        ) {
            let mut names = FileNames::default();
            let mut folded = BTreeSet::new();
            for name in &identifiers {
                let file_name = names.give(name, ".function.sql");
                prop_assert!(file_name.len() <= LENGTH_MAX);
                prop_assert!(!file_name.contains(['/', '\\', '\0', '\n']));
                prop_assert!(!file_name.starts_with('.'));
                prop_assert!(folded.insert(fold(&file_name)), "{file_name}");
                if let Some(back) = identifier(&file_name, ".function.sql") {
                    prop_assert_eq!(&back, name);
                } else {
                    prop_assert!(file_name.contains(HASH_MARK));
                }
            }
        }
    }
}

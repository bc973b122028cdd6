//! Finds the Debian mirror this machine already uses, in apt's own source files. Pure: text in, mirror out.

/// Where Debian's packages come from, and how apt checks them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirror {
    /// The address, as apt's sources have it.
    pub uri: String,
    /// `Signed-By`: a keyring's path or an embedded key, as apt's sources have it.
    pub signed_by: Option<String>,
    /// Whether the sources call the entry trusted.
    pub trusted: bool,
}

impl Mirror {
    /// An apt source (deb822) for another suite of the same mirror.
    pub fn source_for(&self, suite: &str) -> String {
        let mut text =
            format!("Types: deb\nURIs: {}\nSuites: {suite}\nComponents: main\n", self.uri);
        if let Some(key) = &self.signed_by {
            text.push_str(&format!("Signed-By: {key}\n"));
        }
        if self.trusted {
            text.push_str("Trusted: yes\n");
        }
        text
    }
}

/// One entry of apt's sources, from either format.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) uris: Vec<String>,
    pub(crate) suites: Vec<String>,
    pub(crate) components: Vec<String>,
    pub(crate) signed_by: Option<String>,
    pub(crate) trusted: bool,
}

/// Debian's suites and code names an entry of its main archive can have.
const DEBIAN_SUITES: &[&str] = &[
    "oldoldstable",
    "oldstable",
    "stable",
    "testing",
    "unstable",
    "sid",
    "buster",
    "bullseye",
    "bookworm",
    "trixie",
    "forky",
    "duke",
];

/// Chooses the entry that is Debian's own archive: no security, no third party.
pub(crate) fn choose(entries: &[Entry]) -> Option<Mirror> {
    let mut best: Option<(u8, Mirror)> = None;
    for entry in entries {
        let Some(uri) = entry.uris.first() else { continue };
        let debian_suite = entry.suites.iter().any(|s| DEBIAN_SUITES.contains(&s.as_str()));
        if !debian_suite
            || !entry.components.iter().any(|c| c == "main")
            || uri.contains("security")
            || uri.starts_with("cdrom:")
        {
            continue;
        }
        // A third party can use Debian's suite names too; Debian's own keyring and path tell them apart.
        let own_key =
            entry.signed_by.as_deref().is_some_and(|k| k.contains("debian-archive-keyring"));
        let own_path = uri.trim_end_matches('/').ends_with("/debian") || uri.contains("mirrors/");
        let updates = entry.suites.iter().any(|s| s.ends_with("-updates"));
        let score = u8::from(own_key) * 4 + u8::from(own_path) * 2 + u8::from(updates);
        if best.as_ref().is_none_or(|(seen, _)| score > *seen) {
            let mirror = Mirror {
                uri: uri.clone(),
                signed_by: entry.signed_by.clone(),
                trusted: entry.trusted,
            };
            best = Some((score, mirror));
        }
    }
    best.map(|(_, mirror)| mirror)
}

/// Reads a deb822 file (`*.sources`).
pub(crate) fn parse_deb822(text: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    for paragraph in paragraphs(text) {
        let field = |name: &str| {
            paragraph.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
        };
        let words = |name: &str| {
            field(name).unwrap_or("").split_whitespace().map(str::to_owned).collect::<Vec<_>>()
        };
        let off = field("Enabled").is_some_and(|v| matches!(v.trim(), "no" | "false" | "0"));
        if off || !words("Types").iter().any(|t| t == "deb") {
            continue;
        }
        entries.push(Entry {
            uris: words("URIs"),
            suites: words("Suites"),
            components: words("Components"),
            signed_by: field("Signed-By").map(str::to_owned),
            trusted: field("Trusted").is_some_and(|v| v.trim() == "yes"),
        });
    }
    entries
}

/// The paragraphs of a deb822 text as (field, value); a value keeps its continuation lines.
fn paragraphs(text: &str) -> Vec<Vec<(String, String)>> {
    let mut all = vec![Vec::<(String, String)>::new()];
    for line in text.lines().filter(|l| !l.starts_with('#')) {
        if line.trim().is_empty() {
            all.push(Vec::new());
        } else if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = all.last_mut().and_then(|p| p.last_mut()) {
                value.push('\n');
                value.push_str(line);
            }
        } else if let Some((name, value)) = line.split_once(':') {
            let field = (name.trim().to_owned(), value.trim().to_owned());
            all.last_mut().expect("never empty").push(field);
        }
    }
    all.retain(|p| !p.is_empty());
    all
}

/// Reads a one-line-style file (`*.list`).
pub(crate) fn parse_list(text: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or("").trim();
        let Some(rest) = line.strip_prefix("deb ").or_else(|| line.strip_prefix("deb\t")) else {
            continue;
        };
        let mut entry = Entry::default();
        let mut rest = rest.trim();
        if let Some((options, after)) =
            rest.strip_prefix('[').and_then(|inside| inside.split_once(']'))
        {
            for option in options.split_whitespace() {
                match option.split_once('=') {
                    Some(("signed-by", key)) => entry.signed_by = Some(key.to_owned()),
                    Some(("trusted", "yes")) => entry.trusted = true,
                    _ => {}
                }
            }
            rest = after;
        }
        let mut words = rest.split_whitespace().map(str::to_owned);
        entry.uris.extend(words.next());
        entry.suites.extend(words.next());
        entry.components.extend(words);
        entries.push(entry);
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mirror_of_a_deb822_file_is_found_and_security_is_not_taken() {
        let text = "Types: deb\n# a comment\nURIs: http://security.example/debian-security\n\
                    Suites: bookworm-security\nComponents: main\n\n\
                    Types: deb deb-src\nURIs: https://mirror.example/debian\n\
                    Suites: bookworm bookworm-updates\nComponents: main contrib\n\
                    Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n";
        let mirror = choose(&parse_deb822(text)).expect("a mirror");
        assert_eq!(mirror.uri, "https://mirror.example/debian");
        assert_eq!(
            mirror.source_for("sid"),
            "Types: deb\nURIs: https://mirror.example/debian\nSuites: sid\nComponents: main\n\
             Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
        );
    }

    #[test]
    fn the_mirror_of_a_one_line_file_is_found_and_third_parties_are_not_taken() {
        let text = "deb https://vendor.example/repo/10.11/debian/ bookworm main\n\
                    deb https://node.example/node nodistro main\n\
                    # deb http://off.example/debian bookworm main\n\
                    deb-src http://mirror.example/debian bookworm main\n\
                    deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] \
                    http://mirror.example/debian/ trixie main non-free # the archive\n";
        let mirror = choose(&parse_list(text)).expect("a mirror");
        assert_eq!(mirror.uri, "http://mirror.example/debian/");
        assert!(mirror.signed_by.is_some());
    }

    #[test]
    fn an_embedded_key_is_kept_whole() {
        let text = "Types: deb\nURIs: http://mirror.example/debian\nSuites: sid\nComponents: main\n\
                    Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n";
        let mirror = choose(&parse_deb822(text)).expect("a mirror");
        let key = mirror.signed_by.expect("a key");
        assert_eq!(key, "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc");
    }

    #[test]
    fn no_entry_of_debian_gives_no_mirror() {
        assert_eq!(choose(&parse_list("deb http://archive.example/ubuntu noble main\n")), None);
        assert_eq!(
            choose(&parse_deb822(
                "Types: deb\nURIs: http://m.example/debian\nSuites: sid\nComponents: main\n\
                 Enabled: no\n"
            )),
            None
        );
    }
}

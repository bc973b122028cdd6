//! A set of transactions by their names: intervals on MySQL, the last of each domain on MariaDB.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::gtid::{
    Gtid, Origin, UnreadableGtid, is_tag_start, parse_number, parse_tag, parse_uuid, write_uuid,
};

/// Transactions by GTID. `Display`, `FromStr` and serde's form are the server's own text, in its canonical form.
///
/// A MySQL set holds intervals per origin (`uuid:1-5:7:tag:1-3`). A MariaDB position names the last transaction of
/// each domain (`0-1-5,7-1-3`) and stands for all up to it, so it is only as good as the order of sequence numbers
/// in a domain: within one server compare places in its log instead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GtidSet {
    origins: BTreeMap<Origin, Intervals>,
    /// Last server and sequence by domain.
    domains: BTreeMap<u32, (u32, u64)>,
}

/// Numbers as intervals of first and last: in order, apart by at least one number, never empty.
type Intervals = Vec<(u64, u64)>;

impl GtidSet {
    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.origins.is_empty() && self.domains.is_empty()
    }

    /// Whether a transaction is in it.
    #[must_use]
    pub fn contains(&self, gtid: &Gtid) -> bool {
        match gtid {
            Gtid::MySql { origin, number } => self
                .origins
                .get(origin)
                .is_some_and(|intervals| covering(intervals, *number, *number)),
            Gtid::MariaDb { domain, sequence, .. } => {
                self.domains.get(domain).is_some_and(|(_, last)| last >= sequence)
            }
        }
    }

    /// Whether all of it is in the other.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        let origins = self.origins.iter().all(|(origin, ours)| {
            let theirs = other.origins.get(origin).map_or(&[][..], Vec::as_slice);
            ours.iter().all(|(first, last)| covering(theirs, *first, *last))
        });
        origins
            && self.domains.iter().all(|(domain, (_, sequence))| {
                other.domains.get(domain).is_some_and(|(_, last)| last >= sequence)
            })
    }

    /// How many transactions are in it and not in the other. On MariaDB as many as sequence numbers are left
    /// out, which is more than transactions where numbers are skipped.
    #[must_use]
    pub fn count_beyond(&self, other: &Self) -> u64 {
        let mut count: u64 = 0;
        for (origin, ours) in &self.origins {
            let theirs = other.origins.get(origin).map_or(&[][..], Vec::as_slice);
            for (first, last) in ours {
                let common: u64 = theirs
                    .iter()
                    .map(|(start, end)| (end.min(last) + 1).saturating_sub(*start.max(first)))
                    .sum();
                count = count.saturating_add((last - first + 1).saturating_sub(common));
            }
        }
        for (domain, (_, last)) in &self.domains {
            let theirs = other.domains.get(domain).map_or(0, |(_, sequence)| *sequence);
            count = count.saturating_add(last.saturating_sub(theirs));
        }
        count
    }

    /// Adds a transaction. On MariaDB it becomes the last of its domain, whatever its number.
    pub fn insert(&mut self, gtid: &Gtid) {
        match gtid {
            Gtid::MySql { origin, number } => match self.origins.get_mut(origin) {
                Some(intervals) => add(intervals, *number, *number),
                None => {
                    self.origins.insert(origin.clone(), vec![(*number, *number)]);
                }
            },
            Gtid::MariaDb { domain, server, sequence } => {
                self.domains.insert(*domain, (*server, *sequence));
            }
        }
    }

    /// Takes a transaction out. On MariaDB, where a domain's last stands for all before it, nothing can be.
    pub fn remove(&mut self, gtid: &Gtid) {
        let Gtid::MySql { origin, number } = gtid else { return };
        let Some(intervals) = self.origins.get_mut(origin) else { return };
        let Some(at) = intervals.iter().position(|(first, last)| (first..=last).contains(&number))
        else {
            return;
        };
        let left = intervals.get(at).map_or_else(Vec::new, |(first, last)| {
            let parts = [(*first, number.saturating_sub(1)), (number.saturating_add(1), *last)];
            parts.into_iter().filter(|(first, last)| first <= last).collect()
        });
        intervals.splice(at..=at, left);
        if intervals.is_empty() {
            self.origins.remove(origin);
        }
    }

    /// Adds all of another; on MariaDB the higher sequence number of a domain stays.
    pub fn union(&mut self, other: &Self) {
        for (origin, theirs) in &other.origins {
            let ours = self.origins.entry(origin.clone()).or_default();
            for (first, last) in theirs {
                add(ours, *first, *last);
            }
        }
        for (domain, (server, sequence)) in &other.domains {
            let ours = self.domains.entry(*domain).or_insert((*server, *sequence));
            if ours.1 < *sequence {
                *ours = (*server, *sequence);
            }
        }
    }

    /// Whether none of MariaDB's GTIDs is in it.
    #[must_use]
    pub fn is_mysql(&self) -> bool {
        self.domains.is_empty()
    }

    /// The set as `COM_BINLOG_DUMP_GTID` wants it. Sets with tags have a form of their own, which servers before
    /// 8.3 do not read (MySQL's `Gtid_set::encode`).
    pub(super) fn encode(&self) -> Vec<u8> {
        const TAGGED: u64 = 1;
        let has_tags = self.origins.keys().any(|origin| !origin.tag.is_empty());
        let count = length(self.origins.len());
        let head = if has_tags { (TAGGED << 56) | (count << 8) | TAGGED } else { count };
        let mut bytes = head.to_le_bytes().to_vec();
        for (origin, intervals) in &self.origins {
            bytes.extend_from_slice(&origin.uuid);
            if has_tags {
                // A length of MySQL's own varint: shifted by one while it is below 128; tags have 32 bytes.
                bytes.push(u8::try_from(origin.tag.len() << 1).unwrap_or(u8::MAX));
                bytes.extend_from_slice(origin.tag.as_bytes());
            }
            bytes.extend_from_slice(&length(intervals.len()).to_le_bytes());
            for (first, last) in intervals {
                bytes.extend_from_slice(&first.to_le_bytes());
                bytes.extend_from_slice(&(last + 1).to_le_bytes());
            }
        }
        bytes
    }

    fn take_mysql(&mut self, text: &str) -> Option<()> {
        let mut parts = text.split(':').map(str::trim);
        let uuid = parse_uuid(parts.next()?)?;
        let mut origin = Origin { uuid, tag: Box::default() };
        let mut is_first = true;
        for part in parts {
            if part.starts_with(is_tag_start) {
                origin.tag = parse_tag(part)?.into();
            } else {
                let (first, last) = part.split_once('-').unwrap_or((part, part));
                let (first, last) = (parse_number(first)?, parse_number(last)?);
                if first <= last {
                    add(self.origins.entry(origin.clone()).or_default(), first, last);
                }
            }
            is_first = false;
        }
        (!is_first).then_some(())
    }
}

fn length(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// Whether one of the intervals covers all from `first` to `last`.
fn covering(intervals: &[(u64, u64)], first: u64, last: u64) -> bool {
    let after = intervals.partition_point(|(start, _)| *start <= first);
    after.checked_sub(1).and_then(|at| intervals.get(at)).is_some_and(|(_, end)| *end >= last)
}

/// Adds an interval; mostly it continues the last one.
fn add(intervals: &mut Intervals, first: u64, last: u64) {
    if let Some((start, end)) = intervals.last_mut()
        && *start <= first
        && first <= *end + 1
    {
        *end = last.max(*end);
        return;
    }
    // All that touch it become one with it.
    let from = intervals.partition_point(|(_, end)| end + 1 < first);
    let to = intervals.partition_point(|(start, _)| *start <= last + 1);
    let touched = intervals.get(from..to).unwrap_or_default();
    let first = touched.first().map_or(first, |(start, _)| first.min(*start));
    let last = touched.last().map_or(last, |(_, end)| last.max(*end));
    intervals.splice(from..to, [(first, last)]);
}

impl FromStr for GtidSet {
    type Err = UnreadableGtid;

    fn from_str(text: &str) -> Result<Self, UnreadableGtid> {
        let mut set = Self::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let unreadable = || UnreadableGtid::new("GTID set", part);
            if part.contains(':') {
                set.take_mysql(part).ok_or_else(unreadable)?;
            } else {
                set.insert(&Gtid::parse_mariadb(part).ok_or_else(unreadable)?);
            }
        }
        Ok(set)
    }
}

impl fmt::Display for GtidSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut uuid = None;
        for (origin, intervals) in &self.origins {
            // The tags of a server follow its own numbers: `uuid:1-5:tag:1`.
            if uuid != Some(origin.uuid) {
                f.write_str(if uuid.is_some() { "," } else { "" })?;
                write_uuid(f, &origin.uuid)?;
                uuid = Some(origin.uuid);
            }
            if !origin.tag.is_empty() {
                write!(f, ":{}", origin.tag)?;
            }
            for (first, last) in intervals {
                if first == last { write!(f, ":{first}")? } else { write!(f, ":{first}-{last}")? }
            }
        }
        let mut is_first = uuid.is_none();
        for (domain, (server, sequence)) in &self.domains {
            f.write_str(if is_first { "" } else { "," })?;
            write!(f, "{domain}-{server}-{sequence}")?;
            is_first = false;
        }
        Ok(())
    }
}

impl Serialize for GtidSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for GtidSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    const A: &str = "0f1b2c3d-0000-11ee-8000-0242ac120002";
    const B: &str = "3e11fa47-71ca-11e1-9e33-c80aa9429562";

    fn set(text: &str) -> GtidSet {
        text.parse().unwrap()
    }

    #[test]
    fn transactions_that_another_set_lacks_are_counted() {
        for (ours, theirs, count) in [
            (String::new(), format!("{A}:1-9"), 0),
            (format!("{A}:1-9"), String::new(), 9),
            (format!("{A}:1-9"), format!("{A}:1-5"), 4),
            (format!("{A}:1-9:20"), format!("{A}:2-3:5-6:9-30"), 4),
            (format!("{A}:1-9,{B}:1-2"), format!("{A}:1-9"), 2),
            (format!("{A}:1-9:tag:1-3"), format!("{A}:1-9:tag:2"), 2),
            ("0-1-10,7-1-3".to_owned(), "0-2-8".to_owned(), 5),
            ("0-1-10".to_owned(), "0-2-11".to_owned(), 0),
        ] {
            assert_eq!(set(&ours).count_beyond(&set(&theirs)), count, "{ours} and {theirs}");
        }
    }

    #[test]
    fn a_set_is_written_in_the_servers_canonical_form() {
        for (text, canonical) in [
            (String::new(), String::new()),
            (format!("{A}:1"), format!("{A}:1")),
            (format!("{A}:1-3:4:6-5"), format!("{A}:1-4")),
            (format!("{B}:1-5 ,\n{A}:7:1-2:3"), format!("{A}:1-3:7,{B}:1-5")),
            (format!("{A}:tag_b:5:tag_a:1-2:3,{A}:9"), format!("{A}:9:tag_a:1-3:tag_b:5")),
            (format!("{A}:Tag:1,{A}:tAG:2"), format!("{A}:tag:1-2")),
            ("7-1-3,0-2-10".to_owned(), "0-2-10,7-1-3".to_owned()),
        ] {
            assert_eq!(set(&text).to_string(), canonical);
            assert_eq!(set(&canonical), set(&text));
        }
    }

    #[test]
    fn a_transaction_is_taken_out_wherever_it_lies() {
        for (from, number, left) in [
            ("1-5", 3, "1-2:4-5"),
            ("1-5", 1, "2-5"),
            ("1-5", 5, "1-4"),
            ("1-5:7:9", 7, "1-5:9"),
            ("1-5", 6, "1-5"),
        ] {
            let mut held = set(&format!("{A}:{from}"));
            held.remove(&format!("{A}:{number}").parse().unwrap());
            assert_eq!(held, set(&format!("{A}:{left}")), "{from} without {number}");
        }
        let mut only = set(&format!("{A}:4"));
        only.remove(&format!("{A}:4").parse().unwrap());
        assert!(only.is_empty());
        only.remove(&format!("{B}:4").parse().unwrap());
    }

    #[test]
    fn what_is_no_set_is_refused() {
        for text in ["x", "0-1", A, &format!("{A}:0"), &format!("{A}:1-"), &format!("{A}:-1")] {
            assert!(text.parse::<GtidSet>().is_err(), "{text}");
        }
    }

    #[test]
    fn tags_and_servers_are_numbered_apart() {
        let held = set(&format!("{A}:1-5:tag:2"));
        for (gtid, is_in) in [
            (format!("{A}:5"), true),
            (format!("{A}:6"), false),
            (format!("{A}:tag:2"), true),
            (format!("{A}:tag:1"), false),
            (format!("{A}:other:1"), false),
            (format!("{B}:1"), false),
        ] {
            assert_eq!(held.contains(&gtid.parse().unwrap()), is_in, "{gtid}");
        }
    }

    #[test]
    fn a_mariadb_position_holds_all_up_to_the_last_of_each_domain() {
        let held = set("0-1-10,7-1-3");
        assert!(held.contains(&"0-2-10".parse().unwrap()));
        assert!(!held.contains(&"0-1-11".parse().unwrap()));
        assert!(!held.contains(&"1-1-1".parse().unwrap()));
        assert!(set("0-2-9").is_subset(&held));
        assert!(!set("0-2-9,1-1-1").is_subset(&held));
        let mut moved = held.clone();
        moved.insert(&"0-9-12".parse().unwrap());
        assert_eq!(moved.to_string(), "0-9-12,7-1-3");
        moved.union(&held);
        assert_eq!(moved.to_string(), "0-9-12,7-1-3");
    }

    #[test]
    fn a_set_travels_in_two_forms() {
        let plain = set(&format!("{A}:1-5:7")).encode();
        assert_eq!(plain.len(), 8 + 16 + 8 + 2 * 16);
        assert_eq!(plain[..8], 1_u64.to_le_bytes());
        assert_eq!(plain[24..32], 2_u64.to_le_bytes());
        assert_eq!(plain[32..48], [1_u64.to_le_bytes(), 6_u64.to_le_bytes()].concat());
        let tagged = set(&format!("{A}:1:ab:2")).encode();
        assert_eq!(tagged[..8], [1, 2, 0, 0, 0, 0, 0, 1]);
        assert_eq!(tagged[24], 0);
        assert_eq!(tagged[8 + 16 + 1 + 8 + 16 + 16..][..3], [4, b'a', b'b']);
    }

    #[test]
    fn a_set_of_thousands_of_intervals_keeps_its_text() {
        let text = (0..2000).map(|n| format!(":{}", n * 2 + 1)).collect::<String>();
        let text = format!("{A}{text}");
        let json = serde_json::to_string(&set(&text)).unwrap();
        assert_eq!(json, format!("{text:?}"));
        assert_eq!(serde_json::from_str::<GtidSet>(&json).unwrap(), set(&text));
    }

    fn of(numbers: &BTreeSet<u64>) -> GtidSet {
        let mut set = GtidSet::default();
        for number in numbers {
            set.insert(&format!("{A}:{number}").parse().unwrap());
        }
        set
    }

    proptest! {
        #[test]
        fn a_set_is_a_set_of_numbers(
            ours in proptest::collection::vec(1_u64..40, 0..30),
            theirs in proptest::collection::btree_set(1_u64..40, 0..30),
        ) {
            let mut set = GtidSet::default();
            for number in &ours {
                set.insert(&format!("{A}:{number}").parse().unwrap());
            }
            let ours = ours.into_iter().collect::<BTreeSet<_>>();
            prop_assert_eq!(&set, &of(&ours));
            let other = of(&theirs);
            prop_assert_eq!(set.is_subset(&other), ours.is_subset(&theirs));
            for number in 1..42 {
                let gtid = format!("{A}:{number}").parse().unwrap();
                prop_assert_eq!(set.contains(&gtid), ours.contains(&number));
            }
            prop_assert_eq!(&set.to_string().parse::<GtidSet>().unwrap(), &set);
            set.union(&other);
            prop_assert_eq!(set, of(&ours.union(&theirs).copied().collect()));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[-:, 0-9a-fA-F]{0,80}") {
            if let Ok(set) = text.parse::<GtidSet>() {
                prop_assert_eq!(set.to_string().parse::<GtidSet>().unwrap(), set);
            }
        }
    }
}

//! Numbers that an `ENUM` column takes as numbers, and never as one of its members.
//!
//! A string that equals no member and is at most five digits long is read as the member's number
//! (`Field_enum::store`, made "for reading numbers with LOAD DATA INFILE"). So `00000` stores index 0, and
//! does so without the warning that '' earns.

/// Longer strings of digits are not read as a number.
const WIDTH_MAX: usize = 5;

/// How many digits to write a member's number with, so that none of `members` equals it.
pub(super) fn digit_width(members: &[String]) -> Option<usize> {
    (1..=WIDTH_MAX).rev().find(|width| {
        let numbers = 10_usize.pow(u32::try_from(*width).unwrap_or(0));
        members.len() < numbers && !members.iter().any(|member| may_equal(member, *width))
    })
}

/// Whether a member could equal a string of this many digits under any collation. Collations ignore some
/// characters and equate digits of many scripts, but no letter of ASCII is ever ignored or equal to a
/// digit.
fn may_equal(member: &str, width: usize) -> bool {
    let member = member.trim_end_matches(' ');
    if member.is_ascii() && member.bytes().all(|b| b.is_ascii_digit()) {
        return member.len() == width;
    }
    member.chars().any(char::is_numeric) && !member.chars().any(|c| c.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_never_equal_a_member() {
        let width = |members: &[&str]| {
            digit_width(&members.iter().map(|member| (*member).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(width(&["small", "large"]), Some(5));
        assert_eq!(width(&["", "é", "a1"]), Some(5));
        assert_eq!(width(&["00000", "0"]), Some(4));
        assert_eq!(width(&["１", "x"]), None);
        assert_eq!(width(&["0", "00", "000", "0000", "00000"]), None);
        assert_eq!(digit_width(&vec![String::from("x"); 10_000]), Some(5));
        let mut many = vec![String::from("x"); 10_000];
        many.push("12345".into());
        assert_eq!(digit_width(&many), None);
    }
}

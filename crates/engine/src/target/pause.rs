//! The pause between two attempts: the one place of the product that waits for a time.
//!
//! A server that fails over or a lock that is held gives no sign when it is over.

use std::time::Duration;

/// The first pause between attempts; each next one is twice as long.
const FIRST: Duration = Duration::from_millis(100);

/// The longest pause between attempts.
const LONGEST: Duration = Duration::from_secs(10);

/// So many attempts that bring no table are followed by the next at once.
const AT_ONCE: u32 = 3;

/// The first rest between such attempts; each next one is twice as long.
const FIRST_REST: Duration = Duration::from_secs(1);

/// The longest rest between such attempts: so long a table may wait that rests by now.
const LONGEST_REST: Duration = Duration::from_secs(30);

/// Between two writes of a client that measures.
const CLIENT: Duration = Duration::from_millis(20);

/// The same once it has been refused for as long as an outage.
const CLIENT_IN_OUTAGE: Duration = Duration::from_millis(200);

/// A cutover takes less.
const OUTAGE: Duration = Duration::from_secs(5);

/// Waits after some failures in a row.
pub async fn pause(failures: u32) {
    tokio::time::sleep(after(failures)).await;
}

/// Waits before the next of several looks at what changes by itself: longer and longer, and in no step with
/// what may change in a rhythm of its own.
pub(crate) async fn pause_between_looks(looks: u32) {
    tokio::time::sleep(before_look(looks)).await;
}

/// Waits before the next write of a client that measures for how long it is refused: as long as that is no outage, its
/// rhythm is what the measurement is exact to; later nobody should be bothered by it.
pub(crate) async fn pause_of_client(refused_for: Duration) {
    let rest = if refused_for < OUTAGE { CLIENT } else { CLIENT_IN_OUTAGE };
    tokio::time::sleep(rest).await;
}

/// For how long what is settled is followed before it is begun with again because definitions moved, after so many
/// attempts in a row that brought no table: whoever changes them all the time should not have everything opened anew
/// all the time.
pub(crate) fn rest_after(fruitless: u32) -> Duration {
    match fruitless.checked_sub(AT_ONCE) {
        None => Duration::ZERO,
        Some(more) => FIRST_REST.saturating_mul(1 << more.min(10)).min(LONGEST_REST),
    }
}

/// Waits for [`rest_after`] so many attempts.
pub(crate) async fn rest(fruitless: u32) {
    tokio::time::sleep(rest_after(fruitless)).await;
}

fn before_look(looks: u32) -> Duration {
    const MS: [u64; 16] = [2, 5, 11, 23, 47, 31, 83, 59, 127, 97, 151, 71, 211, 113, 179, 241];
    let at = usize::try_from(looks).unwrap_or(usize::MAX);
    // From the second half on it goes round.
    let at = if at < MS.len() { at } else { MS.len() / 2 + at % (MS.len() / 2) };
    Duration::from_millis(MS.get(at).copied().unwrap_or(100))
}

fn after(failures: u32) -> Duration {
    FIRST.saturating_mul(1 << failures.min(10).saturating_sub(1)).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        assert_eq!(after(1), FIRST);
        assert_eq!(after(3), FIRST * 4);
        assert_eq!(after(99), LONGEST);
        assert_eq!(rest_after(AT_ONCE - 1), Duration::ZERO);
        assert_eq!(rest_after(AT_ONCE + 2), FIRST_REST * 4);
        assert_eq!(rest_after(99), LONGEST_REST);
    }
}

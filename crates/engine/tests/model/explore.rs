//! Walks every state a system can reach, breadth first, so that the trace to a failure is a shortest one.
//!
//! Our own hundred lines, not a crate: the state space is small, the search is a queue and a set, and the
//! trace prints in the words of the algorithm. A checker with properties over infinite runs would be worth
//! its dependency only when we need fairness.

use std::collections::HashSet;
use std::fmt::Write;
use std::hash::Hash;

/// A system made of atomic steps.
pub(crate) trait System {
    /// Everything that matters, compared by value.
    type State: Clone + Eq + Hash;

    /// Where it begins.
    fn start(&self) -> Self::State;

    /// Every step that can be taken, with the words for it and where it leads.
    fn steps(&self, state: &Self::State) -> Vec<(String, Self::State)>;

    /// Whether the work is done: only then may no step be left.
    fn is_finished(&self, state: &Self::State) -> bool;

    /// What is wrong with a state, if anything.
    fn wrong(&self, state: &Self::State) -> Option<String>;
}

/// What the walk found.
pub(crate) struct Explored {
    /// How many states there are.
    pub(crate) states: usize,
    /// How many of them are finished.
    pub(crate) finished: usize,
}

/// More states than this mean that a bound is missing in the model.
const STATES_MAX: usize = 3_000_000;

/// States in the order they were found, each with the place of the one before it and the step between.
type Found<T> = Vec<(T, Option<(usize, String)>)>;

/// Walks every state; `Err` is a shortest trace to a state that is wrong or stuck.
pub(crate) fn explore<S: System>(system: &S) -> Result<Explored, String> {
    let mut found: Found<S::State> = vec![(system.start(), None)];
    let mut known = HashSet::from([system.start()]);
    let mut finished = 0;
    let mut at = 0;
    while let Some((state, _)) = found.get(at) {
        assert!(found.len() < STATES_MAX, "the model has no bound");
        if let Some(wrong) = system.wrong(state) {
            return Err(trace(&found, at, &wrong));
        }
        let steps = system.steps(state);
        finished += usize::from(system.is_finished(state));
        if steps.is_empty() && !system.is_finished(state) {
            return Err(trace(&found, at, "nothing can happen any more"));
        }
        for (words, next) in steps {
            if known.insert(next.clone()) {
                found.push((next, Some((at, words))));
            }
        }
        at += 1;
    }
    Ok(Explored { states: found.len(), finished })
}

fn trace<T>(found: &Found<T>, mut at: usize, wrong: &str) -> String {
    let mut words = vec![wrong];
    while let Some((before, step)) = &found[at].1 {
        words.push(step);
        at = *before;
    }
    let mut text = String::new();
    for (index, step) in words.iter().rev().enumerate() {
        writeln!(text, "{index:3} {step}").unwrap();
    }
    text
}

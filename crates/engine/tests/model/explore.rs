//! Walks every state a system can reach, breadth first, so that the trace to a failure is a shortest one.
//!
//! Our own hundred lines, not a crate: the state spaces are small, the search is a queue and a set, and the
//! trace prints in the words of the algorithm. That the end stays within reach is asked once all states are
//! known, by walking back from it; a checker with properties over infinite runs would add nothing.

use std::collections::HashMap;
use std::fmt::{Display, Write};
use std::hash::{BuildHasherDefault, Hash, Hasher};

/// A system made of atomic steps.
pub(crate) trait System {
    /// Everything that matters, compared by value.
    type State: Clone + Eq + Hash;

    /// What happens between two states, in words.
    type Step: Display;

    /// Where it begins.
    fn start(&self) -> Self::State;

    /// Every step that can be taken, and where it leads.
    fn steps(&self, state: &Self::State) -> Vec<(Self::Step, Self::State)>;

    /// Whether a step is bad luck. The end must be within reach without waiting for it.
    fn is_mishap(&self, step: &Self::Step) -> bool;

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

/// Walks every state; `Err` is a shortest trace to a state that is wrong, or from which there is no end.
pub(crate) fn explore<S: System>(system: &S) -> Result<Explored, String> {
    let mut walk = Walk { found: Vec::new(), known: HashMap::default(), back: Vec::new() };
    walk.arrive(system.start(), 0);
    let mut finished = Vec::new();
    let mut at = 0;
    while let Some((state, _)) = walk.found.get(at).cloned() {
        assert!(walk.found.len() < STATES_MAX, "the model has no bound");
        if let Some(wrong) = system.wrong(&state) {
            return Err(walk.trace(system, at, &wrong));
        }
        if system.is_finished(&state) {
            finished.push(at);
        }
        for (step, next) in system.steps(&state) {
            let next = walk.arrive(next, at);
            if !system.is_mishap(&step) {
                walk.back.push((next, at));
            }
        }
        at += 1;
    }
    if let Some(lost) = walk.without_end(&finished) {
        return Err(walk.trace(system, lost, "the end is out of reach"));
    }
    Ok(Explored { states: walk.found.len(), finished: finished.len() })
}

struct Walk<T> {
    /// States in the order they were found, each with the place of the one before it.
    found: Vec<(T, usize)>,
    known: HashMap<T, usize, BuildHasherDefault<Mixer>>,
    /// Every step that is no mishap, backwards.
    back: Vec<(usize, usize)>,
}

impl<T: Clone + Eq + Hash> Walk<T> {
    /// The place of a state, which may be new.
    fn arrive(&mut self, state: T, from: usize) -> usize {
        let next = self.found.len();
        let place = *self.known.entry(state.clone()).or_insert(next);
        if place == next {
            self.found.push((state, from));
        }
        place
    }

    /// The first state found from which no finished state can be reached.
    fn without_end(&mut self, finished: &[usize]) -> Option<usize> {
        self.back.sort_unstable();
        let mut reaches = vec![false; self.found.len()];
        let mut todo = finished.to_vec();
        while let Some(place) = todo.pop() {
            if std::mem::replace(&mut reaches[place], true) {
                continue;
            }
            let first = self.back.partition_point(|(to, _)| *to < place);
            let into = self.back[first..].iter().take_while(|(to, _)| *to == place);
            todo.extend(into.map(|(_, from)| *from));
        }
        reaches.iter().position(|reaches| !reaches)
    }

    /// The way to a state in words. Steps are not kept: the one that leads on is found again.
    fn trace<S: System<State = T>>(&self, system: &S, mut at: usize, wrong: &str) -> String {
        let mut words = vec![wrong.to_owned()];
        while at > 0 {
            let before = self.found[at].1;
            let steps = system.steps(&self.found[before].0);
            let taken = steps.into_iter().find(|(_, next)| *next == self.found[at].0);
            words.push(taken.map(|(step, _)| step.to_string()).unwrap());
            at = before;
        }
        let mut text = String::new();
        for (index, step) in words.iter().rev().enumerate() {
            writeln!(text, "{index:3} {step}").unwrap();
        }
        text
    }
}

/// A quick hash of small numbers; the standard one is half the time of a walk.
#[derive(Default)]
struct Mixer(u64);

impl Mixer {
    fn mix(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
}

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 29)
    }

    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(8) {
            self.mix(part.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)));
        }
    }

    fn write_u8(&mut self, number: u8) {
        self.mix(u64::from(number));
    }

    fn write_usize(&mut self, number: usize) {
        self.mix(u64::try_from(number).unwrap());
    }
}

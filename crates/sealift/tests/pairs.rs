//! Pairs of servers that tests share, one test at a time: a run locks the whole source for a moment, and so does the
//! oracle's `mysqldump`; two tests on one pair would wait for what the other keeps locked.

use std::ops::Deref;
use std::sync::{Condvar, LazyLock, Mutex, MutexGuard, PoisonError};

use sealift_lab::Pair;

/// MySQL to the Azure-like target. With two of them no test waits for another one on two cores.
static MYSQL: Pool = Pool::new(&MYSQLS);
static MYSQLS: [LazyLock<Pair>; 2] = [LazyLock::new(Pair::mysql), LazyLock::new(Pair::mysql)];

/// MariaDB 10.11 to the same.
static MARIADB: Pool = Pool::new(&MARIADBS);
static MARIADBS: [LazyLock<Pair>; 1] = [LazyLock::new(Pair::mariadb_10_11)];

/// A MySQL pair for this test alone. A test that needs a MariaDB too takes that after it.
pub(crate) fn mysql() -> Alone {
    MYSQL.take()
}

/// The MariaDB pair for this test alone.
pub(crate) fn mariadb() -> Alone {
    MARIADB.take()
}

/// Pairs that are started when they are first needed.
pub(crate) struct Pool {
    pairs: &'static [LazyLock<Pair>],
    taken: Mutex<Vec<usize>>,
    given_back: Condvar,
}

impl Pool {
    pub(crate) const fn new(pairs: &'static [LazyLock<Pair>]) -> Self {
        Self { pairs, taken: Mutex::new(Vec::new()), given_back: Condvar::new() }
    }

    /// Waits for one that nobody has.
    pub(crate) fn take(&'static self) -> Alone {
        let mut taken = self.lock();
        loop {
            if let Some(index) = (0..self.pairs.len()).find(|index| !taken.contains(index)) {
                taken.push(index);
                // Others may take theirs while this one starts.
                drop(taken);
                let given_back = GivenBack { pool: self, index };
                return Alone { pair: &self.pairs[index], _given_back: given_back };
            }
            taken = self.given_back.wait(taken).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A pair that nobody else has. Dropped, it is given back.
pub(crate) struct Alone {
    pair: &'static Pair,
    _given_back: GivenBack,
}

impl Deref for Alone {
    type Target = Pair;

    fn deref(&self) -> &Pair {
        self.pair
    }
}

struct GivenBack {
    pool: &'static Pool,
    index: usize,
}

impl Drop for GivenBack {
    fn drop(&mut self) {
        self.pool.lock().retain(|index| *index != self.index);
        self.pool.given_back.notify_one();
    }
}

//! What happens to both servers and the ways to them.

use std::fs;
use std::path::Path;

use rand::Rng;
use rand::rngs::StdRng;

use super::tally::Tally;
use crate::pair::Pair;
use crate::proxy::{Disturbance, Disturber, FaultProxy};
use crate::server::Server;

/// A pair of servers behind proxies.
pub(super) struct Storm {
    pair: Pair,
    to_source: Disturber,
    to_target: Disturber,
    random: StdRng,
    /// The source is restarted in good order where it would have been killed.
    spares_source: bool,
    last: String,
}

/// The two sides.
const SIDES: [&str; 2] = ["source", "target"];

impl Storm {
    pub(super) fn over(pair: Pair, random: StdRng) -> Self {
        let to_source = Disturber::of(FaultProxy::before(&pair.source));
        let to_target = Disturber::of(FaultProxy::before(&pair.target));
        Self { pair, to_source, to_target, random, spares_source: false, last: String::new() }
    }

    /// The same, in which the source is never killed.
    pub(super) fn that_spares_the_source(self) -> Self {
        Self { spares_source: true, ..self }
    }

    pub(super) fn source(&self) -> &Server {
        &self.pair.source
    }

    pub(super) fn target(&self) -> &Server {
        &self.pair.target
    }

    /// The ports of the ways to source and target.
    pub(super) fn ports(&self) -> [u16; 2] {
        [self.to_source.port(), self.to_target.port()]
    }

    /// What was done last.
    pub(super) fn last(&self) -> &str {
        &self.last
    }

    /// Does something to one of the sides.
    pub(super) fn strike(&mut self, tally: &mut Tally) -> Result<(), String> {
        let side = self.random.random_range(0..SIDES.len());
        let (way, server) = match side {
            0 => (&self.to_source, &mut self.pair.source),
            _ => (&self.to_target, &mut self.pair.target),
        };
        let is_spared = side == 0 && self.spares_source;
        let what = match self.random.random_range(0..16) {
            number if number == 0 || (number == 1 && is_spared) => {
                tally.restarts += 1;
                server.restart().map_err(|error| error.to_string())?;
                "restarted".to_owned()
            }
            1 => {
                tally.server_kills += 1;
                server.kill9();
                server.start_again().map_err(|error| error.to_string())?;
                "killed and started again".to_owned()
            }
            _ => {
                let disturbance = Disturbance::draw(&mut self.random);
                *count(tally, disturbance) += 1;
                way.disturb(disturbance);
                disturbance.to_string()
            }
        };
        self.last = format!("{}: {what}", SIDES[side]);
        Ok(())
    }

    /// Ends disturbances that last.
    pub(super) fn let_pass(&self) {
        for way in [&self.to_source, &self.to_target] {
            way.calm();
        }
    }

    /// Everything passes again; servers learn that stranded clients are gone.
    pub(super) fn calm(&self) {
        for way in [&self.to_source, &self.to_target] {
            way.calm();
            way.cut_all();
        }
    }

    /// Keeps the servers' own logs.
    pub(super) fn keep_logs(&self, folder: &Path) {
        for (side, server) in SIDES.iter().zip([&self.pair.source, &self.pair.target]) {
            let _ = fs::write(folder.join(format!("{side}.log")), server.log());
        }
    }
}

fn count(tally: &mut Tally, disturbance: Disturbance) -> &mut u64 {
    match disturbance {
        Disturbance::Cut | Disturbance::CutAfter(..) => &mut tally.cuts,
        Disturbance::LoseAnswer | Disturbance::LoseAnswerToCommit | Disturbance::LoseCommit => {
            &mut tally.lost
        }
        Disturbance::BlackHole | Disturbance::Strand => &mut tally.holes,
        Disturbance::Refuse | Disturbance::Slow(_) => &mut tally.slow,
    }
}

//! A run that stands still at a named point, for the test to do something to its servers meanwhile.

use std::process::{Child, Command, Stdio};

use sealift_lab::wait_until;

use crate::folder::{Folder, Ran};

/// A run that stands still. Dropping it kills it.
pub(crate) struct Held {
    child: Option<Child>,
}

impl Held {
    /// Starts `run --offline --json` and waits until it stands at a probe's point.
    ///
    /// # Errors
    /// What the run left behind, when it ended without passing the point.
    pub(crate) fn at(folder: &Folder, probe: &str) -> Result<Self, Ran> {
        let mut command = folder.command(&["run", "--offline", "--json"]);
        command.env("SEALIFT_PROBE", probe).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut held = Self { child: Some(command.spawn().unwrap()) };
        let child = held.child.as_mut().unwrap();
        let stat = format!("/proc/{}/stat", child.id());
        let stands = wait_until("the run stands still or ends", || {
            let stat = std::fs::read_to_string(&stat).unwrap_or_default();
            // The state follows the program's name in brackets.
            let state = stat.rsplit(") ").next().and_then(|rest| rest.chars().next());
            match state {
                Some('T') => Some(true),
                Some('Z') | None => Some(false),
                Some(_) => None,
            }
        });
        if stands { Ok(held) } else { Err(held.end()) }
    }

    /// Lets it go on, and waits for its end.
    pub(crate) fn go_on(mut self) -> Ran {
        let id = self.child.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-CONT", &id]).status().unwrap().success());
        self.end()
    }

    fn end(&mut self) -> Ran {
        Ran::of(self.child.take().unwrap().wait_with_output().unwrap())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ended = child.kill();
            let _reaped = child.wait();
        }
    }
}

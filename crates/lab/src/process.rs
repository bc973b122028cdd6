//! A process in the background that cannot outlive us, and a folder that does not either.
//!
//! Each process (a server, mostly) runs below a small shell that holds a pipe from us. The kernel closes the pipe when our process ends,
//! even by `kill -9`; the shell then kills it. A second shell does the same for the folder. No clock is
//! involved, and the shells are in process groups of their own so that Ctrl-C does not reach them first.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use crate::error::{LabError, io};

/// Runs "$@", says its id, passes signals on, and kills it when the pipe from us closes.
const RUNNER: &str = r#"
exec 3<&0 </dev/null
trap '' PIPE
log=$1
shift
"$@" >>"$log" 2>&1 3<&- &
server=$!
echo "$server"
{
    while read -r signal <&3; do kill "-$signal" "$server"; done
    kill -9 "$server"
} >/dev/null 2>&1 &
guard=$!
wait "$server" 2>/dev/null
kill "$guard" 2>/dev/null
echo ended
"#;

/// Deletes the folder when the pipe from us closes; a server that is just being killed may hold it up.
const FOLDER_GUARD: &str = r#"
read -r word
tries=0
until rm -rf "$1" 2>/dev/null || [ "$tries" = 200 ]; do
    tries=$((tries + 1))
    sleep 0.05
done
"#;

/// A running process. Dropping it kills it.
#[derive(Debug)]
pub struct Process {
    shell: Child,
    pid: u32,
    ended: Arc<(Mutex<bool>, Condvar)>,
}

impl Process {
    /// Starts what `command` says (program, arguments, folder, variables), its output appended to `log`.
    ///
    /// # Errors
    /// When the shell above it does not start. A program that cannot be started is one that has ended.
    pub fn spawn(command: &Command, log: &Path) -> Result<Self, LabError> {
        let mut shell = Command::new("sh");
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        command.get_current_dir().into_iter().for_each(|folder| {
            shell.current_dir(folder);
        });
        let mut shell = shell
            .args(["-c", RUNNER, "sealift-lab-runner"])
            .arg(log)
            .arg(command.get_program())
            .args(command.get_args())
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(io("run sh"))?;
        let mut lines = BufReader::new(shell.stdout.take().expect("it is piped")).lines();
        let first = lines.next().and_then(Result::ok).unwrap_or_default();
        let pid = first.parse().map_err(|e| LabError::Command {
            what: "start a process".to_owned(),
            why: format!("the shell said {first:?}: {e}"),
        })?;
        let ended = Arc::new((Mutex::new(false), Condvar::new()));
        let announced = Arc::clone(&ended);
        std::thread::spawn(move || {
            // One more line, or the end of the shell: either way it is gone.
            lines.next();
            *announced.0.lock().expect("not poisoned") = true;
            announced.1.notify_all();
        });
        Ok(Self { shell, pid, ended })
    }

    /// The process id.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// Whether it has ended.
    pub fn has_ended(&self) -> bool {
        *self.ended.0.lock().expect("not poisoned")
    }

    /// Sends a signal by name (`TERM`, `KILL`, `STOP`, `CONT`). The shell sends it, being the parent: the id cannot
    /// have become another process's.
    pub fn signal(&self, name: &str) {
        if let Some(mut pipe) = self.shell.stdin.as_ref() {
            // A closed pipe means that it has ended, which callers learn from `wait`.
            let _ = writeln!(pipe, "{name}");
        }
    }

    /// Waits until it has ended; false when it has not within `patience`.
    pub fn wait(&self, patience: Duration) -> bool {
        let ended = self.ended.0.lock().expect("not poisoned");
        let waited = self.ended.1.wait_timeout_while(ended, patience, |ended| !*ended);
        *waited.expect("not poisoned").0
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Closing the pipe ends it if it still runs, and the shell with it.
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

/// Deletes a server's folder when our process ends without having done so.
#[derive(Debug)]
pub(crate) struct FolderGuard {
    shell: Child,
}

impl FolderGuard {
    /// Guards `folder`.
    pub(crate) fn new(folder: &Path) -> Result<Self, LabError> {
        let shell = Command::new("sh")
            .args(["-c", FOLDER_GUARD, "sealift-lab-guard"])
            .arg(folder)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(io("run sh"))?;
        Ok(Self { shell })
    }
}

impl Drop for FolderGuard {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

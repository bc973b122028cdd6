//! `cargo demo`: a shop that never closes is carried to another server, cut over, and rolled back.

use std::fs;
use std::io::{self, IsTerminal};
use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};

use sealift_lab::up::{self, UpOptions};
use sealift_lab::workload::clients::{self, Clients, Manner, SOURCE_GRANTS};
use sealift_lab::workload::shop;
use sealift_lab::{Options, Pair, Process, wait_until_within};

use crate::build;
use crate::stage::{PATIENCE, READY, READY_BACK, Stage};

/// Orders of the demo's shop: with what belongs to them, more than a million rows.
const ORDERS: u64 = 300_000;
/// What the login needs for the way back, beyond what every cutover takes: the shop's triggers and events belong to root,
/// and some to somebody who has left.
const OWNERS_GRANTS: &str = "GRANT ALLOW_NONEXISTENT_DEFINER, SYSTEM_USER ON *.* TO app_reader";
/// Lines of the assessment that are shown; the page has all.
const ASSESSED_SHOWN: usize = 20;
/// Where the tills keep what was acknowledged to them.
const TILLS: &str = "tills";
/// Tills that sell all the time.
const CLIENTS: usize = 4;
/// How long a till rests between two sales: together they make about a hundred a second.
const REST: Duration = Duration::from_millis(30);
/// Sales that are waited for before the next step, so that each step meets a shop that sells.
const SALES_BETWEEN: u64 = 300;

/// Options of `cargo demo`.
#[derive(clap::Args)]
pub(crate) struct DemoArgs {
    /// Orders of the shop; about four rows come with each
    #[arg(long, default_value_t = ORDERS, value_name = "N")]
    orders: u64,
    /// End at once when done, also on a terminal
    #[arg(long)]
    no_wait: bool,
}

pub(crate) fn run(args: &DemoArgs) -> ExitCode {
    match demo(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("demo: {why}");
            ExitCode::FAILURE
        }
    }
}

fn demo(args: &DemoArgs) -> Result<(), String> {
    println!("Building sealift …");
    let sealift = build::sealift()?;
    let begun = Instant::now();
    println!("Starting a MySQL, and one with the limits of Azure Database for MySQL …");
    let big = |options: Options| options.buffer_pool_mib(1024).redo_mib(1024);
    let pair = up::up(UpOptions {
        source: big(Options::mysql()),
        target: big(Options::azure_target()),
        orders: Some(args.orders),
    })
    .map_err(|error| error.to_string())?;
    let demo = Demo { stage: stage(sealift, &pair)?, pair: &pair };
    let clients = demo.open();
    demo.play(clients)?;
    println!("\nDone in {:.0} s after the build.", begun.elapsed().as_secs_f64());
    demo.farewell();
    if !args.no_wait && io::stdin().is_terminal() {
        println!("\nBoth servers stay until you press Enter.");
        io::stdin().read_line(&mut String::new()).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// An empty folder with the configuration; the cutover's hook tells the tills where to go.
fn stage(sealift: std::path::PathBuf, pair: &Pair) -> Result<Stage, String> {
    let folder = build::target_folder().join("demo");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| error.to_string())?;
    }
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    fs::write(folder.join("router"), "source\n").map_err(|error| error.to_string())?;
    let hook = "\n[cutover]\nafter = 'echo $SEALIFT_TO > router'\n";
    Stage::set(sealift, &folder, pair, hook)
}

struct Demo<'a> {
    stage: Stage,
    pair: &'a Pair,
}

impl Demo<'_> {
    /// Opens the shop: from here on it sells.
    fn open(&self) -> Clients {
        let Pair { source, target } = self.pair;
        source.sql(SOURCE_GRANTS);
        source.sql(OWNERS_GRANTS);
        clients::create(source, target, TILLS);
        clients::admit(source, "shop");
        clients::admit(target, "shop");
        let router = self.stage.folder().join("router");
        let manner = Manner { besides: shop::SALE, rest: REST };
        println!("{CLIENTS} tills sell from now on, without a pause for what follows.");
        Clients::start_in((source, target), TILLS, &router, CLIENTS, manner)
    }

    fn play(&self, clients: Clients) -> Result<(), String> {
        self.assess()?;
        self.show(&["plan"], "Every object's script, and why it differs.")?;
        let about = "All objects and rows, while the tills sell. It could be killed at any time.";
        self.show(&["run", "--until-caught-up"], about)?;
        let following = self.follow()?;
        self.stage.wait_for(READY)?;
        self.show(&["status"], "How far behind is the target?")?;
        self.show(&["verify"], "Is every row the same, while they change?")?;
        self.turn("cutover", "The target takes over.", &clients)?;
        self.stage.wait_for(READY_BACK)?;
        self.show(&["status"], "The target is live; the source is kept current.")?;
        self.turn("rollback", "And back again, with what was sold meanwhile.", &clients)?;
        self.stage.wait_for(READY)?;
        let (ledger, _refused) = clients.finish();
        println!("\nThe tills are closed. They hold {} receipts.", ledger.len());
        self.show(&["verify"], "Is everything the same on both sides?")?;
        following.signal("INT");
        following.wait(PATIENCE);
        self.prove(&ledger)
    }

    /// The head of the assessment; a page has the rest.
    fn assess(&self) -> Result<(), String> {
        let words = ["assess", "--html", "assess.html"];
        println!("\n# What will break? Nothing is touched; assess.html has all of it.");
        println!("$ sealift {} | sed {ASSESSED_SHOWN}q", words.join(" "));
        let mut assess = self.stage.command(&words);
        let output = assess.stderr(Stdio::null()).output().map_err(|error| error.to_string())?;
        for line in String::from_utf8_lossy(&output.stdout).lines().take(ASSESSED_SHOWN) {
            println!("{line}");
        }
        // 3: something blocks, which is an answer.
        match output.status.code() {
            Some(0 | 3) => Ok(()),
            _ => Err(format!("sealift assess ended with {}", output.status)),
        }
    }

    /// A run in the background, for all that follows.
    fn follow(&self) -> Result<Process, String> {
        println!("\n# Changes follow from here on, in the background.");
        println!("$ sealift run > run.log 2>&1 &");
        let log = self.stage.folder().join("run.log");
        Process::spawn(&self.stage.command(&["run"]), &log).map_err(|error| error.to_string())
    }

    /// Prints a command and runs it before the reader's eyes.
    fn show(&self, words: &[&str], about: &str) -> Result<(), String> {
        println!("\n# {about}\n$ sealift {}", words.join(" "));
        let status = self.stage.command(words).status().map_err(|error| error.to_string())?;
        if status.success() {
            return Ok(());
        }
        Err(format!("sealift {} ended with {status}", words.join(" ")))
    }

    /// Moves the tills to the other side, and says for how long they could not sell.
    fn turn(&self, command: &str, about: &str, clients: &Clients) -> Result<(), String> {
        sell(clients)?;
        let _before = clients.refused();
        self.show(&[command, "--yes"], about)?;
        sell(clients)?;
        let refused = clients.refused();
        let longest = refused.iter().max().map_or(0, Duration::as_millis);
        println!(
            "The tills' own clocks: {} of {CLIENTS} were refused, for {longest} ms at most.\n\
             They sell on the other side: {} sales so far.",
            refused.len(),
            clients.acknowledged()
        );
        Ok(())
    }

    /// Looks on both sides for every sale a till was told of.
    fn prove(&self, ledger: &[(usize, u64)]) -> Result<(), String> {
        println!("\n# Is any acknowledged sale lost, or there twice? The tills' ledger says:");
        for (side, server) in [("source", &self.pair.source), ("target", &self.pair.target)] {
            let mut lost = clients::lost(server, TILLS, ledger);
            lost.extend(clients::lost_of(server, "shop.orders", shop::SOLD, ledger));
            if !lost.is_empty() {
                return Err(format!("on the {side}: {}", lost.join("; ")));
            }
            println!("{side}: {} acknowledged sales, each is there once.", ledger.len());
        }
        Ok(())
    }

    /// Where everything is, and how to go on by hand.
    fn farewell(&self) {
        let folder = self.stage.folder();
        println!("What was done is in {}", folder.display());
        println!("  assess.html, .sealift/verify.html      reports, for reading");
        println!("  .sealift/cutover-1.html, rollback-2.html   each turn, step by step");
        println!("  .sealift/plan/   every object's script; changes.diff says why");
        println!("  run.log          what the run in the background said");
        println!("To repeat it by hand, in another terminal while the servers are there:");
        println!("  cd {}", folder.display());
        for (name, password) in self.stage.passwords() {
            println!("  export {name}={password}");
        }
        if let Some(bin) = self.stage.sealift().parent() {
            println!("  export PATH={}:$PATH", bin.display());
        }
        println!("  sealift run > run.log 2>&1 &");
        println!("  sealift status; sealift cutover; sealift rollback");
    }
}

/// Waits until the tills have sold some more.
fn sell(clients: &Clients) -> Result<(), String> {
    let so_far = clients.acknowledged();
    let sold = || (clients.acknowledged() > so_far + SALES_BETWEEN).then_some(());
    wait_until_within(PATIENCE, sold).ok_or_else(|| "the tills do not sell".to_owned())
}

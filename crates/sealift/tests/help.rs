//! Help screens: they are the reference of the command line.

use insta::assert_snapshot;

use crate::folder::Folder;

const COMMANDS: [&[&str]; 19] = [
    &["check"],
    &["assess"],
    &["plan"],
    &["plan", "apply"],
    &["accounts"],
    &["accounts", "apply"],
    &["run"],
    &["verify"],
    &["repair"],
    &["copy-again"],
    &["cutover"],
    &["rollback"],
    &["finish"],
    &["status"],
    &["pause"],
    &["resume"],
    &["stop"],
    &["set"],
    &["completions"],
];

#[test]
fn help_is_the_documentation() {
    assert_snapshot!(Folder::empty().sealift(&["--help"]).screen(), @r"
    exit 0
    ---- stdout
    Carries a live MySQL or MariaDB server to Azure Database for MySQL, or to any
    MySQL.

    A migration is described by one sealift.toml and kept in one state folder. Every
    command can be killed at any instant and run again: it goes on where it stopped.
    Nothing is written to the source before the cutover.

    Usage: sealift [OPTIONS] <COMMAND>

    Commands:
      check        Log in to both servers and print who and what answered, and how
                   the connection is protected
      assess       Say what will break, object by object, with the fix, before
                   anything is touched
      plan         Write a plan: one SQL script per object, to be read, edited,
                   locked or skipped
      accounts     Carry accounts: users, roles, passwords (by their hashes), grants
      run          Carry everything across: objects, rows, indexes, foreign keys,
                   code; then follow the source's changes
      verify       Compare both sides row by row and name what differs
      repair       Make rows of the target equal that the last verify found
                   different
      copy-again   Have tables copied again by the next sealift run
      cutover      Make the target live: writes stop on the source, everything
                   arrives, the traffic moves
      rollback     Make the source live again: a cutover the other way
      finish       End the migration: nothing of sealift stays on either server
      status       Print where the migration stands, also while it runs in another
                   terminal
      pause        Let the run finish what is under way and begin nothing more
      resume       Let a paused run go on
      stop         Stop the run cleanly, as Ctrl-C in its terminal does
      set          Change a setting of the run that is at work, until it ends
      completions  Print a script that lets the shell complete sealift's commands
      help         Print this message or the help of the given subcommand(s)

    Options:
      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version

    Options of every command:
          --config <FILE>
              The configuration

              [default: sealift.toml]

          --state <DIR>
              The folder that keeps the migration's plan, journal and reports

              [default: .sealift]

          --json
              Print one JSON object on standard output at the end

      -q, --quiet
              No progress, no warnings, no summary: only errors and what was asked
              for

          --log <text|json>
              Log what is done to standard error, whatever [log] of the
              configuration says

    Environment:
      SEALIFT_SOURCE_PASSWORD  password of the source's account
      SEALIFT_TARGET_PASSWORD  password of the target's account
      SEALIFT_LOG              what to log on standard error, e.g. debug
      NO_COLOR                 no colours

    Exit codes:
      0  done, and equal where that was asked
      1  failed; the error's code and page are printed
      2  the command line or the configuration is not valid
      3  the answer is no: differences, objects that cannot be carried, a cutover
         that was refused
      4  interrupted; the same command goes on where it stopped

    Ctrl-C stops cleanly: what is under way is finished. A second one leaves at
    once, which is as safe, but copies up to one chunk per worker again.
    ");
}

#[test]
fn every_command_explains_itself_in_80_columns() {
    let folder = Folder::empty();
    let mut reference = String::new();
    for command in COMMANDS {
        let help = folder.sealift(&[command, &["--help"][..]].concat());
        assert_eq!(help.code, Some(0));
        // What every command has is in the help above.
        let own = help.stdout.split("\nOptions of every command").next().unwrap();
        own.lines().for_each(|line| reference += &format!("{}\n", line.trim_end()));
        reference += "\n";
        for line in help.stdout.lines() {
            assert!(line.chars().count() <= 80, "{command:?}: {line}");
        }
    }
    assert_snapshot!("commands", reference);
}

#[test]
fn a_command_that_does_not_exist_is_refused_with_the_nearest() {
    assert_snapshot!(Folder::empty().sealift(&["chek"]).screen(), @r"
    exit 2
    ---- stderr
    error: unrecognized subcommand 'chek'

      tip: a similar subcommand exists: 'check'

    Usage: sealift [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
    assert_snapshot!(Folder::empty().sealift(&["chek", "--json"]).screen(), @r#"
    exit 2
    ---- stdout
    {"error":{"cause":null,"code":"SL0105","object":null,"page":"docs/errors/SL0105.md","remedy":"see sealift --help","side":null,"what":"unrecognized subcommand 'chek'"},"exit_code":2,"outcome":"failed"}
    "#);
}

#[test]
fn completions_are_a_script_also_for_scripts() {
    let folder = Folder::empty();
    let script = folder.sealift(&["completions", "bash"]);
    assert_eq!(script.code, Some(0));
    assert!(script.stdout.contains("complete -F _sealift"));
    let json = folder.sealift(&["completions", "bash", "--json"]).json();
    assert_eq!(json["script"], script.stdout);
}

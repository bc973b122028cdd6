//! Help screens: they are the reference of the command line.

use insta::assert_snapshot;

use crate::folder::Folder;

const COMMANDS: [&[&str]; 20] = [
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
    &["resolve"],
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
    assert_snapshot!("help", Folder::empty().sealift(&["--help"]).screen());
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

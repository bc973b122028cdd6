//! Configurations that cannot be used: each says what to do, and exits 2.

use insta::assert_snapshot;

use crate::folder::Folder;
use crate::pairs::mysql;

const TARGET: &str = "[target]\nurl = \"mysql://b@localhost\"\n";

fn check(source: &str) -> String {
    Folder::with(&format!("[source]\n{source}\n{TARGET}")).sealift(&["check"]).screen()
}

#[test]
fn no_configuration() {
    assert_snapshot!(Folder::empty().sealift(&["check"]).screen(), @r"
    exit 2
    ---- stderr
    error SL0101: the configuration file cannot be read
      object  file sealift.toml
      what    read the configuration
      cause   No such file or directory (os error 2)
      remedy  create sealift.toml (see the README) or name another with --config
      page    docs/errors/SL0101.md
    ");
}

#[test]
fn an_unknown_key() {
    assert_snapshot!(check("url = \"mysql://a@localhost\"\npaswordfile = \"x\""), @r"
    exit 2
    ---- stderr
    error SL0102: the configuration is not valid
      object  sealift.toml:3
      what    unknown key `paswordfile` in [source]
      remedy  did you mean `password_file`?
      page    docs/errors/SL0102.md
    ");
}

#[test]
fn a_url_that_is_none() {
    assert_snapshot!(check("url = \"localhost:3306\""), @r"
    exit 2
    ---- stderr
    error SL0103: a server's url is not valid
      side    source
      object  sealift.toml:2
      what    the url does not begin with mysql://
      remedy  write it as mysql://user@host:3306, an IPv6 address in brackets
      page    docs/errors/SL0103.md
    ");
    assert_snapshot!(check("url = \"mysql://a:secret/word@localhost\""), @r"
    exit 2
    ---- stderr
    error SL0103: a server's url is not valid
      side    source
      object  sealift.toml:2
      what    user or password hold a `/`, `?` or `#`
      remedy  write `/` as %2F, `?` as %3F, `#` as %23, `@` as %40; better, keep the
              password out of the url
      page    docs/errors/SL0103.md
    ");
}

#[test]
fn a_url_with_a_schema() {
    assert_snapshot!(check("url = \"mysql://a@localhost:3306/shop\""), @r#"
    exit 2
    ---- stderr
    error SL0103: a server's url is not valid
      side    source
      object  sealift.toml:2
      what    the url names the schema `shop`
      remedy  end the url after the port; choose schemas with [select] schemas =
              ["…"]
      page    docs/errors/SL0103.md
    "#);
}

#[test]
fn no_password() {
    assert_snapshot!(check("url = \"mysql://a@localhost\""), @r"
    exit 2
    ---- stderr
    error SL0104: no password was given
      side    source
      what    no password was given for a
      remedy  set SEALIFT_SOURCE_PASSWORD (empty for an account without a password),
              or password_file or password_command in the configuration
      page    docs/errors/SL0104.md
    ");
}

#[test]
fn a_password_file_that_is_not_there() {
    assert_snapshot!(check("url = \"mysql://a@localhost\"\npassword_file = \"pw\""), @r"
    exit 2
    ---- stderr
    error SL0104: no password was given
      side    source
      object  file pw
      what    read the password file
      cause   No such file or directory (os error 2)
      remedy  set SEALIFT_SOURCE_PASSWORD or SEALIFT_TARGET_PASSWORD, or
              password_file in sealift.toml
      page    docs/errors/SL0104.md
    ");
}

#[test]
fn a_password_command_that_fails() {
    assert_snapshot!(
        check("url = \"mysql://a@localhost\"\npassword_command = \"echo secret; echo expired >&2; exit 3\""),
        @r"
    exit 2
    ---- stderr
    error SL0104: no password was given
      side    source
      what    password_command gave no password
      cause   it ended with exit status: 3: expired
      remedy  run the command by hand to see why
      page    docs/errors/SL0104.md
    "
    );
}

#[test]
fn a_password_in_the_configuration_warns_and_quiet_does_not() {
    let config = format!("[source]\nurl = \"mysql://a:secret@localhost\"\n{TARGET}");
    let folder = Folder::with(&config);
    assert_snapshot!(folder.sealift(&["check"]).screen(), @r"
    exit 2
    ---- stderr
    warning: the source's password is written in sealift.toml; it belongs in
    SEALIFT_SOURCE_PASSWORD, in a file named by password_file, or in
    password_command
    error SL0104: no password was given
      side    target
      what    no password was given for b
      remedy  set SEALIFT_TARGET_PASSWORD (empty for an account without a password),
              or password_file or password_command in the configuration
      page    docs/errors/SL0104.md
    ");
    assert_snapshot!(folder.sealift(&["check", "--quiet"]).screen(), @r"
    exit 2
    ---- stderr
    error SL0104: no password was given
      side    target
      what    no password was given for b
      remedy  set SEALIFT_TARGET_PASSWORD (empty for an account without a password),
              or password_file or password_command in the configuration
      page    docs/errors/SL0104.md
    ");
}

#[test]
fn scripts_get_one_object() {
    let folder = Folder::with("[source]\n");
    assert_snapshot!(folder.sealift(&["check", "--json"]).screen(), @r#"
    exit 2
    ---- stdout
    {"command":"check","error":{"cause":null,"code":"SL0102","object":"sealift.toml:1","page":"docs/errors/SL0102.md","remedy":"correct the key that is named; docs/configuration.md lists all of them","side":null,"what":"the key `url` is missing in [source]"},"exit_code":2,"outcome":"failed","version":"0.1.0"}
    "#);
}

#[test]
fn a_probe_that_does_not_exist() {
    let folder = Folder::with("").env("SEALIFT_PROBE", "nowhere=kill");
    assert_snapshot!(folder.sealift(&["check"]).screen(), @r#"
    exit 2
    ---- stderr
    error SL0105: the command line is not valid
      what    SEALIFT_PROBE: there is no probe "nowhere"
      remedy  see sealift --help
      page    docs/errors/SL0105.md
    "#);
}

/// The lines of a log, each one object, among what people are told.
fn events(text: &str) -> Vec<serde_json::Value> {
    text.lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn what_is_done_is_logged_to_a_file_that_may_be_moved_away() {
    let pair = mysql();
    let folder = Folder::between(
        &pair.source,
        &pair.target,
        "[log]\nfile = \"sealift.log\"\nformat = \"json\"\n",
    );
    let log = folder.file("sealift.log");
    for _day in 0..2 {
        let ran = folder.sealift(&["check", "--json"]);
        assert_eq!(ran.code, Some(0), "{}", ran.screen());
        assert_eq!(ran.stderr, "", "nothing of the log is there");
        let events = events(&std::fs::read_to_string(&log).unwrap());
        let (first, last) = (events.first().unwrap(), events.last().unwrap());
        assert_eq!((&first["message"], &first["command"]), (&"began".into(), &"check".into()));
        assert_eq!((&last["message"], &last["exit_code"]), (&"ended".into(), &0.into()));
        std::fs::rename(&log, folder.file("yesterday.log")).unwrap();
    }
    let folder = folder.env("SEALIFT_TARGET_PASSWORD", "wr0ng-pw");
    assert_eq!(folder.sealift(&["check"]).code, Some(1));
    let text = std::fs::read_to_string(&log).unwrap();
    let last = events(&text).pop().unwrap();
    assert_eq!(
        (&last["level"], &last["code"], &last["side"]),
        (&"ERROR".into(), &"SL0303".into(), &"target".into())
    );
    assert!(!text.contains("wr0ng-pw") && !text.contains(pair.source.account().password));
    // Who asks on the command line gets it on standard error.
    let ran = folder.sealift(&["check", "--json", "--log", "json"]);
    assert_eq!(events(&ran.stderr).pop().unwrap()["code"], "SL0303");
    assert_eq!(std::fs::read_to_string(&log).unwrap(), text);
}

#[test]
fn a_log_file_that_cannot_be_written_is_named() {
    let folder = Folder::with(
        "[source]\nurl = \"mysql://a@localhost\"\n[target]\nurl = \"mysql://b@localhost\"\n\
         [log]\nfile = \"nowhere/sealift.log\"\n",
    );
    let ran = folder.sealift(&["check", "--json"]);
    assert_eq!((ran.code, ran.error_code()), (Some(2), "SL0102".to_owned()), "{}", ran.screen());
    assert!(ran.json()["error"]["object"].to_string().contains("nowhere"), "{}", ran.screen());
}

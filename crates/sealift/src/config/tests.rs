//! What a configuration means, on a machine made of maps.

use std::collections::BTreeMap;
use std::io;

use secrecy::{ExposeSecret, SecretString};

use sealift_engine::target::definers::Definers;
use sealift_schema::rewrite::DefinerPolicy;

use super::surroundings::CommandError;
use super::*;
use crate::log::{LogFormat, LogLevel};

/// A machine made of maps.
#[derive(Clone, Default)]
struct Fake {
    variables: BTreeMap<&'static str, &'static str>,
    files: BTreeMap<&'static str, &'static str>,
    open_files: Vec<&'static str>,
    answer: Option<&'static str>,
}

impl Surroundings for Fake {
    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).map(|value| (*value).to_owned())
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let text = self.files.get(path.to_str().unwrap());
        text.map(|text| text.as_bytes().to_vec()).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn is_open_to_others(&self, path: &Path) -> bool {
        self.open_files.iter().any(|open| Path::new(open) == path)
    }

    fn run(&self, command: &str) -> Result<SecretString, CommandError> {
        match command {
            "fail" => {
                Err(CommandError::Failed { status: "exit status: 1".into(), told: ": no".into() })
            }
            "silent" => Ok(SecretString::from("")),
            command => Ok(SecretString::from(format!("output of {command}"))),
        }
    }

    fn ask(&self, _question: &str) -> Option<io::Result<SecretString>> {
        self.answer.map(|answer| Ok(SecretString::from(answer)))
    }

    fn word(&self, _question: &str) -> Option<io::Result<String>> {
        self.answer.map(|answer| Ok(answer.to_owned()))
    }
}

fn with(config: &'static str) -> Fake {
    Fake { files: [("etc/sealift.toml", config)].into(), ..Fake::default() }
}

fn read(machine: &Fake) -> Result<Config, Fault> {
    Config::read(Path::new("etc/sealift.toml"), 4, machine)
}

/// The source's password and all warnings.
fn password(machine: &Fake) -> Result<(String, Vec<String>), Fault> {
    let config = read(machine)?;
    let mut warnings = config.warnings;
    let surroundings: Arc<dyn Surroundings> = Arc::new(machine.clone());
    let endpoint = config.source.endpoint(&surroundings, &mut |warning| warnings.push(warning))?;
    let password = endpoint.password.current().expose_secret().to_owned();
    assert!(password.is_empty() || !format!("{endpoint:?}").contains(&password));
    Ok((password, warnings))
}

const BARE: &str = "[source]\nurl = 'mysql://a@h'\n[target]\nurl = 'mysql://b@h'\n";

#[test]
fn what_is_not_written_has_a_default() {
    let config = read(&with(BARE)).unwrap();
    assert_eq!(config.source.tls, TlsMode::VerifyIdentity);
    assert_eq!(config.source.connect_timeout, CONNECT_TIMEOUT);
    assert!(!config.source.compress);
    assert_eq!(config.copy, CopyOptions { workers: 4, not_empty: NotEmpty::Refuse });
    assert!(config.warnings.is_empty());
}

#[test]
fn everything_that_is_written_counts() {
    let config = read(&with(
        "[source]\nurl = 'mysql://a@h'\ntls = 'verify-ca'\ntls_ca = 'ca.pem'\ncompress = true\n\
         connect_timeout = 3\n[target]\nurl = 'mysql://b@localhost?socket=/s'\n\
         [select]\nschemas = ['shop']\ninclude = ['shop.a']\nexclude = ['shop.b']\n\
         [rewrite]\ndefiner = 'keep'\n\
         [copy]\nworkers = 7\nnot_empty = 'truncate'\n\
         [throttle]\nbytes_per_second = 1000\nworkers = 3\n\
         [api]\nport = 4711\n[metrics]\nlisten = '127.0.0.1:9104'\n\
         [log]\nlevel = 'debug'\nformat = 'json'\nfile = 'a.log'\n",
    ))
    .unwrap();
    assert_eq!(config.source.tls, TlsMode::VerifyCa);
    assert_eq!(config.source.tls_ca.as_deref(), Some(Path::new("etc/ca.pem")));
    assert!(config.source.compress);
    assert_eq!(config.source.connect_timeout, Duration::from_secs(3));
    assert_eq!(config.target.tls, TlsMode::Off, "TLS is not used on a socket");
    assert_eq!(config.patterns.exclude, ["shop.b"]);
    assert!(config.selection.may_select_in("shop") && !config.selection.may_select_in("hr"));
    assert_eq!(config.policy.definer, DefinerPolicy::Keep);
    assert_eq!(config.copy, CopyOptions { workers: 7, not_empty: NotEmpty::Truncate });
    assert_eq!(config.throttle.bytes_per_second.map(u64::from), Some(1_000));
    assert_eq!(config.throttle.workers.map(u16::from), Some(3));
    assert_eq!(config.listen.port, 4_711);
    let log = config.log.unwrap();
    assert_eq!((log.level, log.format), (LogLevel::Debug, LogFormat::Json));
    assert_eq!(log.file.as_deref(), Some(Path::new("etc/a.log")));
    assert_eq!(config.listen.metrics, Some("127.0.0.1:9104".parse().unwrap()));
}

#[test]
fn at_least_two_workers_copy_unless_told() {
    for (cores, workers) in [(1, 2), (2, 2), (6, 6), (128, 8)] {
        let config = Config::read(Path::new("etc/sealift.toml"), cores, &with(BARE)).unwrap();
        assert_eq!(config.copy.workers, workers);
    }
}

#[test]
fn numbers_out_of_range_are_refused() {
    for copy in ["[copy]\nworkers = 0", "[copy]\nworkers = 65"] {
        let text: &'static str = format!("{BARE}{copy}").leak();
        assert_eq!(read(&with(text)).unwrap_err().code, ErrorCode::ConfigInvalid);
    }
}

#[test]
fn patterns_and_policies_that_mean_nothing_are_refused() {
    for (wrong, said) in [
        ("[select]\nexclude = ['shop.%']", "% is no wildcard"),
        ("[rewrite]\nrename = { shop = 'a.b' }", "both sides must be a schema"),
        ("[rewrite]\ndefiner_map = { root = 'a@b' }", "user@host"),
    ] {
        let text: &'static str = format!("{BARE}{wrong}").leak();
        let fault = read(&with(text)).unwrap_err();
        assert_eq!(fault.code, ErrorCode::ConfigInvalid);
        assert!(fault.what.contains(said), "{}", fault.what);
    }
}

#[test]
fn the_environment_wins_over_everything_in_the_file() {
    let mut machine = with(
        "[source]\nurl = 'mysql://a@h'\npassword_file = 'pw'\n[target]\nurl = 'mysql://b@h'\n",
    );
    machine.files.insert("etc/pw", "from file\r\n");
    assert_eq!(password(&machine).unwrap().0, "from file");
    machine.variables.insert("SEALIFT_SOURCE_PASSWORD", "");
    assert_eq!(password(&machine).unwrap().0, "");
}

#[test]
fn a_password_file_others_can_read_is_warned_of() {
    let mut machine = with(
        "[source]\nurl = 'mysql://a@h'\npassword_file = 'pw'\n[target]\nurl = 'mysql://b@h'\n",
    );
    machine.files.insert("etc/pw", "secret");
    machine.open_files.push("etc/pw");
    let (_, warnings) = password(&machine).unwrap();
    assert_eq!(
        warnings,
        ["others can read the source's password file etc/pw; run chmod 600 etc/pw"]
    );
}

#[test]
fn a_password_in_the_configuration_works_and_warns() {
    for source in ["url = 'mysql://a:secret@h'", "url = 'mysql://a@h'\npassword = 'secret'"] {
        let text: &'static str =
            format!("[source]\n{source}\n[target]\nurl = 'mysql://b@h'\n").leak();
        let (found, warnings) = password(&with(text)).unwrap();
        assert_eq!(found, "secret");
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].contains("SEALIFT_SOURCE_PASSWORD"), "{warnings:?}");
        assert!(!format!("{:?}", read(&with(text)).unwrap()).contains("secret"));
    }
}

#[test]
fn a_password_given_twice_is_refused() {
    for keys in [
        "password = 'x'\npassword_file = 'pw'",
        "password_file = 'pw'\npassword_command = 'x'",
        "password_command = 'x'\npassword = 'x'",
    ] {
        let text: &'static str =
            format!("[source]\nurl = 'mysql://a@h'\n{keys}\n[target]\nurl = 'mysql://b@h'\n")
                .leak();
        assert_eq!(read(&with(text)).unwrap_err().code, ErrorCode::ConfigInvalid);
    }
}

#[test]
fn a_command_or_a_person_can_give_the_password() {
    let config = "[source]\nurl = 'mysql://a@h'\npassword_command = 'token'\n[target]\nurl = 'mysql://b@h'\n";
    assert_eq!(password(&with(config)).unwrap().0, "output of token");
    let asked = Fake { answer: Some("typed"), ..with(BARE) };
    assert_eq!(password(&asked).unwrap().0, "typed");
}

#[test]
fn without_a_password_the_fault_says_how_to_give_one() {
    let fault = password(&with(BARE)).unwrap_err();
    assert_eq!(fault.code, ErrorCode::PasswordMissing);
    assert!(fault.remedy().contains("SEALIFT_SOURCE_PASSWORD"), "{}", fault.remedy());
    for command in ["fail", "silent"] {
        let text: &'static str = format!(
            "[source]\nurl = 'mysql://a@h'\npassword_command = '{command}'\n[target]\nurl = 'mysql://b@h'\n"
        )
        .leak();
        assert_eq!(password(&with(text)).unwrap_err().code, ErrorCode::PasswordMissing);
    }
}

#[test]
fn logins_of_definers_have_passwords_of_their_own() {
    let found = |machine: &Fake| {
        let config = read(machine).unwrap();
        let surroundings: Arc<dyn Surroundings> = Arc::new(machine.clone());
        let mut warned = Vec::new();
        let mut warn = |warning| warned.push(warning);
        let with = Fake { answer: Some("typed"), ..machine.clone() };
        let with: Arc<dyn Surroundings> = Arc::new(with);
        let target = config.target.endpoint(&with, &mut |_warning| {}).unwrap();
        let definers = config.definers.find(&target, &surroundings, &mut warn).unwrap();
        assert!(!format!("{definers:?}").contains("secret"));
        let passwords = definers.iter().flat_map(Definers::passwords);
        let passwords = passwords
            .map(|(user, password)| format!("{user} {}", password.current().expose_secret()));
        (passwords.collect::<Vec<_>>(), warned)
    };
    let keep = "[rewrite]\ndefiner = 'keep-by-login'\n[definers.'a b']\n[definers.app]\npassword_file = 'pw'\n\
                [definers.batch]\npassword_command = 'token'\n";
    let text: &'static str = format!("{BARE}{keep}").leak();
    let mut machine = with(text);
    machine.files.insert("etc/pw", "secret\n");
    let (passwords, warned) = found(&machine);
    assert_eq!(passwords, ["app secret", "batch output of token"]);
    assert!(warned[0].contains("SEALIFT_DEFINER_A_B_PASSWORD"), "{warned:?}");
    machine.variables.insert("SEALIFT_DEFINER_A_B_PASSWORD", "secret");
    machine.variables.insert("SEALIFT_DEFINER_APP_PASSWORD", "other secret");
    assert_eq!(found(&machine).0, ["a b secret", "app other secret", "batch output of token"]);
    machine.variables.clear();
    machine.answer = Some("typed");
    assert_eq!(found(&machine).0[0], "a b typed");
    assert_eq!(found(&with(BARE)), (Vec::new(), Vec::new()));
    for wrong in [
        "[definers.app]\n",
        "[rewrite]\ndefiner = 'keep-by-login'\n[definers.app]\npassword_file = 'a'\npassword_command = 'b'\n",
    ] {
        let text: &'static str = format!("{BARE}{wrong}").leak();
        let fault = read(&with(text)).unwrap_err();
        assert!(fault.what.contains("[definers.app]"), "{}", fault.what);
    }
}

#[test]
fn a_configuration_or_a_file_it_names_that_is_not_there_is_named() {
    let fault = read(&Fake::default()).unwrap_err();
    assert_eq!(fault.code, ErrorCode::ConfigMissing);
    assert_eq!(fault.object.as_deref(), Some("file etc/sealift.toml"));
    let mut machine =
        with("[source]\nurl = 'mysql://a@h'\ntls_ca = 'ca.pem'\n[target]\nurl = 'mysql://b@h'\n");
    machine.variables.insert("SEALIFT_SOURCE_PASSWORD", "x");
    let fault = password(&machine).unwrap_err();
    assert_eq!(fault.object.as_deref(), Some("file etc/ca.pem"));
}

#[test]
fn the_client_that_measures_logs_in_as_servers_do_with_a_password_of_its_own() {
    const CLIENT: &str = "[source]\nurl='mysql://a:x@h'\n[target]\nurl='mysql://b:x@h'\n[cutover.client]\n\
                          url='mysql://app@proxy:3307'\ntls='off'\nwrite='UPDATE s.t SET n = n + 1'\n";
    let found = |machine: &Fake| {
        let client = read(machine)?.client.expect("there is one");
        client.find(&(Arc::new(machine.clone()) as Arc<dyn Surroundings>), &mut |_warning| {})
    };
    let machine = Fake { variables: [("SEALIFT_CLIENT_PASSWORD", "pw")].into(), ..with(CLIENT) };
    let client = found(&machine).unwrap();
    let endpoint = client.endpoint();
    assert_eq!(endpoint.address.to_string(), "proxy:3307");
    assert_eq!(endpoint.password.current().expose_secret(), "pw");
    let fault = found(&with(CLIENT)).unwrap_err();
    assert_eq!((fault.code, fault.side), (ErrorCode::PasswordMissing, None));
    assert!(fault.remedy().contains("SEALIFT_CLIENT_PASSWORD"), "{}", fault.remedy());

    let broken = |from: &str, to: &str| {
        let text = CLIENT.replace(from, to);
        let raw = RawConfig::parse(&text, Path::new("sealift.toml"));
        let place = Place { file: Path::new("sealift.toml"), text: &text };
        raw.and_then(|raw| Config::resolve(raw, place, 2)).unwrap_err().what
    };
    assert!(broken("UPDATE s.t SET n = n + 1", " ").contains("write in [cutover.client] is empty"));
    assert!(broken("write", "wrote").contains("unknown key `wrote` in [cutover.client]"));
    assert!(broken("write='UPDATE s.t SET n = n + 1'", "").contains("the key `write` is missing"));
}

#[test]
fn a_cutover_is_told_how_and_how_long_by_its_table() {
    let read_with = |table: &'static str| read(&with(table)).map(|config| config.cutover);
    let whole = read_with(concat!(
        "[source]\nurl='mysql://a:x@h'\n[target]\nurl='mysql://b:x@h'\n[cutover]\nfence='tables'\n",
        "budget=60\nwait=9\nkill=true\nway_back=false\nheadroom=7\nconfirm_rows=5\nsmoke=['SELECT 1']\n",
        "before='./a'\nafter='http://p:1/x'\nhook_time=3\n"
    ));
    let whole = whole.unwrap();
    assert_eq!(
        (whole.budget.as_secs(), whole.wait.as_secs(), whole.hook_time.as_secs()),
        (60, 9, 3)
    );
    assert_eq!((whole.headroom, whole.confirm_rows, whole.smoke.len()), (7, 5, 1));
    assert!(whole.kill && !whole.way_back && whole.before.is_some() && whole.after.is_some());
    for (table, word) in [
        (
            "[source]\nurl='mysql://a:x@h'\n[target]\nurl='mysql://b:x@h'\n[cutover]\nbudget=4\n",
            "budget",
        ),
        (
            "[source]\nurl='mysql://a:x@h'\n[target]\nurl='mysql://b:x@h'\n[cutover]\nbudget=9\nwait=5\n",
            "wait",
        ),
        (
            "[source]\nurl='mysql://a:x@h'\n[target]\nurl='mysql://b:x@h'\n[cutover]\nafter='https://x/'\n",
            "TLS",
        ),
    ] {
        let refused = read_with(table).unwrap_err().to_string();
        assert!(refused.contains(word), "{refused}");
    }
}

//! Both ends on real servers, and every way in which the door stays shut.

use std::net::TcpListener;

use sealift_lab::Pair;

use crate::folder::{Folder, Ran};
use crate::pairs::mysql;

fn folder(pair: &Pair) -> Folder {
    Folder::between(&pair.source, &pair.target, "")
}

/// Code, side and exit code of the error that `check` ends with.
fn refusal(folder: &Folder) -> (String, String, Option<i32>) {
    let ran: Ran = folder.sealift(&["check", "--json"]);
    let side = ran.json()["error"]["side"].as_str().unwrap_or("none").to_owned();
    (ran.error_code(), side, ran.code)
}

fn refused(code: &str, side: &str) -> (String, String, Option<i32>) {
    (code.into(), side.into(), Some(1))
}

#[test]
fn check_says_who_answered_and_how_the_connection_is_protected() {
    let pair = mysql();
    let ran = folder(&pair).sealift(&["check"]);
    assert_eq!(ran.code, Some(0), "{}", ran.screen());
    for said in ["source  MySQL", "target  MySQL", "TLSv1.3", "certificate verified, not its name"]
    {
        assert!(ran.stdout.contains(said), "{said}: {}", ran.screen());
    }
    assert_eq!(ran.stderr, "");
    let json = folder(&pair).sealift(&["check", "--json"]).json();
    assert_eq!(json["outcome"], "done");
    assert_eq!(json["source"]["tls"], json["target"]["tls"]);
}

#[test]
fn a_wrong_password() {
    let pair = mysql();
    let folder = folder(&pair).env("SEALIFT_SOURCE_PASSWORD", "wr0ng-pw");
    assert_eq!(refusal(&folder), refused("SL0303", "source"));
    assert!(!folder.sealift(&["check"]).screen().contains("wr0ng-pw"));
}

#[test]
fn a_port_where_nobody_listens() {
    let pair = mysql();
    // Bound and never listened on: nobody else can take it meanwhile.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let folder = folder(&pair);
    let target = pair.target.port();
    folder.reconfigure(&format!(":{target}\""), &format!(":{taken}\""));
    assert_eq!(refusal(&folder), refused("SL0301", "target"));
}

#[test]
fn a_host_that_does_not_exist() {
    let pair = mysql();
    let folder = folder(&pair);
    let source = pair.source.port();
    folder.reconfigure(&format!("127.0.0.1:{source}\""), &format!("db.invalid:{source}\""));
    assert_eq!(refusal(&folder), refused("SL0301", "source"));
}

#[test]
fn an_authority_that_did_not_sign() {
    let pair = mysql();
    let folder = folder(&pair);
    let ca = |server: &sealift_lab::Server| server.ca().display().to_string();
    folder.reconfigure(&ca(&pair.source), &ca(&pair.target));
    let expected =
        if std::fs::read(pair.source.ca()).unwrap() == std::fs::read(pair.target.ca()).unwrap() {
            ("none".to_owned(), "none".to_owned(), Some(0))
        } else {
            refused("SL0305", "source")
        };
    assert_eq!(refusal(&folder), expected);
}

#[test]
fn a_certificate_for_another_name() {
    let pair = mysql();
    let folder = folder(&pair);
    folder.reconfigure("verify-ca", "verify-identity");
    assert_eq!(refusal(&folder), refused("SL0306", "source"));
}

#[test]
fn an_unencrypted_login_to_a_target_that_requires_tls() {
    let pair = mysql();
    let folder = folder(&pair);
    let target = format!("{}\"\ntls = \"verify-ca\"", pair.target.port());
    folder.reconfigure(&target, &format!("{}\"\ntls = \"off\"", pair.target.port()));
    let ran = folder.sealift(&["check", "--json"]);
    assert_eq!(ran.code, Some(1), "{}", ran.screen());
    assert_eq!(ran.json()["error"]["side"], "target");
}

#[test]
fn a_socket_needs_no_tls() {
    let pair = mysql();
    let folder = folder(&pair);
    folder.reconfigure(
        &format!("{}:{}", pair.source.host(), pair.source.port()),
        &format!("localhost?socket={}", pair.source.socket().display()),
    );
    let ran = folder.sealift(&["check"]);
    assert_eq!(ran.code, Some(0), "{}", ran.screen());
    assert!(ran.stdout.contains("not encrypted"), "{}", ran.screen());
}

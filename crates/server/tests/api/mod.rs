//! The API of a running migration, asked over its socket.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use sealift_engine::clock::Clock;
use sealift_engine::control::{Control, Settings};
use sealift_engine::cutover::{TurnAsk, TurnDesk, TurnWish};
use sealift_engine::fault::ErrorCode;
use sealift_engine::order::OrderDesk;
use sealift_engine::progress::Progress;
use sealift_engine::stop::Stop;
use sealift_schema::name::QualifiedName;
use sealift_server::api::{Listen, Request, Running, Service, Token, call};
use sealift_server::store::{Identity, StateFolder};
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A run without servers: its chunks are counted.
struct FakeRun {
    folder: TempDir,
    running: Running,
    service: Service,
}

impl FakeRun {
    async fn begin() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let state = StateFolder::open(folder.path(), &identity(), clock.clone()).unwrap();
        let running = Running {
            state: Arc::new(state),
            progress: Progress::default(),
            control: Control::new(Stop::new(), clock.clone(), Settings::default()),
            desk: TurnDesk::default(),
            orders: OrderDesk::default(),
            clock,
        };
        let listen = Listen { port: 0, metrics: Some("127.0.0.1:0".parse().unwrap()) };
        let token = Token::random(|| 7);
        let service = Service::begin(running.clone(), listen, token).await.unwrap();
        Self { folder, running, service }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Address and token, as somebody who may read the folder finds them.
    fn door(&self) -> (SocketAddr, String) {
        let text = std::fs::read_to_string(self.path().join("api.json")).unwrap();
        let door: Value = serde_json::from_str(&text).unwrap();
        let token = door["token"].as_str().unwrap().to_owned();
        (door["address"].as_str().unwrap().parse().unwrap(), token)
    }

    /// Sends lines as they are, and returns status and body.
    async fn raw(&self, request: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.door().0).await.unwrap();
        stream.write_all(request.replace('\n', "\r\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(!head.to_lowercase().contains("access-control"), "no other origin is let in");
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// Asks for a path with these header lines.
    async fn get(&self, path: &str, headers: &str) -> (u16, String) {
        self.raw(&format!("GET {path} HTTP/1.1\nConnection: close\n{headers}\n")).await
    }
}

fn identity() -> Identity {
    Identity { source: "a:3306".into(), target: "b:3306".into(), selection: "shop".into() }
}

fn object(value: Value) -> Map<String, Value> {
    let Value::Object(object) = value else { panic!("{value} is no object") };
    object
}

#[tokio::test]
async fn a_pause_holds_the_run_until_it_is_resumed() {
    let run = FakeRun::begin().await;
    let chunks = Arc::new(AtomicU64::new(0));
    assert_eq!(call(run.path(), Request::Pause).await.unwrap()["paused"], true);
    let copier = tokio::spawn({
        let (control, chunks) = (run.running.control.clone(), Arc::clone(&chunks));
        async move {
            while let Ok(turn) = control.turn().await {
                chunks.fetch_add(1, Ordering::SeqCst);
                turn.copied(1, 1);
                tokio::task::yield_now().await;
            }
        }
    });
    for _ in 0..3 {
        let status = call(run.path(), Request::Status).await.unwrap();
        assert_eq!(status["steering"]["paused"], true);
    }
    assert_eq!(chunks.load(Ordering::SeqCst), 0);
    assert_eq!(call(run.path(), Request::Resume).await.unwrap()["paused"], false);
    while chunks.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(call(run.path(), Request::Stop).await.unwrap()["stopping"], true);
    copier.await.unwrap();
    run.service.finish().await;
}

#[tokio::test]
async fn status_says_what_the_board_says_now() {
    let run = FakeRun::begin().await;
    run.running.progress.enter("copying");
    run.running.progress.table(&QualifiedName::new("shop", "orders"), |table| table.rows = 42);
    let status = call(run.path(), Request::Status).await.unwrap();
    assert_eq!(status["running"], true);
    assert_eq!(status["pid"], std::process::id());
    assert_eq!(status["source"], "a:3306");
    assert_eq!(status["progress"]["tables"][0]["rows"], 42);
    assert_eq!(status["steering"]["paused"], false);
    run.service.finish().await;
}

#[tokio::test]
async fn settings_are_merged_and_wrong_ones_change_nothing() {
    let run = FakeRun::begin().await;
    let set = |change: Value| call(run.path(), Request::Set(object(change)));
    let answer = set(json!({"workers": 2, "bytes_per_second": 1000})).await.unwrap();
    assert_eq!(answer["settings"]["workers"], 2);
    let answer = set(json!({"workers": null})).await.unwrap();
    assert_eq!(answer["settings"]["workers"], Value::Null);
    assert_eq!(answer["settings"]["bytes_per_second"], 1000);
    let before = run.running.control.settings();
    for (change, said) in [(json!({"lanes": 1}), "`lanes`"), (json!({"workers": 0}), "`workers`")] {
        let fault = set(change).await.unwrap_err();
        assert_eq!(fault.code, ErrorCode::UsageInvalid);
        assert!(fault.what.contains(said), "{fault}");
    }
    assert_eq!(run.running.control.settings(), before);
    run.service.finish().await;
}

#[tokio::test]
async fn a_request_without_the_token_is_refused_and_does_nothing() {
    let run = FakeRun::begin().await;
    let host = format!("Host: {}\n", run.door().0);
    for authorization in ["", "Authorization: Bearer wrong\n", "Authorization: Basic eDp5\n"] {
        for path in ["/v1/status", "/metrics", "/elsewhere"] {
            let (status, body) = run.get(path, &format!("{host}{authorization}")).await;
            assert_eq!(status, 401, "{path}");
            let error: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(error["error"]["code"], "SL0209");
        }
    }
    let stop = format!("POST /v1/stop HTTP/1.1\nConnection: close\n{host}Content-Length: 0\n\n");
    assert_eq!(run.raw(&stop).await.0, 401);
    assert!(!run.running.control.stop().requested());
    run.service.finish().await;
}

#[tokio::test]
async fn a_page_by_another_name_is_refused_even_with_the_token() {
    let run = FakeRun::begin().await;
    let (address, token) = run.door();
    let token = format!("Authorization: Bearer {token}\n");
    for (host, expected) in [
        (format!("Host: {address}\n"), 200),
        (format!("Host: localhost:{}\n", address.port()), 200),
        (format!("Host: evil.example:{}\n", address.port()), 403),
        (format!("Host: 127.0.0.1.evil.example:{}\n", address.port()), 403),
    ] {
        let (status, _) = run.get("/v1/status", &format!("{host}{token}")).await;
        assert_eq!(status, expected, "{host}");
    }
    let host = format!("Host: {address}\n");
    assert_eq!(run.get("/v1/nothing", &format!("{host}{token}")).await.0, 404);
    assert_eq!(run.get("/v1/stop", &format!("{host}{token}")).await.0, 405);
    assert!(!run.running.control.stop().requested());
    let metrics = run.get("/metrics", &format!("{host}{token}")).await;
    assert!(metrics.0 == 200 && metrics.1.contains("sealift_info"));
    run.service.finish().await;
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_can_read_the_token_and_it_is_gone_at_the_end() {
    use std::os::unix::fs::PermissionsExt;
    let run = FakeRun::begin().await;
    let file = run.path().join("api.json");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let address = run.door().0;
    run.service.finish().await;
    assert!(!file.exists());
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_up_the_end() {
    let run = FakeRun::begin().await;
    let mut idle = TcpStream::connect(run.door().0).await.unwrap();
    idle.write_all(b"GET /v1/status HT").await.unwrap();
    run.service.finish().await;
}

#[tokio::test]
async fn without_a_run_there_is_nobody_to_ask() {
    let folder = tempfile::tempdir().unwrap();
    let nothing = call(folder.path(), Request::Pause).await.unwrap_err();
    assert_eq!(nothing.code, ErrorCode::NotRunning);
    let clock = Clock::manual(Timestamp::UNIX_EPOCH);
    let held = StateFolder::open(folder.path(), &identity(), clock).unwrap();
    let silent = call(folder.path(), Request::Pause).await.unwrap_err();
    assert_eq!(silent.code, ErrorCode::NotRunning);
    assert!(silent.what.contains("takes no requests"), "{silent}");
    // The file of a process that was killed is not taken for this one's.
    let stale = json!({"pid": 1, "address": "127.0.0.1:1", "token": "x"}).to_string();
    std::fs::write(folder.path().join("api.json"), stale).unwrap();
    let stale = call(folder.path(), Request::Pause).await.unwrap_err();
    assert_eq!(stale.code, ErrorCode::NotRunning);
    drop(held);
    let ended = call(folder.path(), Request::Pause).await.unwrap_err();
    assert_eq!(ended.code, ErrorCode::NotRunning);
    assert!(ended.what.contains("no process"), "{ended}");
}

#[tokio::test]
async fn a_process_that_is_gone_but_for_its_file_does_not_answer() {
    let run = FakeRun::begin().await;
    let file = run.path().join("api.json");
    let door = std::fs::read_to_string(&file).unwrap();
    run.service.finish().await;
    std::fs::write(&file, door).unwrap();
    let fault = call(run.folder.path(), Request::Status).await.unwrap_err();
    assert_eq!(fault.code, ErrorCode::NoAnswer);
}

#[tokio::test]
async fn an_address_that_is_taken_is_refused_by_the_keys_name() {
    let run = FakeRun::begin().await;
    let listen = Listen { port: 0, metrics: Some(run.door().0) };
    let refused = Service::begin(run.running.clone(), listen, Token::random(|| 1)).await;
    let fault = refused.map(|_service| ()).unwrap_err();
    assert_eq!(fault.code, ErrorCode::ConfigInvalid);
    assert!(fault.remedy().contains("[metrics] listen"));
    run.service.finish().await;
}

#[tokio::test]
async fn a_turn_is_refused_while_the_run_is_not_ready_for_one() {
    let run = FakeRun::begin().await;
    let ask = TurnAsk {
        wish: TurnWish::Cutover,
        rehearse: true,
        no_way_back: false,
        by: "a@b: sealift cutover --rehearse".into(),
    };
    let refused = call(run.path(), Request::Turn(ask)).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::TurnRefused);
    let token = run.door().1;
    let (status, body) = run
        .raw(&format!(
            "POST /v1/turn HTTP/1.1\nHost: localhost\nAuthorization: Bearer {token}\n\
             Connection: close\nContent-Length: 2\n\n{{}}"
        ))
        .await;
    assert_eq!(status, 422, "{body}");
    run.service.finish().await;
}

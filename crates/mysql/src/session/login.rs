//! From an endpoint to a session: connect, greet, TLS, log in.

use std::io;

use sealift_schema::facts::{Flavor, ServerVersion};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use tokio::net::{TcpStream, UnixStream};

use super::{Session, Standing, malformed};
use crate::endpoint::{Address, Endpoint, TlsMode};
use crate::error::{ErrorClass, MysqlError};
use crate::tls;
use crate::wire::auth::{Plugin, switch};
use crate::wire::capability::{self, Agreed, Wish, agree};
use crate::wire::channel::Channel;
use crate::wire::compression::Codec;
use crate::wire::greeting::{self, Greeting};
use crate::wire::stream::Stream;
use crate::wire::{login, refusal};

const GREETING: &str = "reading the greeting";
const LOGIN: &str = "logging in";
/// No plugin asks more than three times; a server that goes on asking wants no login.
const QUESTIONS_MAX: usize = 10;
/// So many probes without an answer and the connection is lost: after two and a half minutes.
const KEEPALIVE_PROBES: u32 = 4;
/// Idle connections are kept alive through firewalls, which forget them after minutes
/// (Azure's load balancers: 4).
const KEEPALIVE: std::time::Duration = std::time::Duration::from_secs(30);

/// Connects and logs in. A password that is refused is asked for anew, once.
pub(super) async fn connect(endpoint: &Endpoint) -> Result<Session, MysqlError> {
    let password = endpoint.password.current();
    let refused = match connect_with(endpoint, &password).await {
        Err(error) if error.class() == ErrorClass::AccessDenied => error,
        outcome => return outcome,
    };
    match endpoint.password.instead_of(&password).await {
        Ok(Some(password)) => connect_with(endpoint, &password).await,
        Ok(None) => Err(refused),
        Err(why) => Err(MysqlError::NoPassword { refusal: refused.to_string(), why }),
    }
}

/// Connects and logs in within the endpoint's time.
async fn connect_with(endpoint: &Endpoint, password: &SecretString) -> Result<Session, MysqlError> {
    let unreachable = |cause| MysqlError::Connect { address: endpoint.address.to_string(), cause };
    match tokio::time::timeout(endpoint.connect_timeout, log_in(endpoint, password)).await {
        Ok(Err(MysqlError::Lost { doing, cause })) => {
            // Nothing of ours was under way yet: to the caller the server was not reached.
            Err(unreachable(io::Error::new(cause.kind(), format!("{cause} while {doing}"))))
        }
        Ok(outcome) => outcome,
        Err(_elapsed) => {
            let what = format!("no answer within {:?}", endpoint.connect_timeout);
            Err(unreachable(io::Error::new(io::ErrorKind::TimedOut, what)))
        }
    }
}

async fn log_in(endpoint: &Endpoint, password: &SecretString) -> Result<Session, MysqlError> {
    let mut channel = Channel::new(reach(&endpoint.address).await?);
    let greeting = greet(&mut channel).await?;
    let version = ServerVersion::parse(&greeting.version).ok_or_else(|| MysqlError::Protocol {
        doing: GREETING,
        what: format!("unreadable version {:?}", greeting.version),
    })?;
    let is_tcp = matches!(endpoint.address, Address::Tcp { .. });
    let tls = Wish::from(is_tcp && endpoint.tls != TlsMode::Off);
    let agreed = agree(greeting.capabilities, Wish::from(endpoint.compress), tls);
    if tls == Wish::Yes {
        start_tls(&mut channel, endpoint, &greeting, agreed).await?;
    }
    let login = Login { user: &endpoint.user, password: password.expose_secret() };
    authenticate(&mut channel, login, &greeting, version.flavor, agreed).await?;
    channel.logged_in(Codec::new(agreed.compression));
    Ok(Session {
        channel,
        agreed,
        version,
        version_text: greeting.version,
        connection_id: greeting.connection_id,
        standing: Standing::Ready,
        prepared: None,
    })
}

/// Opens the stream.
async fn reach(address: &Address) -> Result<Stream, MysqlError> {
    let unreachable = |cause| MysqlError::Connect { address: address.to_string(), cause };
    let (host, port) = match address {
        Address::Tcp { host, port } => (host, *port),
        Address::Socket(path) => {
            #[cfg(feature = "in-process")]
            if let Some(dialled) = crate::in_process::dial(path) {
                return dialled.map(Stream::InProcess).map_err(unreachable);
            }
            return UnixStream::connect(path).await.map(Stream::Unix).map_err(unreachable);
        }
    };
    let found = tokio::net::lookup_host((host.as_str(), port))
        .await
        .map_err(|cause| MysqlError::Resolve { host: host.clone(), cause })?;
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for one in found {
        match TcpStream::connect(one).await {
            Ok(stream) => {
                set_options(&stream).map_err(unreachable)?;
                return Ok(Stream::Tcp(stream));
            }
            Err(cause) => last = cause,
        }
    }
    Err(unreachable(last))
}

fn set_options(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let keepalive = socket2::TcpKeepalive::new()
        .with_time(KEEPALIVE)
        .with_interval(KEEPALIVE)
        .with_retries(KEEPALIVE_PROBES);
    socket2::SockRef::from(stream).set_tcp_keepalive(&keepalive)
}

async fn greet(channel: &mut Channel) -> Result<Greeting, MysqlError> {
    let place = channel.next().await.map_err(|broken| broken.while_doing(GREETING))?;
    let packet = channel.payload(&place);
    if packet.first() == Some(&refusal::HEADER) {
        // E.g. "Too many connections" or "Host is blocked".
        return Err(refusal::read(packet).unwrap_or_else(malformed(GREETING)));
    }
    greeting::read(packet).map_err(malformed(GREETING))
}

async fn start_tls(
    channel: &mut Channel,
    endpoint: &Endpoint,
    greeting: &Greeting,
    agreed: Agreed,
) -> Result<(), MysqlError> {
    if greeting.capabilities & capability::SSL == 0 {
        return Err(MysqlError::TlsNotOffered);
    }
    let mut request = Vec::new();
    login::put_tls_request(&mut request, agreed);
    channel.send(&[], &request).await.map_err(|broken| broken.while_doing(LOGIN))?;
    let stream = channel.take_stream().map_err(malformed(LOGIN))?;
    let (Stream::Tcp(stream), Address::Tcp { host, .. }) = (stream, &endpoint.address) else {
        return Err(MysqlError::Tls("TLS is used on TCP only".to_owned()));
    };
    let wrapped = tls::wrap(stream, host, endpoint.tls, endpoint.tls_ca.as_deref()).await?;
    channel.set_stream(Stream::Tls(Box::new(wrapped)));
    Ok(())
}

/// Who logs in.
#[derive(Clone, Copy)]
struct Login<'a> {
    user: &'a str,
    password: &'a str,
}

async fn authenticate(
    channel: &mut Channel,
    Login { user, password }: Login<'_>,
    greeting: &Greeting,
    flavor: Flavor,
    agreed: Agreed,
) -> Result<(), MysqlError> {
    let way = channel.way();
    let mut plugin = opening(&greeting.plugin, flavor);
    let mut scramble = greeting.scramble.clone();
    let proof = plugin.first_proof(password, &scramble, way)?;
    let mut packet = Zeroizing::new(Vec::with_capacity(512 + proof.len()));
    login::put(&mut packet, agreed, user, plugin.name(), &proof);
    let lost = |broken: crate::wire::channel::Broken| broken.while_doing(LOGIN);
    channel.send_secret(&packet).await.map_err(lost)?;
    for _question in 0..QUESTIONS_MAX {
        let place = channel.next().await.map_err(lost)?;
        let packet = channel.payload(&place);
        let answer = match packet.split_first() {
            Some((0x00, _ok)) => return Ok(()),
            Some((&refusal::HEADER, _)) => {
                return Err(refusal::read(packet).unwrap_or_else(malformed(LOGIN)));
            }
            Some((0xFE, _)) => {
                let wish = switch::read(packet).map_err(malformed(LOGIN))?;
                plugin = Plugin::named(&wish.plugin)?;
                scramble = wish.scramble;
                Some(plugin.first_proof(password, &scramble, way)?)
            }
            Some((0x01, asked)) => plugin.next_proof(asked, password, &scramble, way)?,
            Some(_) | None => {
                let what = "unknown answer to a login".to_owned();
                return Err(MysqlError::Protocol { doing: LOGIN, what });
            }
        };
        if let Some(answer) = answer {
            channel.send_secret(&answer).await.map_err(lost)?;
        }
    }
    Err(plugin.refuse("the server goes on asking"))
}

/// The plugin to begin with: the server's own choice, as far as it tells nothing of the password.
fn opening(proposed: &str, flavor: Flavor) -> Plugin {
    match (Plugin::named(proposed), flavor) {
        (Ok(plugin @ (Plugin::CachingSha2 | Plugin::Native)), _) => plugin,
        (_, Flavor::MySql) => Plugin::CachingSha2,
        (_, Flavor::MariaDb) => Plugin::Native,
    }
}

//! A server's url: `mysql://user@host:3306`, or `mysql://user@localhost?socket=/run/mysqld/mysqld.sock`.
//!
//! No message repeats the url or a part of it that may hold a password.

use std::path::PathBuf;

use sealift_mysql::endpoint::Address;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

/// MySQL's port (<https://dev.mysql.com/doc/mysql-port-reference/en/mysql-port-reference-tables.html>).
const DEFAULT_PORT: u16 = 3306;

/// What a url says.
#[derive(Debug)]
pub(super) struct ServerUrl {
    /// Login name.
    pub(super) user: String,
    /// Password, if one was written into the url.
    pub(super) password: Option<SecretString>,
    /// Where the server listens.
    pub(super) address: Address,
}

/// What is wrong with a url.
#[derive(Debug, PartialEq, Eq, Error)]
pub(super) enum UrlError {
    /// Another scheme, or none.
    #[error("the url does not begin with mysql://")]
    Scheme,
    /// No `user@`.
    #[error("the url names no user")]
    User,
    /// No host.
    #[error("the url names no host")]
    Host,
    /// Characters that no host has.
    #[error("the url's host is not a name or an address")]
    HostText,
    /// Not a number from 1 to 65535.
    #[error("the url's port is not a number from 1 to 65535")]
    Port,
    /// `/schema` at the end.
    #[error("the url names the schema `{0}`")]
    Schema(String),
    /// A reserved character in user or password.
    #[error("user or password hold a `/`, `?` or `#`")]
    Reserved,
    /// `%` without two hexadecimal digits, or bytes that are no UTF-8.
    #[error("a `%` in the url is not followed by two hexadecimal digits of UTF-8")]
    Percent,
    /// A parameter other than `socket`.
    #[error("the url has the parameter `{0}`")]
    Parameter(String),
    /// A socket together with another machine's name or a port.
    #[error("the url names a socket and a host or port")]
    SocketAndHost,
}

impl UrlError {
    /// What to do about it.
    pub(super) fn advice(&self) -> &'static str {
        match self {
            Self::Scheme | Self::User | Self::Host | Self::HostText | Self::Port => {
                "write it as mysql://user@host:3306, an IPv6 address in brackets"
            }
            Self::Schema(_) => {
                "end the url after the port; choose schemas with [select] schemas = [\"…\"]"
            }
            Self::Reserved => {
                "write `/` as %2F, `?` as %3F, `#` as %23, `@` as %40; better, keep the password \
                 out of the url"
            }
            Self::Percent => "write a `%` that stands for itself as %25",
            Self::Parameter(_) => {
                "the only parameter is socket=/path; everything else is a key of its own: tls, \
                 tls_ca, compress, connect_timeout"
            }
            Self::SocketAndHost => "write it as mysql://user@localhost?socket=/path",
        }
    }
}

impl ServerUrl {
    /// Reads a url.
    pub(super) fn parse(url: &SecretString) -> Result<Self, UrlError> {
        let rest = url.expose_secret().trim();
        let rest = rest.strip_prefix("mysql://").ok_or(UrlError::Scheme)?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at_checked(end).ok_or(UrlError::Scheme)?;
        // An `@` behind the authority of a url without parameters, or of one without a user, is the
        // end of a password with a reserved character in it.
        if tail.contains('@') && (!tail.contains("socket=") || !authority.contains('@')) {
            return Err(UrlError::Reserved);
        }
        let (login, place) = authority.rsplit_once('@').ok_or(UrlError::User)?;
        let (user, password) = match login.split_once(':') {
            Some((user, password)) => (user, Some(SecretString::from(decode(password)?))),
            None => (login, None),
        };
        let user = decode(user)?;
        if user.is_empty() {
            return Err(UrlError::User);
        }
        let address = match parse_tail(tail)? {
            Some(_socket) if !matches!(place, "" | "localhost") => {
                return Err(UrlError::SocketAndHost);
            }
            Some(socket) => Address::Socket(socket),
            None => parse_place(place)?,
        };
        Ok(Self { user, password, address })
    }
}

/// Reads what follows the authority: nothing, `/`, `?socket=/path`.
fn parse_tail(tail: &str) -> Result<Option<PathBuf>, UrlError> {
    let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
    let schema = path.trim_start_matches('/');
    if !schema.is_empty() {
        return Err(UrlError::Schema(decode(schema)?));
    }
    let mut socket = None;
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        match parameter.split_once('=') {
            Some(("socket", path)) if !path.is_empty() => socket = Some(decode(path)?.into()),
            Some((name, _value)) => return Err(UrlError::Parameter(decode(name)?)),
            None => return Err(UrlError::Parameter(decode(parameter)?)),
        }
    }
    Ok(socket)
}

/// Reads `host`, `host:port`, `[v6]`, `[v6]:port`.
fn parse_place(place: &str) -> Result<Address, UrlError> {
    let (host, port) = match place.strip_prefix('[') {
        Some(v6) => {
            let (host, rest) = v6.split_once(']').ok_or(UrlError::HostText)?;
            host.parse::<std::net::Ipv6Addr>().map_err(|_not_v6| UrlError::HostText)?;
            (
                host,
                if rest.is_empty() {
                    None
                } else {
                    Some(rest.strip_prefix(':').ok_or(UrlError::HostText)?)
                },
            )
        }
        None => match place.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        },
    };
    if host.is_empty() {
        return Err(UrlError::Host);
    }
    let known = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    if !host.chars().all(known) {
        return Err(UrlError::HostText);
    }
    let port = match port {
        None => DEFAULT_PORT,
        Some(port) => match port.parse() {
            Ok(0) | Err(_) => return Err(UrlError::Port),
            Ok(port) => port,
        },
    };
    Ok(Address::Tcp { host: host.to_owned(), port })
}

/// Replaces `%40` and the like by what they stand for.
fn decode(text: &str) -> Result<String, UrlError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|byte| char::from(byte).to_digit(16));
        let (Some(high), Some(low)) = (digit(), digit()) else { return Err(UrlError::Percent) };
        bytes.push(u8::try_from(high * 16 + low).map_err(|_too_large| UrlError::Percent)?);
    }
    String::from_utf8(bytes).map_err(|_not_utf8| UrlError::Percent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<(String, Option<String>, String), UrlError> {
        ServerUrl::parse(&SecretString::from(url)).map(|url| {
            let password = url.password.map(|password| password.expose_secret().to_owned());
            (url.user, password, url.address.to_string())
        })
    }

    #[test]
    fn urls_are_read() {
        for (url, user, password, address) in [
            ("mysql://app@10.0.0.5:3307", "app", None, "10.0.0.5:3307"),
            ("mysql://app@db.example.org/", "app", None, "db.example.org:3306"),
            ("mysql://app:@h", "app", Some(""), "h:3306"),
            ("mysql://app:p%40ss%2F%25@h", "app", Some("p@ss/%"), "h:3306"),
            ("mysql://app:p:q@h", "app", Some("p:q"), "h:3306"),
            // An `@` in a password need not be written as %40: the last one counts.
            ("mysql://app:p@ss@h", "app", Some("p@ss"), "h:3306"),
            ("mysql://azadmin@contoso@h", "azadmin@contoso", None, "h:3306"),
            ("mysql://k%C3%A4the@[fe80::1]:3306", "käthe", None, "[fe80::1]:3306"),
            ("mysql://app@[::1]", "app", None, "[::1]:3306"),
            ("mysql://app@localhost?socket=/run/my.sock", "app", None, "/run/my.sock"),
            ("mysql://app@/?socket=/tmp/a%20b@c.sock", "app", None, "/tmp/a b@c.sock"),
        ] {
            let expected = (user.to_owned(), password.map(str::to_owned), address.to_owned());
            assert_eq!(parse(url), Ok(expected), "{url}");
        }
    }

    #[test]
    fn what_is_not_a_server_is_refused() {
        for (url, error) in [
            ("postgres://app@h", UrlError::Scheme),
            ("app@h", UrlError::Scheme),
            ("mysql://h:3306", UrlError::User),
            ("mysql://@h", UrlError::User),
            ("mysql://:pw@h", UrlError::User),
            ("mysql://app@", UrlError::Host),
            ("mysql://app@:3306", UrlError::Host),
            ("mysql://app@h:0", UrlError::Port),
            ("mysql://app@h:", UrlError::Port),
            ("mysql://app@h:99999", UrlError::Port),
            ("mysql://app@a b", UrlError::HostText),
            ("mysql://app@[::1", UrlError::HostText),
            ("mysql://app@[::1]x", UrlError::HostText),
            ("mysql://app@[nonsense]", UrlError::HostText),
            ("mysql://app@h/shop", UrlError::Schema("shop".into())),
            ("mysql://app@h?ssl-mode=off", UrlError::Parameter("ssl-mode".into())),
            ("mysql://app@h?socket", UrlError::Parameter("socket".into())),
            ("mysql://app@h?socket=/s", UrlError::SocketAndHost),
            ("mysql://app@localhost:3306?socket=/s", UrlError::SocketAndHost),
            ("mysql://a%4@h", UrlError::Percent),
            ("mysql://a%zz@h", UrlError::Percent),
            ("mysql://a%ff@h", UrlError::Percent),
            ("mysql://app:se/cret@h", UrlError::Reserved),
            ("mysql://a@b:se/cret@h", UrlError::Reserved),
            ("mysql://app:se?cret@h", UrlError::Reserved),
            ("mysql://app:se#cret@h", UrlError::Reserved),
        ] {
            assert_eq!(parse(url), Err(error), "{url}");
        }
    }

    #[test]
    fn no_refusal_repeats_a_password() {
        for url in ["mysql://a:secret", "mysql://a:se/secret@h", "mysql:/a:secret@h", "a:secret@h"]
        {
            let error = parse(url).unwrap_err();
            assert!(!format!("{error} {error:?} {}", error.advice()).contains("secret"), "{url}");
        }
    }
}

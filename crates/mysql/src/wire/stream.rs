//! The bytes' way: TCP, a Unix socket, TLS over TCP, or nothing any more.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::client::TlsStream;

use super::auth::Way;

/// A byte stream to a server.
pub(crate) enum Stream {
    /// TCP in clear.
    Tcp(TcpStream),
    /// A socket on this machine.
    Unix(UnixStream),
    /// TLS over TCP.
    Tls(Box<TlsStream<TcpStream>>),
    /// A stream to a server in this process.
    #[cfg(feature = "in-process")]
    InProcess(tokio::io::DuplexStream),
    /// Closed by us; every use fails.
    Closed,
}

impl Stream {
    /// What a password would travel over.
    pub(crate) fn way(&self) -> Way {
        match self {
            Self::Tls(_) => Way::Tls,
            Self::Unix(_) => Way::Socket,
            #[cfg(feature = "in-process")]
            Self::InProcess(_) => Way::Socket,
            Self::Tcp(_) | Self::Closed => Way::Open,
        }
    }

    /// Closes so that the server sees a broken connection and not an end: what has not left yet is
    /// thrown away.
    pub(crate) fn reset(&mut self) {
        let tcp = match self {
            Self::Tcp(stream) => Some(&*stream),
            Self::Tls(stream) => Some(stream.get_ref().0),
            Self::Unix(_) | Self::Closed => None,
            #[cfg(feature = "in-process")]
            Self::InProcess(_) => None,
        };
        let _best_effort = tcp.is_none_or(|stream| stream.set_zero_linger().is_ok());
        *self = Self::Closed;
    }
}

fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::NotConnected, "the connection was closed by sealift")
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Unix(stream) => Pin::new(stream).poll_read(context, buffer),
            #[cfg(feature = "in-process")]
            Self::InProcess(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Closed => Poll::Ready(Err(closed())),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Unix(stream) => Pin::new(stream).poll_write(context, bytes),
            #[cfg(feature = "in-process")]
            Self::InProcess(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Closed => Poll::Ready(Err(closed())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(context),
            Self::Unix(stream) => Pin::new(stream).poll_flush(context),
            #[cfg(feature = "in-process")]
            Self::InProcess(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
            Self::Closed => Poll::Ready(Err(closed())),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(context),
            #[cfg(feature = "in-process")]
            Self::InProcess(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Closed => Poll::Ready(Ok(())),
        }
    }
}

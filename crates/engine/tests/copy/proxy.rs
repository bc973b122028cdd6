//! A way to a server on which one answer gets lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Forwards to a local port. The server's n-th answer over all connections is dropped, and its connection
/// with it; everything else passes.
pub(crate) struct Proxy {
    port: u16,
    answers_left: Arc<AtomicU32>,
    task: JoinHandle<()>,
}

impl Proxy {
    pub(crate) async fn start(to: u16, lost: u32) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let answers_left = Arc::new(AtomicU32::new(lost));
        let left = Arc::clone(&answers_left);
        let task = tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let server = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
                tokio::spawn(forward(client, server, Arc::clone(&left)));
            }
        });
        Self { port, answers_left, task }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Whether the answer was lost.
    pub(crate) fn has_cut(&self) -> bool {
        self.answers_left.load(Ordering::SeqCst) == 0
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn forward(mut client: TcpStream, mut server: TcpStream, left: Arc<AtomicU32>) {
    client.set_nodelay(true).unwrap();
    server.set_nodelay(true).unwrap();
    let (mut question, mut answer) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        tokio::select! {
            read = client.read(&mut question) => match read {
                Ok(bytes @ 1..) => if server.write_all(&question[..bytes]).await.is_err() { return },
                Ok(0) | Err(_) => return,
            },
            read = server.read(&mut answer) => match read {
                Ok(bytes @ 1..) => {
                    let one_less = |left: u32| left.checked_sub(1);
                    let before = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less);
                    if before == Ok(1) || client.write_all(&answer[..bytes]).await.is_err() {
                        return;
                    }
                }
                Ok(0) | Err(_) => return,
            },
        }
    }
}

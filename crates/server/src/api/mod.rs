//! How a running migration is asked and steered: HTTP on this machine, for those who may read its state folder.
//!
//! The port is the system's choice. Address and token lie in `api.json` of the state folder, readable by its
//! owner only; every request brings the token, so no web page can make one. The metrics may have an address of
//! their own, which needs no token and shows nothing but numbers.

mod access;
mod answer;
mod client;
mod door;
mod metrics;
mod post;
mod routes;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use sealift_engine::clock::Clock;
use sealift_engine::control::Control;
use sealift_engine::cutover::TurnDesk;
use sealift_engine::fault::{ErrorCode, Fault};
use sealift_engine::order::OrderDesk;
use sealift_engine::progress::{Progress, Snapshot};
use sealift_engine::stop::Stop;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use self::door::Door;
use crate::store::StateFolder;

pub use self::access::Token;
pub use self::client::{Request, call};
pub use self::post::post;

/// A request that is still being answered at the end has this long.
const GRACE: Duration = Duration::from_secs(1);

/// Where the API listens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Listen {
    /// The port on this machine; 0 lets the system choose.
    pub port: u16,
    /// Where the metrics are to be had without a token.
    pub metrics: Option<SocketAddr>,
}

/// A running migration, for those who ask about it.
#[derive(Clone)]
pub struct Running {
    /// Its state folder.
    pub state: Arc<StateFolder>,
    /// Where its stages report.
    pub progress: Progress,
    /// What the operator wants of it.
    pub control: Control,
    /// Where cutovers and rollbacks are asked for.
    pub desk: TurnDesk,
    /// Where more is asked of it.
    pub orders: OrderDesk,
    /// What time it is.
    pub clock: Clock,
}

impl Running {
    /// The board as it is now, with the operator's wishes.
    fn snapshot(&self) -> Snapshot {
        Snapshot { steering: Some(self.control.steering()), ..self.progress.snapshot() }
    }
}

/// The API of a running migration; ended by [`Service::finish`].
#[derive(Debug)]
pub struct Service {
    end: Stop,
    tasks: Vec<JoinHandle<()>>,
    folder: PathBuf,
}

impl Service {
    /// Begins to listen, and says in the state folder where. `token` must not be guessable.
    ///
    /// # Errors
    /// [`ErrorCode::ConfigInvalid`] when an address cannot be listened on, [`ErrorCode::StateBroken`] when
    /// `api.json` cannot be written.
    pub async fn begin(running: Running, listen: Listen, token: Token) -> Result<Self, Fault> {
        let Listen { port, metrics } = listen;
        let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
        let (listener, address) = open(address, "[api] port").await?;
        let metrics = match metrics {
            Some(address) => Some(open(address, "[metrics] listen").await?),
            None => None,
        };
        let folder = running.state.path().to_owned();
        Door { pid: std::process::id(), address, token: token.clone() }.write(&folder)?;
        let end = Stop::new();
        let mut tasks = vec![serve(listener, routes::api(running.clone(), token), &end)];
        if let Some((listener, address)) = metrics {
            let routes = routes::metrics(running, address.ip().is_loopback());
            tasks.push(serve(listener, routes, &end));
        }
        Ok(Self { end, tasks, folder })
    }

    /// Takes no more requests and removes `api.json`.
    pub async fn finish(self) {
        door::remove(&self.folder);
        self.end.request();
        for mut task in self.tasks {
            if timeout(GRACE, &mut task).await.is_err() {
                task.abort();
            }
        }
    }
}

async fn open(address: SocketAddr, key: &str) -> Result<(TcpListener, SocketAddr), Fault> {
    let refused = |cause: std::io::Error| {
        Fault::new(ErrorCode::ConfigInvalid, format!("listen on {address}"))
            .because(cause)
            .advise(format!("set {key} in sealift.toml to an address that is free"))
    };
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    Ok((listener, address))
}

fn serve(listener: TcpListener, routes: Router, end: &Stop) -> JoinHandle<()> {
    let end = end.clone();
    tokio::spawn(async move {
        let served = axum::serve(listener, routes)
            .with_graceful_shutdown(async move { end.wait().await })
            .await;
        if let Err(error) = served {
            tracing::warn!(%error, "the API has ended");
        }
    })
}

//! `[cutover.client]`: who measures for how long the application is refused while the side that is live changes.

use std::sync::Arc;

use sealift_engine::cutover::Client;
use sealift_engine::fault::Fault;

use super::password::Whose;
use super::raw::{Place, RawClient, RawServer};
use super::surroundings::Surroundings;
use super::{Server, invalid};

/// A login the application's way, and what it writes.
#[derive(Debug)]
pub(crate) struct ClientConfig {
    server: Server,
    write: String,
}

impl ClientConfig {
    pub(super) fn resolve(
        raw: RawClient,
        place: Place<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<Self, Fault> {
        let RawClient { url, password_file, password_command, tls, tls_ca, write } = raw;
        if write.trim().is_empty() {
            let what = "write in [cutover.client] is empty".to_owned();
            return Err(invalid(place, what).advise(
                "give a statement that changes one row, e.g. UPDATE shop.heartbeat SET n = n + 1",
            ));
        }
        let server = RawServer {
            url,
            password: None,
            password_file,
            password_command,
            tls,
            tls_ca,
            compress: false,
            connect_timeout: None,
        };
        Ok(Self { server: Server::resolve(Whose::Client, server, place, warnings)?, write })
    }

    /// Everything needed to measure; the password is found now.
    pub(crate) fn find(
        &self,
        surroundings: &Arc<dyn Surroundings>,
        warn: &mut dyn FnMut(String),
    ) -> Result<Client, Fault> {
        Ok(Client::new(self.server.endpoint(surroundings, warn)?, self.write.clone()))
    }
}

//! The secret a login is made with, and how another one is had when a server refuses it: access tokens end.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex as AsyncMutex;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// Whoever gives tokens asks others in turn; longer than this is hanging.
const RENEWED_WITHIN: Duration = Duration::from_secs(60);

/// A password or access token. Clones share it: what one renews all use. It never shows in `Debug`.
#[derive(Clone)]
pub struct Password {
    shared: Arc<Shared>,
}

struct Shared {
    current: Mutex<SecretString>,
    renewal: Option<Arc<dyn Renew>>,
    /// Sessions that are refused at the same time ask for one new secret together.
    turn: AsyncMutex<()>,
}

/// Where another secret comes from. May block.
pub trait Renew: Send + Sync {
    /// Asks for a secret that is good now.
    ///
    /// # Errors
    /// Why there is none, in words that hold no secret.
    fn renew(&self) -> Result<SecretString, String>;
}

impl Password {
    /// A password that can be asked for again.
    #[must_use]
    pub fn renewable(first: SecretString, renewal: Arc<dyn Renew>) -> Self {
        Self::of(first, Some(renewal))
    }

    fn of(first: SecretString, renewal: Option<Arc<dyn Renew>>) -> Self {
        let shared = Shared { current: Mutex::new(first), renewal, turn: AsyncMutex::default() };
        Self { shared: Arc::new(shared) }
    }

    /// Whether another one can be asked for when this one is refused.
    pub fn is_renewable(&self) -> bool {
        self.shared.renewal.is_some()
    }

    /// The one that is good as far as is known.
    pub fn current(&self) -> SecretString {
        self.shared.current.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Another one than the one that was refused; `None` when there is none.
    ///
    /// # Errors
    /// Why it could not be asked for.
    pub(crate) async fn instead_of(
        &self,
        refused: &SecretString,
    ) -> Result<Option<SecretString>, String> {
        let Some(renewal) = self.shared.renewal.clone() else { return Ok(None) };
        let is_other = |secret: &SecretString| secret.expose_secret() != refused.expose_secret();
        let _turn = self.shared.turn.lock().await;
        let current = self.current();
        if is_other(&current) {
            return Ok(Some(current));
        }
        let asked = timeout(RENEWED_WITHIN, spawn_blocking(move || renewal.renew())).await;
        let late = |_late| format!("no answer within {RENEWED_WITHIN:?}");
        let renewed = asked.map_err(late)?.map_err(|panic| panic.to_string())??;
        if !is_other(&renewed) {
            return Ok(None);
        }
        *self.shared.current.lock().unwrap_or_else(PoisonError::into_inner) = renewed.clone();
        Ok(Some(renewed))
    }
}

impl From<SecretString> for Password {
    fn from(secret: SecretString) -> Self {
        Self::of(secret, None)
    }
}

impl From<String> for Password {
    fn from(secret: String) -> Self {
        SecretString::from(secret).into()
    }
}

impl From<&str> for Password {
    fn from(secret: &str) -> Self {
        SecretString::from(secret).into()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// Gives `token 1`, `token 2` and so on up to a last one; then fails.
    struct Tokens {
        given: AtomicU32,
        last: u32,
    }

    impl Renew for Tokens {
        fn renew(&self) -> Result<SecretString, String> {
            let number = self.given.fetch_add(1, Ordering::SeqCst) + 1;
            if number > self.last {
                return Err("no more".into());
            }
            Ok(SecretString::from(format!("token {number}")))
        }
    }

    fn tokens(last: u32) -> (Arc<Tokens>, Password) {
        let tokens = Arc::new(Tokens { given: AtomicU32::new(0), last });
        let password =
            Password::renewable(SecretString::from("token 0"), Arc::<Tokens>::clone(&tokens));
        (tokens, password)
    }

    #[tokio::test]
    async fn all_that_are_refused_together_get_one_new_secret() {
        let (tokens, password) = tokens(9);
        let refused = password.current();
        let clones: Vec<Password> = (0..8).map(|_clone| password.clone()).collect();
        let asked = clones.iter().map(|clone| clone.instead_of(&refused));
        for got in futures_util::future::join_all(asked).await {
            assert_eq!(got.unwrap().unwrap().expose_secret(), "token 1");
        }
        assert_eq!(tokens.given.load(Ordering::SeqCst), 1);
        assert_eq!(password.current().expose_secret(), "token 1");
    }

    #[tokio::test]
    async fn what_cannot_be_renewed_says_why_and_what_is_fixed_says_nothing() {
        let (_tokens, password) = tokens(0);
        assert_eq!(password.instead_of(&password.current()).await.unwrap_err(), "no more");
        let fixed = Password::from("secret");
        assert!(fixed.instead_of(&fixed.current()).await.unwrap().is_none());
        assert!(!format!("{fixed:?}").contains("secret"));
    }
}

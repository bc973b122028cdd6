//! Settings that may change while a run is at work.

use std::num::{NonZeroU16, NonZeroU64};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;

/// Limits on the copy; what is absent is not limited. They spare the servers, and none of them holds the
/// applier: the target would only fall behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Rows copied in a second, on average.
    pub rows_per_second: Option<NonZeroU64>,
    /// Bytes copied in a second, on average.
    pub bytes_per_second: Option<NonZeroU64>,
    /// Chunks under way at a time; never more than the run has workers.
    pub workers: Option<NonZeroU16>,
    /// The copy waits while the source's `Threads_running` is above this.
    pub threads_running_max: Option<NonZeroU64>,
    /// The copy waits while the source, a replica, is further behind than this, in seconds.
    pub replica_lag_max: Option<NonZeroU64>,
    /// The copy waits while the target's `Threads_running` is above this.
    pub target_threads_running_max: Option<NonZeroU64>,
}

/// Why settings were not changed: the text names the key or the value.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct SettingsError(String);

impl Settings {
    /// The keys, as they are written in files and on the command line.
    pub const KEYS: [&'static str; 6] = [
        "rows_per_second",
        "bytes_per_second",
        "workers",
        "threads_running_max",
        "replica_lag_max",
        "target_threads_running_max",
    ];

    /// The settings with some of them changed: `null` takes a limit away.
    ///
    /// # Errors
    /// When a key is unknown or a value is no whole number from 1 on.
    pub fn merged(&self, change: Map<String, Value>) -> Result<Self, SettingsError> {
        for (key, value) in &change {
            if !Self::KEYS.contains(&key.as_str()) {
                let keys = Self::KEYS.join(", ");
                return Err(SettingsError(format!("unknown setting `{key}`; there are {keys}")));
            }
            if !value.is_null() && value.as_u64().is_none_or(|number| number == 0) {
                let what = format!("the value of `{key}` is not a whole number from 1 on");
                return Err(SettingsError(what));
            }
        }
        let unreadable = |error: serde_json::Error| SettingsError(error.to_string());
        let mut merged = serde_json::to_value(self).map_err(unreadable)?;
        if let Value::Object(settings) = &mut merged {
            settings.extend(change);
        }
        serde_json::from_value(merged).map_err(unreadable)
    }

    /// Whether the copy depends on how much the source has to do.
    #[must_use]
    pub fn needs_load(&self) -> bool {
        self.threads_running_max.is_some() || self.replica_lag_max.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn merged(settings: &Settings, change: Value) -> Result<Settings, String> {
        let Value::Object(change) = change else { panic!("{change} is no object") };
        settings.merged(change).map_err(|error| error.to_string())
    }

    #[test]
    fn every_key_can_be_set_and_taken_away() {
        for key in Settings::KEYS {
            let set = merged(&Settings::default(), json!({ key: 7 })).unwrap();
            assert_eq!(serde_json::to_value(set).unwrap()[key], 7, "{key}");
            assert_eq!(merged(&set, json!({ key: null })), Ok(Settings::default()), "{key}");
        }
    }

    #[test]
    fn other_settings_stay() {
        let one = merged(&Settings::default(), json!({"workers": 2})).unwrap();
        let two = merged(&one, json!({"rows_per_second": 5})).unwrap();
        assert_eq!((two.workers, two.rows_per_second), (NonZeroU16::new(2), NonZeroU64::new(5)));
    }

    #[test]
    fn what_is_no_setting_is_refused_by_name() {
        let refused = |change| merged(&Settings::default(), change).unwrap_err();
        assert!(
            refused(json!({"lanes": 2})).starts_with("unknown setting `lanes`; there are rows_per")
        );
        for value in [json!(0), json!(-1), json!(1.5), json!("7"), json!(true)] {
            let said = refused(json!({"workers": value}));
            assert_eq!(said, "the value of `workers` is not a whole number from 1 on");
        }
        assert!(refused(json!({"workers": 70_000})).contains("70000"));
    }
}

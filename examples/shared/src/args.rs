use crate::demo::StartError;
use clap::Parser;
use clap::builder::BoolishValueParser;
use hallpass_core::{CookiePolicy, OriginPolicy, SessionManager, SessionPolicy, SharedStore};
use std::net::SocketAddr;
use std::time::Duration;

/// A small web application with login and logout. Each option can also be given in the environment.
#[derive(Debug, Clone, Parser)]
pub(crate) struct Args {
    /// Where to listen; port 0 takes a free one
    #[arg(long, env = "HALLPASS_ADDR", default_value = "127.0.0.1:3000")]
    pub(crate) addr: SocketAddr,

    /// Where to keep sessions: memory, sqlite:PATH, postgres://…, mysql://…, redis://… or redis-cluster://…; users too where
    /// it is SQL, else in memory. A password is better given in the environment
    #[arg(long, env = "HALLPASS_STORE", hide_env_values = true, default_value = "sqlite:hallpass-demo.db")]
    pub(crate) store: String,

    /// Ends a session after this long without use
    #[arg(long, env = "HALLPASS_IDLE_TIMEOUT", default_value = "30m", value_parser = humantime::parse_duration)]
    pub(crate) idle_timeout: Duration,

    /// Ends a session this long after login, however much it is used
    #[arg(long, env = "HALLPASS_ABSOLUTE_TIMEOUT", default_value = "12h", value_parser = humantime::parse_duration)]
    pub(crate) absolute_timeout: Duration,

    /// Another origin that may send unsafe requests, such as https://app.example; repeatable
    #[arg(
        long = "trusted-origin",
        value_name = "ORIGIN",
        env = "HALLPASS_TRUSTED_ORIGIN",
        value_delimiter = ','
    )]
    pub(crate) trusted_origins: Vec<String>,

    /// Leaves Secure and __Host- off the cookies, for plain http on a private network
    #[arg(long, env = "HALLPASS_DANGER_INSECURE_COOKIES", value_parser = BoolishValueParser::new())]
    pub(crate) danger_insecure_cookies: bool,
}

impl Args {
    /// The options of this process.
    ///
    /// # Errors
    ///
    /// When one of them is not right. After `--help` the process ends.
    pub(crate) fn parse_process() -> Result<Self, StartError> {
        Self::try_parse().map_err(|error| match error.use_stderr() {
            true => StartError::option(first_line(&error.to_string())),
            false => error.exit(),
        })
    }

    /// The sessions that these options describe, kept in `store`.
    ///
    /// # Errors
    ///
    /// When options do not go together.
    pub(crate) fn sessions(&self, store: SharedStore) -> Result<SessionManager, StartError> {
        let origin = OriginPolicy::builder().trusted_origins(&self.trusted_origins).build();
        SessionManager::builder(store)
            .policy(self.policy())
            .cookies(self.cookies()?)
            .origin(origin.map_err(StartError::option)?)
            .build()
            .map_err(StartError::option)
    }

    fn policy(&self) -> SessionPolicy {
        let (idle, absolute) = (self.idle_timeout, self.absolute_timeout);
        let policy = SessionPolicy::default().idle(idle).absolute(absolute).visitor(idle, absolute);
        // Short limits are for trying them out, so use is noted more often then.
        policy.touch_after(Duration::from_secs(60).min(idle / 10))
    }

    fn cookies(&self) -> Result<CookiePolicy, StartError> {
        if self.danger_insecure_cookies {
            return CookiePolicy::builder().danger_insecure().build().map_err(StartError::option);
        }
        Ok(CookiePolicy::default())
    }
}

fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sessions(options: &[&str]) -> Result<SessionManager, String> {
        let args = Args::try_parse_from(["demo"].iter().chain(options)).map_err(|error| error.to_string())?;
        args.sessions(hallpass_core::MemoryStore::new().into()).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn what_people_try_out_is_accepted() {
        assert!(sessions(&[]).unwrap().cookies().is_secure());
        assert!(!sessions(&["--danger-insecure-cookies"]).unwrap().cookies().is_secure());
        assert!(sessions(&["--idle-timeout", "1s", "--absolute-timeout", "1s"]).is_ok());
        assert!(sessions(&["--idle-timeout", "20days", "--absolute-timeout", "20days"]).is_ok());
        let origins = ["--trusted-origin", "https://a.example", "--trusted-origin", "https://b.example:81"];
        assert!(sessions(&origins).is_ok());
    }

    #[tokio::test]
    async fn what_cannot_work_is_refused_with_the_reason() {
        for (options, reason) in [
            (["--addr", "localhost"], "--addr"),
            (["--idle-timeout", "soon"], "--idle-timeout"),
            (["--idle-timeout", "13h"], "longer than their absolute limit"),
            (["--idle-timeout", "0s"], "under one second"),
            (["--trusted-origin", "https://a.example/"], "leave out"),
        ] {
            let error = sessions(&options).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }
}

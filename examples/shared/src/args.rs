use crate::demo::StartError;
use clap::Parser;
use clap::builder::BoolishValueParser;
use hallpass_core::{CookiePolicy, OriginPolicy, SessionManager, SessionPolicy, SharedStore, WhenReached};
use hallpass_redis::RedisThrottle;
use std::net::SocketAddr;
use std::num::NonZeroU32;
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

    /// How many sessions a user may have; one more ends the least recently used
    #[arg(long, env = "HALLPASS_MAX_SESSIONS", default_value = "100")]
    pub(crate) max_sessions: NonZeroU32,

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

    /// What these options say of sessions.
    ///
    /// # Errors
    ///
    /// When options do not go together.
    pub(crate) fn settings(&self) -> Result<Settings, StartError> {
        let origin = OriginPolicy::builder().trusted_origins(&self.trusted_origins).build();
        let origin = origin.map_err(StartError::option)?;
        Ok(Settings { policy: self.policy()?, cookies: self.cookies()?, origin })
    }

    fn policy(&self) -> Result<SessionPolicy, StartError> {
        let (idle, absolute) = (self.idle_timeout, self.absolute_timeout);
        let policy = SessionPolicy::default().idle(idle).absolute(absolute).visitor(idle, absolute);
        let policy = policy.limit(self.max_sessions, WhenReached::EndLeastRecent);
        // Short limits are for trying them out, so use is noted more often then.
        let policy = policy.touch_after(Duration::from_secs(60).min(idle / 10));
        policy.validate().map_err(StartError::option)?;
        Ok(policy)
    }

    fn cookies(&self) -> Result<CookiePolicy, StartError> {
        if self.danger_insecure_cookies {
            return CookiePolicy::builder().danger_insecure().build().map_err(StartError::option);
        }
        Ok(CookiePolicy::default())
    }
}

/// How sessions are to be, whatever keeps them.
#[derive(Debug)]
pub(crate) struct Settings {
    policy: SessionPolicy,
    cookies: CookiePolicy,
    origin: OriginPolicy,
}

impl Settings {
    /// The sessions in `store`.
    ///
    /// # Errors
    ///
    /// When they cannot be kept like this.
    pub(crate) fn sessions(
        self,
        store: SharedStore,
        throttle: Option<RedisThrottle>,
    ) -> Result<SessionManager, StartError> {
        let builder = SessionManager::builder(store).policy(self.policy).cookies(self.cookies);
        let builder = builder.origin(self.origin);
        let builder = match throttle {
            Some(throttle) => builder.throttle(throttle),
            None => builder,
        };
        builder.build().map_err(StartError::option)
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
        let settings = args.settings().map_err(|error| error.to_string())?;
        settings.sessions(hallpass_core::MemoryStore::new().into(), None).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn what_people_try_out_is_accepted() {
        assert!(sessions(&[]).unwrap().cookies().is_secure());
        assert!(!sessions(&["--danger-insecure-cookies"]).unwrap().cookies().is_secure());
        assert!(sessions(&["--idle-timeout", "1s", "--absolute-timeout", "1s"]).is_ok());
        assert!(sessions(&["--idle-timeout", "20days", "--absolute-timeout", "20days"]).is_ok());
        let limit = sessions(&["--max-sessions", "3"]).unwrap().policy().session_limit();
        assert_eq!(limit.max.get(), 3);
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
            (["--max-sessions", "0"], "--max-sessions"),
            (["--trusted-origin", "https://a.example/"], "leave out"),
        ] {
            let error = sessions(&options).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }
}

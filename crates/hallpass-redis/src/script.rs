//! The scripts, and how they are called.

use crate::keys::{Base, Names, Tag};
use hallpass_core::{Op, Timestamp};
use redis::{Cmd, cmd};
use std::sync::LazyLock;
use std::time::Duration;

/// A script as the server keeps it: by the hash of its text.
pub(crate) struct Script {
    text: &'static str,
    hash: String,
}

impl Script {
    fn new(text: &'static str) -> Self {
        Self { text, hash: redis::Script::new(text).get_hash().to_owned() }
    }

    /// Makes the server keep it, if it does not yet.
    pub(crate) fn load(&self) -> Cmd {
        let mut command = cmd("SCRIPT");
        command.arg("LOAD").arg(self.text);
        command
    }
}

macro_rules! scripts {
    ($($name:ident: $flags:literal, $($file:literal)*;)*) => {$(
        pub(crate) static $name: LazyLock<Script> = LazyLock::new(|| Script::new(concat!(
            "#!lua flags=", $flags, "\n",
            $(include_str!(concat!("scripts/", $file, ".lua")), "\n",)*
        )));
    )*};
}

// `allow-oom`: what reads, ends sessions, or takes no more room, works on a server whose memory is full. No script has
// `no-writes`: with it, a server that has become a replica would go on answering with what it knows.
scripts! {
    CREATE: "", "read" "change" "record" "admit" "create";
    LOAD: "allow-oom", "load";
    UPDATE: "", "read" "change" "record" "update";
    TOUCH: "allow-oom", "read" "change" "touch";
    REPLACE: "", "read" "change" "record" "admit" "replace";
    TAKE: "allow-oom", "read" "change" "take";
    REVOKE: "allow-oom", "read" "change" "revoke";
    SUBJECT: "allow-oom", "read" "subject";
    REVOKE_SUBJECT: "allow-oom", "read" "change" "revoke_subject";
    RAISE: "allow-oom", "read" "change" "raise";
    ALIVE: "allow-oom", "read" "alive";
    SWEEP: "allow-oom", "read" "change" "sweep";
    PURGE: "allow-oom", "read" "change" "purge";
    THROTTLE_ADMIT: "", "throttle_admit";
    THROTTLE_CLEAR: "allow-oom", "throttle_clear";
    THROTTLE_SECRET: "", "throttle_secret";
}

/// What a server sends to itself to show that the way there and back is open. It has a key, so that only the server
/// whose key that is runs it.
pub(crate) static BEAT: LazyLock<Script> =
    LazyLock::new(|| Script::new("#!lua flags=allow-oom\nreturn redis.call('PUBLISH', ARGV[1], ARGV[2])\n"));

/// One call of a script.
pub(crate) struct Call {
    script: &'static Script,
    tag: Tag,
    keys: Vec<Vec<u8>>,
    args: Vec<Vec<u8>>,
}

impl Call {
    /// A call that reads.
    pub(crate) fn reading(script: &'static Script, names: &Names, tag: Tag, now: Timestamp) -> Self {
        let args = vec![names.base(tag), decimal(now.as_millis())];
        Self { script, tag, keys: Vec::new(), args }
    }

    /// A call that changes something, and whose answer is kept for as long as it may be sent again.
    pub(crate) fn changing(
        script: &'static Script,
        names: &Names,
        tag: Tag,
        op: Op,
        answer_kept: Duration,
    ) -> Self {
        let mut call = Self::reading(script, names, tag, op.now);
        call.args.push(op.id.as_bytes().to_vec());
        call.args.push(decimal(answer_kept.as_millis()));
        call.args.push(names.channel().into_bytes());
        let base = call.base();
        call.keys = vec![base.receipt(op.id), base.deadlines(), base.not_before()];
        call
    }

    /// A call whose first key alone decides where it runs.
    pub(crate) fn of(script: &'static Script, tag: Tag, key: Vec<u8>) -> Self {
        Self { script, tag, keys: vec![key], args: Vec::new() }
    }

    pub(crate) fn tag(&self) -> Tag {
        self.tag
    }

    pub(crate) fn base(&self) -> Base {
        Base(self.args[0].clone())
    }

    /// Declares a key, so that a cluster that moves its slot meanwhile answers before the script runs.
    pub(crate) fn key(mut self, key: Vec<u8>) -> Self {
        self.keys.push(key);
        self
    }

    pub(crate) fn arg(mut self, arg: impl Into<Vec<u8>>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// The call as it is sent first.
    pub(crate) fn by_hash(&self) -> Cmd {
        self.command("EVALSHA", &self.script.hash)
    }

    /// The call for a server that does not know the script, and knows it from then on.
    pub(crate) fn in_full(&self) -> Cmd {
        self.command("EVAL", self.script.text)
    }

    fn command(&self, name: &str, script: &str) -> Cmd {
        let parts = || self.keys.iter().chain(&self.args);
        let size = name.len() + script.len() + 4 + parts().map(Vec::len).sum::<usize>();
        let mut command = Cmd::with_capacity(3 + parts().count(), size);
        command.arg(name).arg(script).arg(self.keys.len());
        for part in parts() {
            command.arg(part.as_slice());
        }
        command
    }
}

/// A number as scripts compare it.
pub(crate) fn decimal(number: impl ToString) -> Vec<u8> {
    number.to_string().into_bytes()
}

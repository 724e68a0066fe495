use crate::folder::Folder;
use crate::node::Node;
use crate::{Kind, Result, mariadb, postgres, redis, webdriver};

/// A private server: one process, or several that answer to one address. It ends, and its folder is removed, when this is
/// dropped, and also when this program ends in any other way.
#[derive(Debug)]
pub struct Server {
    url: String,
    /// Dropped in this order: a folder is removed when nobody works in it any more.
    nodes: Vec<Node>,
    _folder: Folder,
}

impl Server {
    /// Starts one as the tests share it.
    ///
    /// # Errors
    ///
    /// When its program is not installed, or does not start.
    pub fn start(kind: Kind) -> Result<Self> {
        Self::builder(kind).start()
    }

    /// Sets how one is started.
    pub fn builder(kind: Kind) -> ServerBuilder {
        ServerBuilder { kind, settings: Vec::new() }
    }

    /// Where it is, with the password where it has one; its user may do everything.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its processes: one, or the primaries of a cluster.
    pub fn nodes(&mut self) -> &mut [Node] {
        &mut self.nodes
    }

    /// [Pauses](Node::pause) all of it.
    ///
    /// # Errors
    ///
    /// When a process has ended by itself.
    pub fn pause(&mut self) -> Result<()> {
        self.nodes.iter_mut().try_for_each(Node::pause)
    }

    /// [Resumes](Node::resume) all of it.
    ///
    /// # Errors
    ///
    /// When a process has ended.
    pub fn resume(&mut self) -> Result<()> {
        self.nodes.iter_mut().try_for_each(Node::resume)
    }

    /// [Kills](Node::kill) all of it.
    ///
    /// # Errors
    ///
    /// When a process has ended by itself.
    pub fn kill(&mut self) -> Result<()> {
        self.nodes.iter_mut().try_for_each(Node::kill)
    }

    /// [Restarts](Node::restart) all of it.
    ///
    /// # Errors
    ///
    /// When a process is running, or does not start.
    pub fn restart(&mut self) -> Result<()> {
        self.nodes.iter_mut().try_for_each(Node::launch)?;
        self.nodes.iter_mut().try_for_each(Node::wait_until_ready)
    }
}

/// Sets how a [`Server`] is started.
#[derive(Debug, Clone)]
#[must_use = "call `start` to get the server"]
pub struct ServerBuilder {
    kind: Kind,
    settings: Vec<(String, String)>,
}

impl ServerBuilder {
    /// A setting by the name that the server's own manual gives it; it goes before what would be set here.
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts it and waits until it answers.
    ///
    /// # Errors
    ///
    /// When its program is not installed, or does not start.
    pub fn start(self) -> Result<Server> {
        let folder = Folder::new()?;
        let Started { url, nodes } = match self.kind {
            Kind::Postgres => postgres::start(&folder, &self.settings),
            Kind::Mysql => mariadb::start(&folder, &self.settings),
            Kind::Redis => redis::start(&folder, &self.settings),
            Kind::RedisCluster => redis::start_cluster(&folder, &self.settings),
            Kind::WebDriver => webdriver::start(&folder, &self.settings),
        }?;
        Ok(Server { url, nodes, _folder: folder })
    }
}

/// What a kind of server consists of.
pub(crate) struct Started {
    pub(crate) url: String,
    pub(crate) nodes: Vec<Node>,
}

//! Where the files of a story are.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::unix::proxy::{Proxy, Weather};
use crate::unix::server::Server;

/// A folder that stays if the story ends badly.
pub(crate) struct Place {
    folder: TempDir,
    /// Where the database is, if it is a file.
    database: PathBuf,
    url: String,
    /// The server that has the database, unless it is in a file.
    pub(crate) server: Option<Server>,
    /// The networks of nodes that have one of their own, by their names.
    proxies: BTreeMap<String, Proxy>,
}

impl Place {
    pub(crate) fn new() -> Self {
        let mut folder = TempDir::with_prefix("punctual-crash-").unwrap();
        folder.disable_cleanup(true);
        let database = folder.path().join("jobs.db");
        Self {
            url: url_of(&database),
            database,
            folder,
            server: None,
            proxies: BTreeMap::new(),
        }
    }

    /// The same, with the database on a server.
    pub(crate) fn with_server(mut self, server: Server) -> Self {
        self.url = server.url();
        self.server = Some(server);
        self
    }

    /// The same, with the database on a disk of its own.
    pub(crate) fn with_database_on(mut self, disk: &Path) -> Self {
        self.database = disk.join("jobs.db");
        self.url = url_of(&self.database);
        self
    }

    /// The same, with a network between the server and each of these nodes.
    pub(crate) async fn with_proxies(mut self, names: &[&str]) -> Self {
        let server = self.server.as_ref().unwrap();
        let (make, socket) = (server.make, server.socket());
        for name in names {
            let proxy = Proxy::to(make, &socket).await;
            self.proxies.insert((*name).to_owned(), proxy);
        }
        self
    }

    /// Changes the network of a node.
    pub(crate) fn turns(&self, name: &str, weather: Weather) {
        self.proxies[name].turns(weather);
    }

    /// Where a node finds the database.
    pub(crate) fn url_for(&self, name: &str) -> String {
        let proxy = self.proxies.get(name);
        proxy.map_or_else(|| self.url.clone(), Proxy::url)
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn database(&self) -> &Path {
        &self.database
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.path().join("journal")
    }

    /// What a process says.
    pub(crate) fn log(&self, life: usize) -> PathBuf {
        self.path().join(format!("process-{life}.log"))
    }

    /// The story ended well.
    pub(crate) fn leave(mut self) {
        self.folder.disable_cleanup(false);
    }
}

fn url_of(file: &Path) -> String {
    format!("sqlite://{}", file.display())
}

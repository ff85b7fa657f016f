//! The admin socket: one line of JSON in, one line of JSON out, for the server's owner only.
//! Listens on the file system, never on the network.
//!
//! A request is `{"line":"kick Neo spamming"}`; the answer is an [`Answer`] as JSON, and the
//! connection ends. Who may ask is decided three times: the folder is private, the socket's mode
//! is 0600, and the peer's user must be the server's own or root.

use super::{Answer, Clerk};
use crate::config::{self, PathError};
use crate::serve::askers::Askers;
use serde::{Deserialize, Serialize};
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Bytes of a request: the longest text as JSON, with every character escaped, fits.
pub(super) const REQUEST: u64 = 32 * 1024;
/// From the connection to the answer's last byte. The asker is a program on this machine, so a
/// slow one is a broken one.
pub(super) const DEADLINE: Duration = Duration::from_secs(10);
/// One administrator is usual.
const ASKERS: Askers =
    Askers { what: "admin socket", at_once: 8, deadline: DEADLINE, pace: Duration::ZERO };

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// A line as typed into the console.
    pub line: String,
}

/// Why there is no admin socket.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    #[error(transparent)]
    Folder(#[from] PathError),
    #[error("another chaty server answers on {path}; name another with --admin-socket", path = .0.display())]
    InUse(PathBuf),
    #[error("{path} is in the way and is not a socket; name another with --admin-socket", path = .0.display())]
    NotASocket(PathBuf),
    #[error("cannot make the admin socket {path}: {source}", path = path.display())]
    NotMade { path: PathBuf, source: io::Error },
}

/// A bound admin socket; its file is removed when this is dropped.
#[derive(Debug)]
pub struct AdminSocket {
    listener: UnixListener,
    path: PathBuf,
    /// Which file is ours: another server may have put its own there since.
    identity: (u64, u64),
}

impl AdminSocket {
    /// Binds in chaty's own folder for this user, which is made if need be.
    pub async fn bind_default(port: u16) -> Result<Self, SocketError> {
        let path = config::admin_socket(port);
        if let Some(folder) = path.parent() {
            config::private_dir(folder)?;
        }
        Self::bind(&path).await
    }

    /// Binds at a place of the user's choice. What a dead server left there is replaced; a
    /// living one's, or a file that is no socket, is not touched.
    pub async fn bind(path: &Path) -> Result<Self, SocketError> {
        clear(path).await?;
        let not_made = |source| SocketError::NotMade { path: path.to_owned(), source };
        let listener = UnixListener::bind(path).map_err(not_made)?;
        fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(not_made)?;
        let meta = fs::symlink_metadata(path).map_err(not_made)?;
        let identity = (meta.dev(), meta.ino());
        Ok(Self { listener, path: path.to_owned(), identity })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Answers until it is cancelled; then finishes the answers it has begun, so that whoever
    /// asked for a shutdown hears of it. Who has not asked yet is not waited for.
    pub async fn serve(self, clerk: impl Clerk, cancel: CancellationToken) {
        let one = |stream| {
            let (clerk, cancel) = (clerk.clone(), cancel.clone());
            async move { one(stream, clerk, &cancel).await }
        };
        ASKERS.serve(&self.listener, one, cancel.clone()).await;
    }
}

impl Drop for AdminSocket {
    fn drop(&mut self) {
        let ours = fs::symlink_metadata(&self.path)
            .is_ok_and(|meta| (meta.dev(), meta.ino()) == self.identity);
        if ours && let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(%error, "cannot remove the admin socket");
        }
    }
}

/// Makes room for the socket if only a dead one is in the way.
async fn clear(path: &Path) -> Result<(), SocketError> {
    let not_made = |source| SocketError::NotMade { path: path.to_owned(), source };
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(not_made(error)),
        Ok(meta) if !meta.file_type().is_socket() => {
            return Err(SocketError::NotASocket(path.to_owned()));
        }
        Ok(_) => {}
    }
    // A full queue of askers also means that somebody lives there.
    match timeout(DEADLINE, UnixStream::connect(path)).await {
        Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(not_made)
        }
        Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(Err(error)) if error.kind() != io::ErrorKind::WouldBlock => Err(not_made(error)),
        Ok(_) | Err(_) => Err(SocketError::InUse(path.to_owned())),
    }
}

/// One asker: its request, its answer, the end. A peer's fault is its own.
async fn one(mut stream: UnixStream, clerk: impl Clerk, cancel: &CancellationToken) {
    let answer = if is_owner(&stream) {
        let mut request = Vec::new();
        let mut reader = BufReader::new((&mut stream).take(REQUEST));
        let read = tokio::select! {
            // What has come is still answered.
            biased;
            read = reader.read_until(b'\n', &mut request) => read,
            () = cancel.cancelled() => return,
        };
        match read.map(|_| serde_json::from_slice::<Request>(&request)) {
            Ok(Ok(request)) => clerk.answer(&request.line).await,
            // Somebody looked whether this socket lives.
            Ok(Err(_)) if request.is_empty() => return,
            Ok(Err(error)) => Answer::failed(format!("a request is {{\"line\":…}}: {error}")),
            Err(_) => return,
        }
    } else {
        Answer::failed("only the server's own user may administer it".into())
    };
    let mut line = serde_json::to_vec(&answer).unwrap_or_default();
    line.push(b'\n');
    if let Err(error) = stream.write_all(&line).await {
        tracing::debug!(%error, "an asker on the admin socket left before its answer");
    }
}

fn is_owner(stream: &UnixStream) -> bool {
    let ours = rustix::process::geteuid().as_raw();
    stream.peer_cred().is_ok_and(|peer| peer.uid() == ours || peer.uid() == 0)
}

#[cfg(test)]
mod tests {
    use super::super::Desk;
    use super::super::desk::fake::FakeHub;
    use super::super::remote::{Remote, RemoteError};
    use super::*;
    use crate::serve::reload::Reloader;
    use tokio_util::task::TaskTracker;

    struct Running {
        _dir: tempfile::TempDir,
        path: PathBuf,
        cancel: CancellationToken,
        tasks: TaskTracker,
        hub: FakeHub,
    }

    async fn running() -> Running {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("admin.sock");
        let (cancel, tasks, hub) =
            (CancellationToken::new(), TaskTracker::new(), FakeHub::default());
        let desk = Desk::new(hub.clone(), cancel.clone(), Reloader::new().0);
        let socket = AdminSocket::bind(&path).await.unwrap();
        tasks.spawn(socket.serve(desk, cancel.clone()));
        tasks.close();
        Running { _dir: dir, path, cancel, tasks, hub }
    }

    async fn raw(path: &Path, request: &[u8]) -> String {
        let mut stream = UnixStream::connect(path).await.unwrap();
        // A request that is too long is answered before it is read to its end.
        let _sent = stream.write_all(request).await;
        let mut answer = String::new();
        let _read = stream.read_to_string(&mut answer).await;
        answer
    }

    #[tokio::test]
    async fn asked_and_answered() {
        let server = running().await;
        assert_eq!(fs::metadata(&server.path).unwrap().permissions().mode() & 0o777, 0o600);
        let remote = Remote::new(server.path.clone());
        let answer = remote.ask("kick Neo spamming").await.unwrap();
        assert_eq!((answer.ok, answer.text.as_str()), (true, "Neo was kicked"));
        assert!(!remote.ask("kick Smith").await.unwrap().ok);
        assert_eq!(remote.names().await, ["Neo"]);

        // A shutdown is answered before the socket goes, and its file goes with it.
        assert!(remote.ask("shutdown").await.unwrap().ok);
        server.tasks.wait().await;
        assert!(!server.path.exists());
        assert!(matches!(remote.ask("list").await, Err(RemoteError::NoServer { .. })));
    }

    #[tokio::test]
    async fn a_peers_fault_is_its_own() {
        let server = running().await;
        assert!(raw(&server.path, b"list\n").await.contains("a request is {\\\"line\\\""));
        assert!(
            raw(&server.path, b"{\"line\":\"list\",\"x\":1}\n").await.contains("unknown field")
        );
        let long = format!("{{\"line\":\"{}\"}}\n", "x".repeat(64 * 1024));
        let answer = raw(&server.path, long.as_bytes()).await;
        assert!(answer.is_empty() || answer.contains("\"ok\":false"), "{answer}");
        assert!(server.hub.0.lock().unwrap().is_empty(), "no command came of it");
        assert!(Remote::new(server.path.clone()).ask("list").await.unwrap().ok);
        server.cancel.cancel();
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_asker_is_cut_and_keeps_nobody_out() {
        let server = running().await;
        let mut idle = Vec::new();
        for _ in 0..ASKERS.at_once {
            idle.push(UnixStream::connect(&server.path).await.unwrap());
        }
        // Not through `Remote`, whose own deadline would pass at the same moment.
        assert!(raw(&server.path, b"{\"line\":\"list\"}\n").await.contains("\"ok\":true"));
        for mut stream in idle {
            assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
        }
        server.cancel.cancel();
    }

    /// The server's end waited for its deadline.
    #[tokio::test(start_paused = true)]
    async fn an_idle_asker_does_not_hold_up_the_end() {
        let server = running().await;
        let _idle = UnixStream::connect(&server.path).await.unwrap();
        // Taken in order: the idle one has been accepted when this one is answered.
        assert!(raw(&server.path, b"{\"line\":\"list\"}\n").await.contains("\"ok\":true"));
        let since = tokio::time::Instant::now();
        server.cancel.cancel();
        server.tasks.wait().await;
        assert_eq!(since.elapsed(), Duration::ZERO);
    }

    #[tokio::test]
    async fn a_dead_socket_is_replaced_and_a_living_one_is_not() {
        let server = running().await;
        let error = AdminSocket::bind(&server.path).await.unwrap_err();
        assert!(matches!(error, SocketError::InUse(_)), "{error}");
        server.cancel.cancel();
        server.tasks.wait().await;

        // What a killed server leaves behind.
        drop(std::os::unix::net::UnixListener::bind(&server.path).unwrap());
        assert!(server.path.exists());
        let socket = AdminSocket::bind(&server.path).await.unwrap();

        // Another's file in its place is not removed.
        fs::remove_file(&server.path).unwrap();
        fs::write(&server.path, "mine").unwrap();
        drop(socket);
        assert!(server.path.exists());
        let error = AdminSocket::bind(&server.path).await.unwrap_err();
        assert!(matches!(error, SocketError::NotASocket(_)), "{error}");
        assert_eq!(fs::read_to_string(&server.path).unwrap(), "mine");
    }
}

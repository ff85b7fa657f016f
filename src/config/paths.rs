//! Where chaty keeps what is only for this user: the admin socket's folder. Makes the folder and
//! checks that it is private; never opens what is in it.

use std::env;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Only the owner may look into the folder.
const PRIVATE: u32 = 0o700;

/// Why a folder is not fit for the admin socket.
#[derive(Debug, thiserror::Error)]
pub enum PathError {
    #[error("cannot make the folder {path}: {source}", path = path.display())]
    NotMade { path: PathBuf, source: io::Error },
    #[error(
        "{path} is not a private folder of yours; remove it or name another with --admin-socket",
        path = path.display()
    )]
    NotPrivate { path: PathBuf },
}

/// The admin socket of the server on this port: `$XDG_RUNTIME_DIR/chaty/admin-PORT.sock`, or in
/// `chaty-UID` under the folder for temporary files where there is no such variable. Both sides
/// compute it, so that `chaty admin` finds its server without being told.
pub fn admin_socket(port: u16) -> PathBuf {
    folder(env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from)).join(format!("admin-{port}.sock"))
}

fn folder(runtime: Option<PathBuf>) -> PathBuf {
    match runtime.filter(|dir| dir.is_absolute()) {
        Some(dir) => dir.join("chaty"),
        None => env::temp_dir().join(format!("chaty-{}", rustix::process::geteuid().as_raw())),
    }
}

/// Makes the folder if need be, and refuses one that others can enter or that is not ours: in a
/// shared folder somebody else may have made it first.
pub fn private_dir(path: &Path) -> Result<(), PathError> {
    let not_made = |source| PathError::NotMade { path: path.to_owned(), source };
    match DirBuilder::new().mode(PRIVATE).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(not_made(error)),
        Err(_) | Ok(()) => {
            // Not following a link: it could point anywhere.
            let meta = fs::symlink_metadata(path).map_err(not_made)?;
            let ours = meta.is_dir() && meta.uid() == rustix::process::geteuid().as_raw();
            if ours && meta.permissions().mode() & 0o777 == PRIVATE {
                Ok(())
            } else {
                Err(PathError::NotPrivate { path: path.to_owned() })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_private_or_refused() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join("chaty");
        private_dir(&dir).unwrap();
        assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, PRIVATE);
        private_dir(&dir).unwrap();

        fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(matches!(private_dir(&dir), Err(PathError::NotPrivate { .. })));
        let link = temp.path().join("link");
        std::os::unix::fs::symlink(temp.path(), &link).unwrap();
        assert!(matches!(private_dir(&link), Err(PathError::NotPrivate { .. })));
        let file = temp.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(matches!(private_dir(&file), Err(PathError::NotPrivate { .. })));
        assert!(matches!(private_dir(&dir.join("a/b")), Err(PathError::NotMade { .. })));
    }

    #[test]
    fn the_socket_is_in_the_runtime_folder_or_one_of_this_user() {
        assert_eq!(folder(Some("/run/user/7".into())), Path::new("/run/user/7/chaty"));
        let uid = rustix::process::geteuid().as_raw().to_string();
        for none in [None, Some(PathBuf::from("relative"))] {
            assert!(folder(none).ends_with(format!("chaty-{uid}")));
        }
        assert!(admin_socket(55556).ends_with("admin-55556.sock"));
    }
}

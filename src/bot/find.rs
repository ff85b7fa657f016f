//! Finds the script behind a bot's name. Looks only at the names in one folder, so that no name
//! can lead out of it.

use super::nearest::nearest;
use std::path::{Path, PathBuf};

/// There is no such bot: what there is instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoSuchBot {
    #[error("there is no folder {} here: start in the folder that has it, or name a script with `chaty bot FILE`", .0.display())]
    NoFolder(PathBuf),
    #[error("there is no bot {name} in {}{}", .dir.display(), hint(.nearest.as_deref(), .known))]
    Unknown { name: String, dir: PathBuf, nearest: Option<String>, known: Vec<String> },
}

fn hint(nearest: Option<&str>, known: &[String]) -> String {
    match nearest {
        Some(nearest) => format!("; did you mean {nearest}?"),
        None if known.is_empty() => "; there is no script at all".to_owned(),
        None => format!("; there are {}", known.join(", ")),
    }
}

/// The script of the bot `name` in the folder `dir`: `Chuck` in `bots` is `bots/chuck.rhai`.
pub fn join_bot_path(name: &str, dir: &Path) -> Result<PathBuf, NoSuchBot> {
    let Ok(entries) = dir.read_dir() else {
        return Err(NoSuchBot::NoFolder(dir.to_owned()));
    };
    let mut scripts: Vec<(String, PathBuf)> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| is_script(path))
        .filter_map(|path| Some((bot_name(&path)?, path)))
        .collect();
    scripts.sort();
    let wanted = name.strip_suffix(".rhai").unwrap_or(name).to_lowercase();
    if let Some((_, path)) = scripts.iter().find(|(known, _)| known.to_lowercase() == wanted) {
        return Ok(path.clone());
    }
    let known: Vec<String> = scripts.into_iter().map(|(name, _)| name).collect();
    Err(NoSuchBot::Unknown {
        nearest: nearest(name, known.iter().map(String::as_str)).map(str::to_owned),
        name: crate::wire::text::scrub(name),
        dir: dir.to_owned(),
        known,
    })
}

/// Whether a path is named like a bot's script: editors' backups and hidden files are not.
pub(super) fn is_script(path: &Path) -> bool {
    let hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
    !hidden && path.extension().is_some_and(|extension| extension == "rhai")
}

/// The name a bot has when it declares none: its file's, with the first letter a capital.
pub(super) fn bot_name(path: &Path) -> Option<String> {
    let stem = path.file_stem()?.to_str()?;
    let mut letters = stem.chars();
    let first = letters.next()?;
    Some(first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_name_leads_to_its_script_and_nowhere_else() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("bots");
        fs::create_dir(&dir).unwrap();
        for file in ["chuck.rhai", "alice.rhai", "notes.txt", ".hidden.rhai", "chuck.rhai~"] {
            fs::write(dir.join(file), "").unwrap();
        }
        fs::write(home.path().join("secret.rhai"), "").unwrap();
        for name in ["Chuck", "chuck", "CHUCK", "chuck.rhai"] {
            assert_eq!(join_bot_path(name, &dir), Ok(dir.join("chuck.rhai")), "{name}");
        }
        for name in ["../secret", "secret", ".hidden", "notes", "", "/etc/passwd"] {
            assert!(join_bot_path(name, &dir).is_err(), "{name}");
        }
        let message = |name| join_bot_path(name, &dir).unwrap_err().to_string();
        assert!(message("Chuk").ends_with("; did you mean Chuck?"), "{}", message("Chuk"));
        assert!(message("Zebra").ends_with("; there are Alice, Chuck"), "{}", message("Zebra"));
        let nowhere = join_bot_path("Chuck", &dir.join("none")).unwrap_err();
        assert!(nowhere.to_string().starts_with("there is no folder "), "{nowhere}");
    }
}

//! The manual pages, made from the same definition as the help.

use super::Cli;
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use std::io;
use std::path::Path;

/// The pages of all commands, one after the other: `chaty man | man -l -` shows them.
pub fn man_page() -> io::Result<Vec<u8>> {
    let mut root = Cli::command();
    root.build();
    let mut pages = Vec::new();
    render(root, &mut pages)?;
    Ok(pages)
}

/// Writes a page a command into a folder, which is made if need be.
pub fn man_pages(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    clap_mangen::generate_to(Cli::command(), folder)
}

fn render(command: Command, pages: &mut Vec<u8>) -> io::Result<()> {
    let below: Vec<_> =
        command.get_subcommands().filter(|command| !command.is_hide_set()).cloned().collect();
    Man::new(command).render(pages)?;
    below.into_iter().try_for_each(|command| render(command, pages))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_its_page() {
        let all = String::from_utf8(man_page().unwrap()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("man");
        man_pages(&folder).unwrap();
        for page in
            ["chaty", "chaty-serve", "chaty-join", "chaty-join-user", "chaty-admin", "chaty-bench"]
        {
            assert!(all.contains(&format!(".TH {page} 1")), "{page}");
            assert!(folder.join(format!("{page}.1")).exists(), "{page}");
        }
    }
}

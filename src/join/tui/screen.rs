//! The terminal as a canvas: taken and given back, and drawn on with as few bytes as change it.
//! The last wall before it: whatever is in a cell, no control character passes.

use super::super::terminal::Guard;
use super::osc::{LINK_END, TITLE_BACK, TITLE_KEEP, link_start};
use super::view::{Drawn, Linked};
use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste,
    EnableFocusChange, EnableMouseCapture,
};
use crossterm::style::ResetColor;
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute, queue};
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use std::io::{self, Stdout, Write};

/// What the screen may have switched on, switched off again. A panic gives back with this, when
/// nothing else of the program can be trusted; it does no harm where it was not on.
pub(super) const SWITCH_OFF: &str = concat!(
    "\x1b]8;;\x1b\\",                                          // no link stays open
    "\x1b[0m\x1b[?2026l\x1b[?2004l\x1b[?1004l",                // styles, updates, paste, focus
    "\x1b[?1006l\x1b[?1015l\x1b[?1003l\x1b[?1002l\x1b[?1000l", // the mouse
    "\x1b[?1049l\x1b[?25h",                                    // the other screen, the cursor
    "\x1b[23;2t"                                               // the title
);

/// The terminal while the chat has it.
#[derive(Debug)]
pub(super) struct Screen {
    backend: CrosstermBackend<Stdout>,
    /// What is on it, and what will be.
    shown: Buffer,
    next: Buffer,
    links: Vec<Linked>,
    title: String,
    has_mouse: bool,
    has_title: bool,
    /// Gives the modes back however it ends.
    _guard: Guard,
}

impl Screen {
    /// Takes the terminal.
    pub(super) fn open(has_mouse: bool, has_title: bool) -> io::Result<Self> {
        let guard = Guard::with(SWITCH_OFF, "")?;
        let mut screen = Self {
            backend: CrosstermBackend::new(io::stdout()),
            shown: Buffer::default(),
            next: Buffer::default(),
            links: Vec::new(),
            title: String::new(),
            has_mouse,
            has_title,
            _guard: guard,
        };
        screen.enter()?;
        Ok(screen)
    }

    /// Takes it again.
    pub(super) fn enter(&mut self) -> io::Result<()> {
        enable_raw_mode()?;
        let out = &mut self.backend;
        if self.has_title {
            out.write_all(TITLE_KEEP.as_bytes())?;
        }
        execute!(out, EnterAlternateScreen, EnableBracketedPaste, EnableFocusChange)?;
        if self.has_mouse {
            execute!(out, EnableMouseCapture)?;
        }
        self.title.clear();
        self.redraw();
        Ok(())
    }

    /// Gives it back, to another program or for good.
    pub(super) fn leave(&mut self) -> io::Result<()> {
        let out = &mut self.backend;
        if self.has_mouse {
            execute!(out, DisableMouseCapture)?;
        }
        execute!(out, ResetColor, DisableFocusChange, DisableBracketedPaste)?;
        execute!(out, LeaveAlternateScreen, cursor::Show)?;
        if self.has_title {
            out.write_all(TITLE_BACK.as_bytes())?;
        }
        Write::flush(out)?;
        disable_raw_mode()
    }

    /// The next frame draws every cell.
    pub(super) fn redraw(&mut self) {
        self.shown = Buffer::default();
    }

    /// Writes an escape sequence of [`super::osc`].
    pub(super) fn write(&mut self, sequence: &str) -> io::Result<()> {
        self.backend.write_all(sequence.as_bytes())?;
        Write::flush(&mut self.backend)
    }

    /// Draws a frame: only what has changed, in one update, in one write.
    pub(super) fn draw(
        &mut self,
        (width, height): (u16, u16),
        title: &str,
        view: impl FnOnce(&mut Buffer) -> Drawn,
    ) -> io::Result<()> {
        let area = Rect::new(0, 0, width, height);
        self.next.resize(area);
        self.next.reset();
        let Drawn { cursor, links } = view(&mut self.next);
        queue!(self.backend, BeginSynchronizedUpdate, cursor::Hide)?;
        if self.shown.area != area {
            self.shown = Buffer::empty(area);
            self.links.clear();
            queue!(self.backend, ResetColor, Clear(ClearType::All))?;
        }
        wall(&mut self.next);
        if self.links != links {
            // A link that leads elsewhere is a change, though its letters are the same.
            for link in self.links.iter().chain(&links) {
                soil(&mut self.shown, link);
            }
        }
        self.cells(&links)?;
        self.links = links;
        if self.has_title && self.title != title {
            let sequence = super::osc::title(title);
            self.backend.write_all(sequence.as_bytes())?;
            title.clone_into(&mut self.title);
        }
        if let Some((x, y)) = cursor {
            queue!(self.backend, cursor::MoveTo(x, y), cursor::Show)?;
        }
        queue!(self.backend, EndSynchronizedUpdate)?;
        Write::flush(&mut self.backend)?;
        std::mem::swap(&mut self.shown, &mut self.next);
        Ok(())
    }

    /// The cells that changed, in runs that lead to the same address.
    fn cells(&mut self, links: &[Linked]) -> io::Result<()> {
        let changed = self.shown.diff(&self.next);
        let leads = |(x, y): (u16, u16)| {
            links.iter().find(|link| {
                link.y == y && (link.x..link.x.saturating_add(link.width)).contains(&x)
            })
        };
        let mut rest: &[(u16, u16, &Cell)] = &changed;
        while let Some((x, y, _)) = rest.first() {
            let link = leads((*x, *y));
            let run = rest.iter().take_while(|(x, y, _)| leads((*x, *y)) == link).count();
            let (now, later) = rest.split_at(run);
            if let Some(link) = link {
                self.backend.write_all(link_start(&link.address).as_bytes())?;
            }
            self.backend.draw(now.iter().copied())?;
            if link.is_some() {
                self.backend.write_all(LINK_END.as_bytes())?;
            }
            rest = later;
        }
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // A panic has given everything back already, and written below.
        if !std::thread::panicking() {
            // As far as it goes; the guard does the rest.
            self.leave().ok();
        }
    }
}

/// A cell with a control character in it shows a sign instead. Nothing gets so far; if something
/// did, it would be a hole in the text's cleaning, and this is where it ends.
fn wall(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        if cell.symbol().contains(char::is_control) {
            cell.set_symbol("\u{fffd}");
        }
    }
}

/// Makes the cells of a link different from any.
fn soil(shown: &mut Buffer, link: &Linked) {
    for x in link.x..link.x.saturating_add(link.width) {
        if let Some(cell) = shown.cell_mut((x, link.y)) {
            // For private use: nothing the next frame has there is equal to it.
            cell.set_symbol("\u{e000}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portable_pty::{CommandBuilder, PtySize, native_pty_system};
    use std::io::Read;
    use vt100::MouseProtocolMode;

    #[test]
    fn no_control_character_passes() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 3, 1));
        buffer.content[1].set_symbol("a\x1b[2J");
        wall(&mut buffer);
        let symbols: Vec<&str> = buffer.content.iter().map(Cell::symbol).collect();
        assert_eq!(symbols, [" ", "\u{fffd}", " "]);
    }

    /// Asked for by the test below, in a process and on a terminal of its own.
    const PLANTED: &str = "CHATY_TEST_PANIC";

    /// Does nothing, unless it is asked for.
    #[test]
    fn panics_on_a_full_screen() {
        if std::env::var_os(PLANTED).is_none() {
            return;
        }
        let mut screen = Screen::open(true, true).unwrap();
        let drawn = screen.draw((80, 24), "title", |buffer| {
            buffer.set_string(0, 0, "on the full screen", ratatui::style::Style::new());
            Drawn::default()
        });
        drawn.unwrap();
        panic!("planted");
    }

    #[test]
    fn a_panic_gives_the_terminal_back_and_is_there_to_be_read() {
        let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let modes = |pair: &portable_pty::PtyPair| format!("{:?}", pair.master.get_termios());
        let before = modes(&pair);
        let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
        command.args([
            "--exact",
            "--nocapture",
            "join::tui::screen::tests::panics_on_a_full_screen",
        ]);
        command.env(PLANTED, "1");
        command.env("RUST_BACKTRACE", "0");
        let mut child = pair.slave.spawn_command(command).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let reading = std::thread::spawn(move || {
            let (mut raw, mut chunk) = (Vec::new(), [0; 4096]);
            // The end of a terminal is an error on Linux.
            while let Ok(n @ 1..) = reader.read(&mut chunk) {
                raw.extend_from_slice(&chunk[..n]);
            }
            raw
        });
        assert!(!child.wait().unwrap().success());
        assert_eq!(modes(&pair), before);
        drop(pair);
        let raw = reading.join().unwrap();
        let (rows, columns) = (24.try_into().unwrap(), 80.try_into().unwrap());
        let mut parser = vt100::Parser::new(rows, columns, 0);
        parser.process(&raw);
        let screen = parser.screen();
        assert!(!screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste());
        assert_eq!(screen.mouse_protocol_mode(), MouseProtocolMode::None);
        let contents = screen.contents();
        assert!(contents.contains("planted") && !contents.contains("full screen\n"), "{contents}");
    }
}

//! A connection as its client has it: what is on its way, what troubles it, and what it has heard.

use super::plan::{Sketch, Speaks};
use super::view::View;
use super::wire::{End, Wire};
use std::collections::VecDeque;
use std::sync::Arc;

/// On its way to the server.
#[derive(Debug)]
pub(super) enum Up {
    Bytes(Vec<u8>),
    End(End),
}

#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent facts of a connection")]
pub(super) struct Link {
    pub(super) who: usize,
    /// The run of the server it leads to.
    pub(super) run: usize,
    pub(super) wire: Arc<Wire>,
    pub(super) speaks: Speaks,
    pub(super) born: u64,
    latency: (u64, u64),
    is_wide: bool,
    /// By when it arrives.
    pub(super) up: VecDeque<(u64, Up)>,
    pub(super) up_last: u64,
    pub(super) is_down_due: bool,
    /// Bytes it takes at once.
    pub(super) most: usize,
    pub(super) stalled_until: u64,
    pub(super) parted_until: u64,
    pub(super) has_vanished: bool,
    /// What it hears late up to here is nobody's fault but its own.
    pub(super) troubled_until: u64,
    /// When the server last got bytes from it, and first.
    pub(super) last_in: u64,
    pub(super) first_in: Option<u64>,
    pub(super) buffer: Vec<u8>,
    pub(super) view: View,
    /// Behind which entry of the lobby its hello asked to begin.
    pub(super) after: Option<(String, u64)>,
    /// The client reads nothing any more.
    pub(super) is_closed: bool,
    pub(super) is_over: bool,
    /// What would explain a goodbye.
    pub(super) has_quit: bool,
    pub(super) has_renamed: bool,
    /// Of the other dialects: the messages it heard, and where.
    pub(super) heard: Vec<(usize, String, String)>,
    pub(super) room: String,
    /// Rooms it has been in, one after the other.
    pub(super) stay: usize,
    /// It only tries the handshake's patience.
    pub(super) drips: Option<u64>,
}

/// Nothing is too much for it.
pub(super) const ALL: usize = usize::MAX;

impl Link {
    pub(super) fn new(
        who: usize,
        sketch: &Sketch,
        run: usize,
        wire: Arc<Wire>,
        born: u64,
        view: View,
    ) -> Self {
        Self {
            who,
            run,
            wire,
            speaks: sketch.speaks,
            born,
            latency: sketch.latency,
            is_wide: sketch.window >= 16 * 1024 && sketch.latency.1 <= 60,
            up: VecDeque::new(),
            up_last: 0,
            is_down_due: false,
            most: ALL,
            stalled_until: 0,
            parted_until: 0,
            has_vanished: false,
            troubled_until: 0,
            last_in: born,
            first_in: None,
            buffer: Vec::new(),
            view,
            after: None,
            is_closed: false,
            is_over: false,
            has_quit: false,
            has_renamed: false,
            heard: Vec::new(),
            room: "#lobby".into(),
            stay: 0,
            drips: None,
        }
    }

    pub(super) fn latency(&self) -> std::ops::RangeInclusive<u64> {
        self.latency.0..=self.latency.1
    }

    /// Whether what it gets is to be there at once, and has been since then.
    pub(super) fn is_prompt(&self, since: u64) -> bool {
        self.is_wide && self.born <= since && self.is_well(since)
    }

    /// Nothing has troubled it since then.
    pub(super) fn is_well(&self, since: u64) -> bool {
        self.troubled_until < since && self.most == ALL && !self.has_vanished && !self.is_closed
    }

    pub(super) fn is_in(&self) -> bool {
        self.view.is_in && !self.is_over && !self.is_closed && !self.has_vanished
    }
}

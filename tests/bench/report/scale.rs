//! What one machine holds, computed from the costs of the parts.
//!
//! In a second, a server of so many members that works in so many turns and takes so many messages
//! needs: the messages' own time, the turns', and in each turn for each member a wake and a write of
//! the bytes that the turn brought.

use super::medians::Medians;
use super::runs::Run;

/// Nanoseconds, of lines of 64 bytes of text.
#[derive(Debug)]
pub(crate) struct Costs {
    /// A message: read, taken into the room, encoded.
    pub message: f64,
    /// A turn, whatever is in it.
    pub turn: f64,
    /// A member in a turn: its writer found, its cursor moved, the bytes for it gathered.
    pub wake: f64,
    /// A write, by its bytes, ascending.
    writes: Vec<(f64, f64)>,
}

/// Bytes of a line that carries 64 bytes of text: a tag and a newline come to it.
pub(crate) const LINE: f64 = 73.0;
/// What computing has in a second.
const SECOND: f64 = 1e9;

impl Costs {
    pub(crate) fn new(medians: &Medians) -> Self {
        let in_turn = medians.each("turn", "busy_512", 100.0);
        let parts = medians.each("decode", "line", 64.0) + medians.each("encode", "line", 64.0);
        let alone = medians.nanos("turn", "busy_1", 1000.0);
        let round = medians.nanos("round", "round_1", 1000.0);
        let writes = medians.curve("socket", "write");
        let whole = |(bytes, each): (f64, f64)| (bytes, each * bytes);
        Self {
            message: in_turn + parts,
            turn: (alone - in_turn).max(0.0),
            wake: (round - alone) / 1000.0,
            writes: writes.into_iter().map(whole).collect(),
        }
    }

    /// Nanoseconds of a write, between and beyond what was measured along straight lines.
    pub(crate) fn write(&self, bytes: f64) -> f64 {
        let after = self.writes.iter().position(|(size, _)| *size >= bytes);
        let after = after.unwrap_or(self.writes.len() - 1).max(1);
        let ((low, short), (high, long)) = (self.writes[after - 1], self.writes[after]);
        short + (long - short) * (bytes - low) / (high - low)
    }

    /// Cores that are busy at so many messages and turns a second.
    pub(crate) fn cores(&self, members: f64, messages: f64, turns: f64) -> f64 {
        let each = self.wake + self.write(messages / turns * LINE);
        (messages * self.message + turns * self.turn + turns * members * each) / SECOND
    }

    /// Messages a second that fill one core in so many turns; none, if the turns alone do.
    pub(crate) fn most(&self, members: f64, turns: f64) -> Option<f64> {
        let fits = |messages: f64| self.cores(members, messages, turns) <= 1.0;
        if !fits(turns) {
            return None;
        }
        let (mut low, mut high) = (turns, 1e9);
        // Thirty halvings of the exponent: closer than anything was measured.
        for _ in 0..30 {
            let middle = (low * high).sqrt();
            if fits(middle) {
                low = middle;
            } else {
                high = middle;
            }
        }
        Some(low)
    }

    /// Members at which one message in each of so many turns a second fills one core.
    pub(crate) fn most_members(&self, turns: f64) -> f64 {
        let alone = self.message + self.turn;
        (SECOND / turns - alone) / (self.wake + self.write(LINE))
    }

    /// The curve of [`most`](Self::most) over members.
    pub(crate) fn curve(&self, turns: f64) -> Vec<(f64, f64)> {
        let members = (0..=144).map(|step| 10_f64.powf(f64::from(step) / 24.0));
        members.filter_map(|members| Some((members, self.most(members, turns)?))).collect()
    }

    /// Rows of a table: what whole servers computed at a rate, beside what this says.
    pub(crate) fn checks(&self, runs: &[Run]) -> Vec<[f64; 5]> {
        let rated = runs.iter().filter(|run| run.sweep == "rate");
        let row = |run: &Run| {
            let (rate, members) = (run.rate?, run.members + run.publishers);
            // At such rates every message is a turn by itself.
            let told = self.cores(members, rate, rate);
            let seen = run.cores()?;
            Some([run.members, rate, told, seen, seen / told])
        };
        rated.filter_map(row).collect()
    }
}

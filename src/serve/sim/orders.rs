//! What the world asks of the server as its administrator, and holds against what it answers: names,
//! ghosts, the budget, reasons. Also who tries the patience of its door.

use super::house::House;
use super::truth::unique;
use super::violation::{BUDGET, DEADLINE, GHOSTS, REASON, Violation, found};
use super::world::{Asked, Event, World};
use crate::serve::admin::{Command, Report};
use crate::serve::hub::MANY;
use std::time::Duration;
use tokio::sync::oneshot;

impl World {
    pub(super) fn order(&mut self, asked: Asked, command: Command) {
        if let Some(house) = self.house.as_mut().filter(|house| !house.is_draining) {
            let report = house.ask(command);
            self.reports.push((asked, report));
        }
    }

    pub(super) fn hear_reports(&mut self) -> Result<(), Violation> {
        let mut waiting = Vec::new();
        for (asked, mut report) in std::mem::take(&mut self.reports) {
            match report.try_recv() {
                Ok(report) => self.reported(&asked, &report)?,
                Err(oneshot::error::TryRecvError::Empty) => waiting.push((asked, report)),
                // The server went down meanwhile.
                Err(oneshot::error::TryRecvError::Closed) => {}
            }
        }
        self.reports.append(&mut waiting);
        Ok(())
    }

    pub(super) fn reported(&mut self, asked: &Asked, report: &Report) -> Result<(), Violation> {
        match (asked, report) {
            (Asked::Ghost(link), Report::Members(rows)) => {
                let addr = House::address(*link);
                if let Some(row) = rows.iter().find(|row| row.addr == addr) {
                    return found(GHOSTS, format!("{row:?} is still a member"));
                }
            }
            (Asked::List | Asked::Last(_), Report::Members(rows)) => {
                unique(rows.iter().map(|row| &*row.nick))?;
                if let Asked::Last(count) = asked
                    && rows.len() != *count
                {
                    return found(GHOSTS, format!("{count} are here, and the server has {rows:?}"));
                }
            }
            (Asked::Stats, Report::Stats(stats)) => {
                // An entry of ours has at most 330 bytes of text.
                let turn = self.house.as_ref().map_or(0, |house| house.most_at_once) * 2048 + 512;
                // Nothing is let go of that came since the ring before the last: two turns, and
                // before each as much coming and going as waits for nobody, which is short.
                let untold = 2 * (turn + MANY * 512);
                let most = self.plan.limits.retained_bytes.max(untold) as u64;
                if stats.retained_bytes > most {
                    return found(BUDGET, format!("{} of {most}", stats.retained_bytes));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// By now nothing of it may be left.
    pub(super) fn is_a_ghost(&mut self, at: usize) {
        if self.links[at].run == self.run {
            self.order(Asked::Ghost(at), Command::List);
        }
    }

    /// One byte of a handshake a second. The server bears it until its deadline, and no longer.
    pub(super) fn drip(&mut self, at: usize) -> Result<(), Violation> {
        let now = self.now();
        let link = &self.links[at];
        let Some(byte) = link.drips else { return Ok(()) };
        let limits = &self.plan.limits;
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap();
        let whole = link.born + ms(limits.handshake_idle);
        // What is no name is refused as soon as it is there: only the whole has a deadline then.
        let answer = link.first_in.filter(|_| byte == u64::from(b'{'));
        let deadline = answer.map_or(whole, |first| whole.min(first + ms(limits.handshake)));
        if link.run != self.run || self.house.as_ref().is_none_or(|house| house.is_draining) {
            return Ok(());
        }
        if link.wire.is_over() {
            if now + 500 >= deadline {
                return Ok(());
            }
            return found(DEADLINE, format!("cut at {now}, and it had until {deadline}"));
        }
        if now > deadline + 500 {
            return found(DEADLINE, format!("it goes on at {now}, and had until {deadline}"));
        }
        let byte = u8::try_from(byte).unwrap();
        self.send(at, vec![byte]);
        self.at(now + 1000, Event::Drip(at));
        Ok(())
    }

    /// Whether sessions that ended were counted with a reason, each once.
    pub(super) fn all_have_reasons(&self) -> Result<(), Violation> {
        match self.house.as_ref().map(House::sessions) {
            Some((began, ended)) if began != ended => {
                found(REASON, format!("{began} sessions began, and {ended} have a reason to end"))
            }
            _ => Ok(()),
        }
    }
}

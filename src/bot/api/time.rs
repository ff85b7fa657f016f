//! Now and later, in seconds. The time is given with the event; nothing here reads a clock.

use super::Failed;
use crate::bot::declaration::millis;
use crate::bot::host::Host;
use crate::bot::json;
use crate::bot::limits::weight;
use rhai::Dynamic;

/// A planned call comes after a tenth of a second at the earliest: a plan is no loop.
const SOON: u64 = 100;

/// Bytes a planned call is given: a hundred of them are waiting at the most.
const HANDED: usize = 32 * 1024;

/// A script's number of seconds, whole or not.
pub(super) fn seconds(function: &str, value: &Dynamic) -> Result<f64, Failed> {
    #[expect(clippy::cast_precision_loss, reason = "a year of seconds is exact")]
    let seconds = value.as_float().or_else(|_| value.as_int().map(|whole| whole as f64));
    match seconds {
        Ok(seconds) if seconds >= 0.0 => Ok(seconds),
        Ok(seconds) => {
            Err(format!("{function} takes seconds from 0 upwards, not {seconds}").into())
        }
        Err(kind) => {
            let kind = crate::bot::explain::kind(kind);
            Err(format!("{function} takes seconds, not {kind}").into())
        }
    }
}

pub(super) fn after(
    host: &Host,
    secs: &Dynamic,
    function: &str,
    argument: Option<Dynamic>,
) -> Result<i64, Failed> {
    let millis = millis(seconds("after", secs)?).max(SOON);
    if let Some(argument) = &argument {
        json::check(argument).map_err(|kind| {
            format!("after(…) hands on text, numbers, truth values, arrays and maps, not {kind}")
        })?;
        let held = weight(argument, host.guard.limits());
        if held.is_none_or(|bytes| bytes > HANDED) {
            return Err(format!("after(…) hands on at most {} KiB", HANDED / 1024).into());
        }
    }
    host.after(millis, function, argument)
}

pub(super) fn cooldown(host: &Host, key: &Dynamic, secs: &Dynamic) -> Result<bool, Failed> {
    let millis = millis(seconds("cooldown", secs)?);
    // Another's key cannot be the host's own.
    let key = format!("script {key}");
    host.change("cooldown", None, |kept, _, context| kept.cool(&key, context.now, millis))
}

pub(super) fn now(host: &Host) -> Result<i64, Failed> {
    host.look("now", |_, context| whole(context.now))
}

/// Seconds since something was last said in the room; since 1970, if nothing was.
pub(super) fn quiet_for(host: &Host) -> Result<i64, Failed> {
    host.look("quiet_for", |world, context| {
        let last = world.last_said(&context.room, context.of_message);
        whole(context.now.saturating_sub(last.unwrap_or_default()))
    })
}

fn whole(millis: u64) -> i64 {
    i64::try_from(millis / 1000).unwrap_or(i64::MAX)
}

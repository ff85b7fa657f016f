//! Deterministic simulation: the real hub and real sessions in a world whose network, clock and
//! people come of one seed, and checkers that read only what members saw on their wire and what the
//! world knows it did. The same seed gives the same bytes at the same times, in any process.
//!
//! ```text
//! plan ─▶ world ─▶ people ──bytes──▶ wire ──▶ sessions ──▶ house ──▶ hub
//!           ▲                          │        (real)   (orders)   (real)
//!           └── view, truth ◀── tap ◀──┘
//! ```
//!
//! What could make two runs differ is kept out: tasks that one moment wakes may run in any order
//! (tokio's `watch` throws dice for it), so nothing depends on that; `house` puts requests of one
//! moment in an order of the seed's, and a connection's chances are its own.

mod acts;
mod dice;
mod heard;
mod hearing;
mod house;
mod link;
mod orders;
mod people;
mod plan;
mod runs;
mod seeds;
mod tap;
#[cfg(test)]
mod tests;
mod truth;
mod view;
mod violation;
mod wire;
mod world;

use plan::Plan;
use tap::{Fault, Tap};
use tokio::runtime::Builder;
use violation::Violation;
use world::{Counts, World};

/// What became of a world.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Outcome {
    counts: Counts,
    /// Over every byte that members got, and when.
    hash: u64,
    /// Whether the planted fault, if any, found its place; nothing, if it was held back to the end.
    has_struck: Option<bool>,
    violation: Option<Violation>,
}

/// Lets a world live from its first step to its rest.
fn live(plan: Plan, fault: Option<(Fault, u64)>) -> Outcome {
    let mut builder = Builder::new_current_thread();
    // A task that yields has to wait for all others, however many there are.
    let runtime = builder.enable_time().start_paused(true).event_interval(u32::MAX).build();
    runtime.unwrap().block_on(async {
        let tap = Tap::of(fault.map(|(fault, _)| fault), fault.map_or(0, |(_, spare)| spare));
        let mut world = World::new(plan, tap);
        let violation = lived(&mut world).await.err();
        let World { counts, hash, tap, .. } = world;
        let has_struck = (!tap.is_holding()).then_some(tap.has_struck);
        Outcome { counts, hash, has_struck, violation }
    })
}

async fn lived(world: &mut World) -> Result<(), Violation> {
    world.open();
    for step in world.plan.steps.clone() {
        world.pass(step.wait).await?;
        world.act(step);
    }
    world.rest().await
}

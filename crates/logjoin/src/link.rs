//! From events on the hosts' own clocks to failed requests with everything that belongs to them: the chain of steps that each
//! slice of time goes through.

use crate::clock::{self, ClockModel};
use crate::diagnose::{self, Judged};
use crate::failing::{self, Failing};
use crate::index::Index;
use crate::join::{self, Join};
use crate::peers::Peers;
use crate::plan::Plan;
use crate::scene::Scene;
use crate::timeline::World;

/// What was learned from the slices before.
#[derive(Debug, Default)]
pub(crate) struct Learned {
    pub clocks: Option<ClockModel>,
    pub peers: Peers,
}

/// Links of a failed request to the same request at other proxies: its number, whether that proxy stands behind, how surely.
pub(crate) type Chain = Vec<(usize, bool, f64)>;

/// Events on one clock, and what belongs to what.
pub(crate) struct Linked {
    pub world: World,
    pub clocks: ClockModel,
    pub peers: Peers,
    pub failing: Vec<Failing>,
    pub joins: Vec<Join>,
    pub chains: Vec<Chain>,
}

/// Takes all steps up to the joins. `world` is still on the hosts' own clocks.
pub(crate) fn link(plan: &Plan, world: World, before: Learned) -> Linked {
    link_telling(plan, world, before, &mut |_| ())
}

/// The same, telling `step` the number of each step as it begins.
pub(crate) fn link_telling(
    plan: &Plan,
    mut world: World,
    before: Learned,
    step: &mut dyn FnMut(usize),
) -> Linked {
    step(0);
    let clocks = clock::fit_all(plan, &world, before.clocks.as_ref());
    step(1);
    world.shift(&clocks);
    step(2);
    let index = Index::new(plan, &world);
    step(3);
    let mut peers = Peers::learn(plan, &world, &index, &clocks);
    peers.absorb(before.peers);
    step(4);
    let failing = failing::find(plan, &world);
    step(5);
    let mut joins = join::join(plan, &world, &index, &peers, &clocks, &failing);
    step(6);
    let chains = join::chains(plan, &world, &index, &peers, &clocks, &failing);
    join::pass_outward(&chains, &failing, &mut joins);
    Linked { world, clocks, peers, failing, joins, chains }
}

impl Linked {
    /// What the rules may ask.
    pub fn scene<'a>(&'a self, plan: &'a Plan) -> Scene<'a> {
        Scene::new(plan, &self.world, &self.peers, &self.failing, &self.joins)
    }

    /// The verdict on each failed request.
    pub fn judge(&self, scene: &Scene<'_>) -> Vec<Judged> {
        diagnose::judge_all(scene, &self.chains)
    }
}

//! From events on the hosts' own clocks to failed requests with everything that belongs to them: the chain of steps that each
//! slice of time goes through.

use crate::clock::{self, ClockModel};
use crate::diagnose::{self, Judged};
use crate::failing::{self, Failing};
use crate::fold::may_be_asked;
use crate::index::Index;
use crate::join::{self, Join};
use crate::peers::Peers;
use crate::plan::Plan;
use crate::rewrites::Rewrites;
use crate::scene::{Scene, Served};
use crate::timeline::{Timed, World};

/// A step of [`finish_with`](crate::finish_with).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Stamps become moments on the clocks of their hosts.
    Moments,
    /// The clocks are fitted.
    Clocks,
    /// Everything is put on one clock.
    Shift,
    /// Lines are sorted by the requests that they name.
    Index,
    /// Which server is whose log is learned.
    Servers,
    /// Failed requests are found, with their error lines.
    Failures,
    /// They are joined to the backends' lines.
    Joins,
    /// They are joined to the same requests at other proxies.
    Chains,
    /// What the rules may ask is made ready.
    Scene,
    /// The rules are asked.
    Causes,
    /// All requests are counted.
    Sums,
    /// The result is put together.
    Story,
}

/// What was learned from the slices before.
#[derive(Debug, Default)]
pub(crate) struct Learned {
    pub clocks: Option<ClockModel>,
    pub peers: Peers,
}

impl Learned {
    /// Nothing but what is known of rewritten targets.
    pub fn of(rewrites: Rewrites) -> Learned {
        let mut peers = Peers::default();
        peers.rewrites = rewrites;
        Learned { clocks: None, peers }
    }
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
    /// What is known of requests that are not in the world.
    pub aside: Vec<Served>,
}

/// Takes all steps up to the joins, unless `watch` breaks it off. `world` is still on the hosts' own clocks.
pub(crate) fn link<E>(
    plan: &Plan,
    mut world: World,
    mut before: Learned,
    watch: &mut dyn FnMut(Stage) -> Result<(), E>,
) -> Result<Linked, E> {
    watch(Stage::Clocks)?;
    // Where nothing failed, nothing has to be joined: what is known of the clocks and the servers is good enough to count by.
    let clocks = before.clocks.as_ref();
    let may_fail = |t: &Timed| t.r.detail.is_some() && !t.r.settled && may_be_asked(plan, clocks, t);
    let is_quiet = !world.requests.iter().any(may_fail);
    if is_quiet && let Some(clocks) = before.clocks.take() {
        watch(Stage::Shift)?;
        world.shift(&clocks);
        world.narrow(plan);
        return Ok(Linked {
            world,
            clocks,
            peers: before.peers,
            failing: Vec::new(),
            joins: Vec::new(),
            chains: Vec::new(),
            aside: Vec::new(),
        });
    }
    let clocks = clock::fit_all(plan, &world, before.clocks.as_ref());
    watch(Stage::Shift)?;
    world.shift(&clocks);
    world.narrow(plan);
    watch(Stage::Index)?;
    let index = Index::new(plan, &world);
    watch(Stage::Servers)?;
    let mut peers = Peers::learn(plan, &world, &index, &clocks);
    peers.absorb(before.peers);
    watch(Stage::Failures)?;
    let failing = failing::find(plan, &world);
    watch(Stage::Joins)?;
    let mut joins = join::join(plan, &world, &index, &peers, &clocks, &failing);
    watch(Stage::Chains)?;
    let chains = join::chains(plan, &world, &index, &peers, &clocks, &failing);
    join::pass_outward(&chains, &failing, &mut joins);
    Ok(Linked { world, clocks, peers, failing, joins, chains, aside: Vec::new() })
}

impl Linked {
    /// What the rules may ask.
    pub fn scene<'a>(&'a self, plan: &'a Plan) -> Scene<'a> {
        self.scene_beside(plan, &self.aside)
    }

    /// The same, with what is known of requests that are not in the world.
    pub fn scene_beside<'a>(&'a self, plan: &'a Plan, aside: &[Served]) -> Scene<'a> {
        Scene::new(plan, &self.world, &self.peers, &self.failing, &self.joins, aside)
    }

    /// The verdict on each failed request.
    pub fn judge(&self, scene: &Scene<'_>) -> Vec<Judged> {
        diagnose::judge_all(scene, &self.chains)
    }
}

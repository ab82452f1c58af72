//! What is in view is judged, counted and let go.

use std::convert::Infallible;

use super::SECOND;
use super::archive::Archive;
use super::aside::Lean;
use super::reading::Cut;
use super::window::{Floors, Staying, Window};
use crate::clock::{self, ClockModel};
use crate::diagnose::Judged;
use crate::failing::Failing;
use crate::finish::{Sums, Tails};
use crate::link::{Learned, Linked, Stage, link};
use crate::peers::Peers;
use crate::plan::Plan;
use crate::rewrites;
use crate::scene::Scene;
use crate::settling::Settling;
use crate::timeline::{self, Horizon, World};

/// Of settled failures, the last ones stay in view to tell what the next ones failed for: of thousands in a minute, those of half
/// a minute tell as much as all.
const CROWD: usize = 2_000;
const CROWD_AROUND: i64 = 30 * SECOND;

/// The rows in view, and everything before them.
pub(super) struct Judging<'p> {
    plan: &'p Plan,
    window: Window,
    pub archive: Archive,
    pub sums: Sums,
    tails: Tails,
    learned: Learned,
    /// The clocks as the first blocks show them.
    first_clocks: Option<ClockModel>,
    /// Something is settled already.
    pub has_sliced: bool,
    /// Up to which moment everything is settled, on the reference clock.
    pub horizon: i64,
    /// What ended before this moment is let go.
    floor: i64,
}

impl<'p> Judging<'p> {
    pub fn new(plan: &'p Plan) -> Judging<'p> {
        Judging {
            plan,
            window: Window::new(),
            archive: Archive::new(plan),
            sums: Sums::new(plan),
            tails: Tails::default(),
            learned: Learned::default(),
            first_clocks: None,
            has_sliced: false,
            horizon: i64::MIN,
            floor: i64::MIN,
        }
    }

    /// The clocks as they are known.
    pub fn clocks(&self) -> Option<&ClockModel> {
        self.learned.clocks.as_ref()
    }

    /// How many rows are in view.
    pub fn in_view(&self) -> usize {
        self.window.rows()
    }

    /// Takes rows into view, and settles what lies far enough before their end.
    pub fn slice(&mut self, cut: Cut) {
        let around = (self.plan.options.window_s.max(0.0) * 1e9) as i64;
        let horizon = Horizon(cut.second.saturating_mul(SECOND).saturating_sub(around));
        let Ok((linked, judged, lean)) = self.view(cut, horizon, &mut |_| Ok::<(), Infallible>(()));
        let staying = self.window.staying(&linked.world, horizon, self.floor);
        let Linked { world, clocks, peers, failing, joins, chains, .. } = linked;
        let floor = horizon.0.saturating_sub(around);
        let floors = Floors { all: floor, failed: floor.max(crowded(&failing, horizon)) };
        let now = Settling::new(&world, (failing, joins, chains), judged);
        self.archive.absorb(&world, now, horizon, &staying, false);
        self.window.take_back(world, lean, horizon, floors, &staying);
        self.learned = Learned { clocks: Some(clocks), peers };
        self.has_sliced = true;
        self.horizon = self.horizon.max(horizon.0);
    }

    /// Takes rows into view, judges them, and counts those before the horizon.
    fn view<E>(
        &mut self,
        cut: Cut,
        horizon: Horizon,
        watch: &mut dyn FnMut(Stage) -> Result<(), E>,
    ) -> Result<(Linked, Vec<Judged>, Lean), E> {
        watch(Stage::Moments)?;
        let plan = self.plan;
        let Cut { events, tails, calendar, first_clocks, .. } = cut;
        self.first_clocks = self.first_clocks.take().or(first_clocks);
        tails.into_iter().for_each(|(file, after, inner)| self.tails.add(file, after, inner));
        events.into_iter().for_each(|(file, events)| self.window.add(file, events));
        let mut files = std::mem::take(&mut self.window.files);
        let mut learned = std::mem::take(&mut self.learned);
        learned.peers.rewrites =
            rewrites::undo(plan, &mut files, std::mem::take(&mut learned.peers.rewrites));
        let mut lean = Lean::default();
        let mut chosen = None;
        if Lean::pays(plan, &files) {
            lean = Lean::take(plan, &mut files, &calendar);
            let clocks = learned.clocks.as_ref().or(self.first_clocks.as_ref());
            chosen = Some(lean.choose(plan, &files, clocks, (self.has_sliced, horizon == Horizon::END)));
        }
        let mut world = timeline::resolve(plan, files, &calendar);
        if let Some((requests, complete)) = chosen {
            (world.requests, world.complete) = (requests, Some(complete));
            world.count();
        }
        world.labels = self.window.labels.clone();
        let mut linked = link(plan, world, learned, watch)?;
        lean.shift(&linked.clocks);
        linked.world.far.append(&mut lean.narrow(plan));
        watch(Stage::Scene)?;
        let mut judged = Vec::new();
        if linked.failing.is_empty() {
            watch(Stage::Sums)?;
            let scene = Scene::to_count(plan, &linked.world, &linked.peers);
            self.sums.add(&scene, &lean, horizon, &self.tails);
        } else {
            // Nobody asks for these once they are in the scene.
            let scene = linked.scene_beside(plan, &lean.served(plan));
            watch(Stage::Causes)?;
            judged = linked.judge(&scene);
            watch(Stage::Sums)?;
            self.sums.add(&scene, &lean, horizon, &self.tails);
        }
        Ok((linked, judged, lean))
    }

    /// Judges the last rows: all that is settled, and the verdicts.
    pub fn last<E>(
        &mut self,
        cut: Cut,
        watch: &mut dyn FnMut(Stage) -> Result<(), E>,
    ) -> Result<(Linked, Vec<Judged>), E> {
        self.window.bring_back();
        let (mut linked, mut judged, lean) = self.view(cut, Horizon::END, watch)?;
        if !self.has_sliced {
            linked.aside = lean.served(self.plan);
            self.archive.thin_all(&mut linked, &mut judged);
            return Ok((linked, judged));
        }
        let staying = self.window.staying(&linked.world, Horizon::END, self.floor);
        let Linked { world, clocks, peers, failing, joins, chains, .. } = linked;
        let now = Settling::new(&world, (failing, joins, chains), judged);
        self.archive.absorb(&world, now, Horizon::END, &staying, true);
        drop(world);
        Ok(self.archive.take_out(clocks, peers, std::mem::take(&mut self.window.labels)))
    }

    /// Judges rows by themselves, knowing this of clocks and servers: the failures among them and what these name, and what was
    /// counted and learned. What is settled is looked at, and not counted.
    pub fn share(plan: &'p Plan, cut: Cut, learned: Learned) -> (Archive, Sums, Peers) {
        let mut judging = Judging { has_sliced: learned.clocks.is_some(), learned, ..Judging::new(plan) };
        let Ok((linked, judged, _)) = judging.view(cut, Horizon::END, &mut |_| Ok::<(), Infallible>(()));
        let Linked { world, peers, failing, joins, chains, .. } = linked;
        let now = Settling::new(&world, (failing, joins, chains), judged);
        judging.archive.absorb(&world, now, Horizon::END, &Staying::of(&world, false), false);
        (judging.archive, judging.sums, peers)
    }

    /// Lets go of what is settled and ended before a moment.
    pub fn forget(&mut self, before: i64) {
        self.floor = self.floor.max(before.min(self.horizon));
        self.archive.forget(self.floor);
    }

    /// Something of what is settled so far.
    pub fn so_far<T>(&mut self, tell: impl FnOnce(&Sums, &Linked, &[Judged]) -> T) -> T {
        let Learned { clocks, peers } = std::mem::take(&mut self.learned);
        let is_known = clocks.is_some();
        let clocks = clocks.unwrap_or_else(|| clock::fit_all(self.plan, &World::default(), None));
        let (linked, judged) = self.archive.take_out(clocks, peers, self.window.labels.clone());
        let told = tell(&self.sums, &linked, &judged);
        let (clocks, peers) = self.archive.put_back(linked, judged);
        self.learned = Learned { clocks: is_known.then_some(clocks), peers };
        told
    }
}

/// When the first of the [last](CROWD) settled failures ended, in the order of ends.
fn crowded(failing: &[Failing], horizon: Horizon) -> i64 {
    let settled = failing.partition_point(|f| f.end_ns <= horizon.0);
    let first = settled.checked_sub(CROWD).map_or(i64::MIN, |n| failing[n].end_ns);
    first.min(horizon.0.saturating_sub(CROWD_AROUND))
}

//! Everything that a replica does to the world passes through its gate: calls and accesses to the
//! store. There it can be killed, put to sleep and cut off, at any point before or after each of them.

use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::watch;

/// How long whoever is cut off waits before the failure shows.
pub const CUT_OFF_AFTER: Duration = Duration::from_secs(3);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Awake,
    /// As a process that is stopped, or on a host that hangs.
    Asleep,
    Dead,
}

/// What is on the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Store,
    /// The one item of the store that is the lease.
    Lease,
    Aws,
}

#[derive(Debug)]
pub struct Gate {
    state: watch::Sender<State>,
    cut_off: Mutex<Vec<Side>>,
    points: Mutex<Points>,
}

#[derive(Debug, Default)]
struct Points {
    passed: Vec<String>,
    /// What befalls it at the point after so many others.
    fate: Option<(usize, Fate)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Dies,
    SleepsFor(Duration),
}

impl Gate {
    pub fn new() -> Self {
        Self {
            state: watch::Sender::new(State::Awake),
            cut_off: Mutex::default(),
            points: Mutex::default(),
        }
    }

    /// That befalls it at the point after so many others.
    pub fn fate(self, after: usize, fate: Fate) -> Self {
        self.points.lock().unwrap().fate = Some((after, fate));
        self
    }

    pub fn set(&self, state: State) {
        self.state.send_replace(state);
    }

    pub fn is(&self, state: State) -> bool {
        *self.state.borrow() == state
    }

    pub fn cut_off(&self, side: Side) {
        self.cut_off.lock().unwrap().push(side);
    }

    pub fn reconnect(&self) {
        self.cut_off.lock().unwrap().clear();
    }

    /// What it has passed, in order.
    pub fn passed(&self) -> Vec<String> {
        self.points.lock().unwrap().passed.clone()
    }

    /// Waits while the replica sleeps, and for ever once it is dead.
    pub async fn awake(&self) {
        let _ = self.state.subscribe().wait_for(|state| *state == State::Awake).await;
    }

    /// Waits until it is no longer awake.
    pub async fn asleep(&self) {
        let _ = self.state.subscribe().wait_for(|state| *state != State::Awake).await;
    }

    fn pass(&self, what: &str) -> Option<Fate> {
        let mut points = self.points.lock().unwrap();
        let number = points.passed.len();
        if !self.is(State::Dead) {
            points.passed.push(what.to_owned());
        }
        points.fate.take_if(|(after, _)| *after == number).map(|(_, fate)| fate)
    }

    /// A point between two effects. Whether the other side can be reached there.
    pub async fn point(&self, side: Side, what: &str) -> bool {
        match self.pass(what) {
            None => {}
            Some(Fate::Dies) => self.set(State::Dead),
            Some(Fate::SleepsFor(time)) => {
                self.set(State::Asleep);
                tokio::time::sleep(time).await;
                if self.is(State::Asleep) {
                    self.set(State::Awake);
                }
            }
        }
        self.awake().await;
        let cut_off = self.cut_off.lock().unwrap();
        let whole = side == Side::Lease && cut_off.contains(&Side::Store);
        !whole && !cut_off.contains(&side)
    }
}

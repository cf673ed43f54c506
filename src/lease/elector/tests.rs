//! Two replicas, one lease, and a clock that only goes forward.

use super::*;

const LASTS: Duration = Duration::from_secs(20);

fn wall() -> Time {
    Time::from_timestamp(1_800_000_000, 0).unwrap()
}

struct Room {
    begun: Instant,
    lease: Option<Lease>,
}

impl Room {
    fn new() -> Self {
        Self { begun: Instant::now(), lease: None }
    }

    fn at(&self, seconds: f64) -> Instant {
        self.begun + Duration::from_secs_f64(seconds)
    }

    fn replica(&self, name: &str) -> Elector {
        Elector::new(name.into(), LASTS, self.begun)
    }

    /// Lets a replica do what it wants to do at that second, if it wants anything by then.
    fn step(&mut self, elector: &mut Elector, seconds: f64) {
        let now = self.at(seconds);
        let next = elector.next(wall());
        if next.at > now {
            return;
        }
        match next.what {
            What::Read => elector.read(self.lease.clone(), now),
            What::Replace { expected, next } => {
                let done = self.lease == expected;
                if done {
                    self.lease = Some(next.clone());
                }
                elector.replaced(next, now, done, now);
            }
        }
    }

    /// Lets them do so every tenth of a second. Never do two of them hold it.
    fn play(&mut self, electors: &mut [Elector], from: f64, to: f64) {
        let mut tenth = (from * 10.0) as u32;
        while f64::from(tenth) < to * 10.0 {
            let now = f64::from(tenth) / 10.0;
            for elector in electors.iter_mut() {
                self.step(elector, now);
            }
            let holders = electors.iter().filter(|one| holds(one, self.at(now))).count();
            assert!(holders <= 1, "at {now} s");
            tenth += 1;
        }
    }
}

fn holds(elector: &Elector, now: Instant) -> bool {
    elector.held_until().is_some_and(|until| until > now)
}

#[test]
fn the_first_one_holds_what_nobody_ever_held() {
    let mut room = Room::new();
    let mut one = [room.replica("a")];
    room.play(&mut one, 0.0, 1.0);
    assert!(holds(&one[0], room.at(1.0)));
    let lease = room.lease.as_ref().unwrap();
    assert_eq!((lease.holder.as_deref(), lease.transitions), (Some("a"), 0));
}

#[test]
fn it_is_renewed_every_third_of_its_duration() {
    let mut room = Room::new();
    let mut one = [room.replica("a")];
    room.play(&mut one, 0.0, 60.0);
    // The claim, and one renewal each 6.7 seconds.
    assert_eq!(room.lease.as_ref().unwrap().revision, 8);
}

#[test]
fn another_takes_over_when_it_has_stayed_unchanged_for_longer_than_it_lasts() {
    let mut room = Room::new();
    let mut two = [room.replica("a"), room.replica("b")];
    room.play(&mut two, 0.0, 60.0);
    // The first one is killed.
    let renewed = room.lease.clone();
    let mut second = [two[1].clone()];
    // It had renewed it at 53.6 s.
    room.play(&mut second, 60.0, 73.6);
    assert_eq!(room.lease, renewed, "nobody takes what may still be held");
    room.play(&mut second, 73.6, 76.0);
    assert!(holds(&second[0], room.at(76.0)));
    assert_eq!(room.lease.as_ref().unwrap().transitions, 1);
}

#[test]
fn what_was_given_up_is_taken_within_two_seconds() {
    let mut room = Room::new();
    let mut two = [room.replica("a"), room.replica("b")];
    room.play(&mut two, 0.0, 30.0);
    let (expected, next) = two[0].vacated(wall()).unwrap();
    assert_eq!(room.lease.as_ref(), Some(&expected));
    room.lease = Some(next);
    let mut second = [two[1].clone()];
    room.play(&mut second, 30.0, 31.5);
    assert!(holds(&second[0], room.at(31.5)));
    assert_eq!(two[1].vacated(wall()), None, "who does not hold it has nothing to give up");
}

#[test]
fn who_slept_through_its_end_holds_nothing_and_takes_nothing_away() {
    let mut room = Room::new();
    let mut two = [room.replica("a"), room.replica("b")];
    room.play(&mut two, 0.0, 30.0);
    let mut second = [two[1].clone()];
    room.play(&mut second, 30.0, 200.0);
    // The first one wakes up, and tries to renew what is another's by now.
    assert!(!holds(&two[0], room.at(200.0)));
    two[1] = second[0].clone();
    room.play(&mut two, 200.0, 300.0);
    assert!(!holds(&two[0], room.at(300.0)));
    assert!(holds(&two[1], room.at(300.0)));
}

#[test]
fn a_write_whose_reply_was_lost_is_recognised_and_counts_from_when_it_was_sent() {
    let mut room = Room::new();
    let mut one = room.replica("a");
    room.step(&mut one, 0.0);
    let What::Replace { next, .. } = one.next(wall()).what else { panic!("nothing to claim") };
    room.lease = Some(next.clone());
    one.failed(Some((next, room.at(0.0))), room.at(5.0));
    assert_eq!(one.next(wall()).what, What::Read);
    one.read(room.lease.clone(), room.at(7.0));
    assert_eq!(one.held_until(), Some(room.at(20.0)));
}

#[test]
fn who_cannot_reach_the_store_holds_it_no_longer_than_it_lasts() {
    let mut room = Room::new();
    let mut one = room.replica("a");
    for tenth in 0..10 {
        room.step(&mut one, f64::from(tenth) / 10.0);
    }
    let until = one.held_until().unwrap();
    for second in 1..40 {
        one.failed(None, room.at(f64::from(second)));
        assert_eq!(one.held_until(), Some(until));
    }
    assert!(!holds(&one, until));
}

#[test]
fn clocks_of_the_wall_do_not_matter() {
    let mut room = Room::new();
    let mut two = [room.replica("a"), room.replica("b")];
    room.play(&mut two, 0.0, 10.0);
    // As if the holder's clock were a year ahead, or behind.
    for renewed_at in [Time::MAX_UTC, Time::MIN_UTC] {
        let lease = Lease { renewed_at, acquired_at: renewed_at, ..room.lease.clone().unwrap() };
        two[1].read(Some(lease), room.at(10.0));
        assert_eq!(two[1].next(wall()).what, What::Read);
    }
}

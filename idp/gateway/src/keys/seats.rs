//! Seats before something slow: few at once, a few more wait for a while, everybody else is turned away.

use std::ops::{Deref, DerefMut};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How many may wait for each seat there is.
const QUEUE: usize = 8;

/// A bounded number of seats, each opened when it is first needed.
pub(super) struct Seats<S> {
    most: usize,
    patience: Duration,
    room: Mutex<Room<S>>,
    freed: Condvar,
}

struct Room<S> {
    idle: Vec<S>,
    open: usize,
    waiting: usize,
}

/// All seats are taken, and enough wait already or waited for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Full;

impl<S> Seats<S> {
    /// `most` seats; whoever finds none waits for `patience`.
    pub(super) fn new(most: usize, patience: Duration) -> Self {
        let room = Mutex::new(Room { idle: Vec::new(), open: 0, waiting: 0 });
        Self { most, patience, room, freed: Condvar::new() }
    }

    /// A free seat, or one that `open` makes while there may be more; else waits.
    pub(super) fn sit<E: From<Full>>(&self, open: impl FnOnce() -> Result<S, E>) -> Result<Chair<'_, S>, E> {
        let mut room = self.room();
        if room.is_full(self.most) {
            if room.waiting >= self.most * QUEUE {
                return Err(Full.into());
            }
            room.waiting += 1;
            let waited = self.freed.wait_timeout_while(room, self.patience, |room| room.is_full(self.most));
            room = waited.unwrap_or_else(PoisonError::into_inner).0;
            room.waiting -= 1;
            if room.is_full(self.most) {
                return Err(Full.into());
            }
        }
        match room.idle.pop() {
            Some(seat) => Ok(Chair { seats: self, seat: Some(seat) }),
            None => self.open(room, open),
        }
    }

    /// A new seat, in place of all that are free: what made one of them useless may have made all so.
    pub(super) fn sit_anew<E: From<Full>>(&self, open: impl FnOnce() -> Result<S, E>) -> Result<Chair<'_, S>, E> {
        let stale = std::mem::take(&mut self.room().idle);
        let closed = stale.len();
        // Closing one may take as long as whatever is behind it likes: others are turned away in time meanwhile. Until it
        // is done the seats count as open.
        drop(stale);
        let mut room = self.room();
        room.open -= closed;
        self.freed.notify_all();
        if room.open >= self.most {
            return Err(Full.into());
        }
        self.open(room, open)
    }

    fn open<E>(
        &self,
        mut room: MutexGuard<'_, Room<S>>,
        open: impl FnOnce() -> Result<S, E>,
    ) -> Result<Chair<'_, S>, E> {
        room.open += 1;
        drop(room);
        // From here on the chair gives its place back, whatever happens.
        let mut chair = Chair { seats: self, seat: None };
        chair.seat = Some(open()?);
        Ok(chair)
    }

    /// Held for a few moves only; a poisoned lock still holds whole seats.
    fn room(&self) -> MutexGuard<'_, Room<S>> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S> Room<S> {
    fn is_full(&self, most: usize) -> bool {
        self.idle.is_empty() && self.open >= most
    }
}

/// A seat in use, given back when dropped.
pub(super) struct Chair<'a, S> {
    seats: &'a Seats<S>,
    seat: Option<S>,
}

impl<S> Chair<'_, S> {
    /// Gives the seat up instead of giving it back.
    pub(super) fn leave(mut self) {
        self.seat = None;
    }
}

impl<S> Deref for Chair<'_, S> {
    type Target = S;

    fn deref(&self) -> &S {
        self.seat.as_ref().expect("a chair is handed out with its seat, and loses it when it is consumed")
    }
}

impl<S> DerefMut for Chair<'_, S> {
    fn deref_mut(&mut self) -> &mut S {
        self.seat.as_mut().expect("a chair is handed out with its seat, and loses it when it is consumed")
    }
}

impl<S> Drop for Chair<'_, S> {
    fn drop(&mut self) {
        let mut room = self.seats.room();
        match self.seat.take() {
            Some(seat) => room.idle.push(seat),
            None => room.open -= 1,
        }
        drop(room);
        self.seats.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use super::*;

    #[derive(Debug, PartialEq)]
    enum Refused {
        Full,
        Broken,
    }

    impl From<Full> for Refused {
        fn from(Full: Full) -> Self {
            Self::Full
        }
    }

    fn seats(most: usize, patience: Duration) -> Seats<usize> {
        Seats::new(most, patience)
    }

    #[test]
    fn a_seat_is_used_again_and_no_more_are_opened_than_there_may_be() {
        let (seats, opened) = (seats(2, Duration::from_mins(1)), AtomicUsize::new(0));
        let (in_use, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..12 {
                scope.spawn(|| {
                    let chair = seats.sit(|| Ok::<_, Refused>(opened.fetch_add(1, Ordering::SeqCst)));
                    let chair = chair.expect("a seat in the end");
                    most.fetch_max(in_use.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::yield_now();
                    in_use.fetch_sub(1, Ordering::SeqCst);
                    drop(chair);
                });
            }
        });
        assert!(opened.load(Ordering::SeqCst) <= 2 && most.load(Ordering::SeqCst) <= 2);
    }

    #[test]
    fn whoever_waits_for_too_long_or_comes_when_enough_wait_is_turned_away() {
        let impatient = seats(1, Duration::ZERO);
        let _held = impatient.sit(|| Ok::<_, Refused>(0)).expect("the first");
        assert_eq!(impatient.sit(|| Ok(1)).err(), Some(Refused::Full));

        let patient = seats(1, Duration::from_mins(1));
        let held = patient.sit(|| Ok::<_, Refused>(0)).expect("the first");
        std::thread::scope(|scope| {
            for _ in 0..QUEUE {
                scope.spawn(|| patient.sit(|| Ok::<_, Refused>(1)).map(|chair| *chair).expect("waited for"));
            }
            while patient.room().waiting < QUEUE {
                std::thread::yield_now();
            }
            assert_eq!(patient.sit(|| Ok(2)).err(), Some(Refused::Full), "one more than may wait");
            drop(held);
        });
    }

    /// A seat that says when it is being closed, and is not before it may be.
    struct Slow(mpsc::Sender<()>, mpsc::Receiver<()>);

    impl Drop for Slow {
        fn drop(&mut self) {
            let _gone = self.0.send(());
            let _gone = self.1.recv();
        }
    }

    #[test]
    fn a_seat_that_takes_long_to_close_holds_nobody_up() {
        let seats = Seats::new(1, Duration::ZERO);
        let ((closing, closes), (close, may_close)) = (mpsc::channel(), mpsc::channel());
        drop(seats.sit(|| Ok::<_, Refused>(Some(Slow(closing, may_close)))).expect("opened"));
        std::thread::scope(|scope| {
            let anew = scope.spawn(|| seats.sit_anew(|| Ok::<_, Refused>(None)).map(|chair| chair.is_none()));
            closes.recv().expect("the stale one is being closed");
            let (told, answer) = mpsc::channel();
            let seats = &seats;
            scope.spawn(move || told.send(seats.sit(|| Ok(None)).err()));
            let turned_away = answer.recv_timeout(Duration::from_secs(20));
            close.send(()).expect("it waits");
            assert_eq!(turned_away, Ok(Some(Refused::Full)), "at once, not when the other is closed");
            assert_eq!(anew.join().expect("no panic"), Ok(true));
        });
    }

    #[test]
    fn a_seat_that_could_not_be_opened_or_was_given_up_leaves_its_place() {
        let seats = seats(1, Duration::ZERO);
        for _ in 0..3 {
            assert_eq!(seats.sit(|| Err(Refused::Broken)).err(), Some(Refused::Broken));
        }
        seats.sit(|| Ok::<_, Refused>(1)).expect("opened").leave();
        drop(seats.sit(|| Ok::<_, Refused>(2)).expect("opened"));
        assert_eq!(*seats.sit(|| Ok::<_, Refused>(3)).expect("free"), 2);
        assert_eq!(*seats.sit_anew(|| Ok::<_, Refused>(4)).expect("in its place"), 4);
        assert_eq!(*seats.sit(|| Ok::<_, Refused>(5)).expect("free"), 4, "the stale one is gone");
        let _held = seats.sit(|| Ok::<_, Refused>(6)).expect("free");
        assert_eq!(seats.sit_anew(|| Ok(7)).err(), Some(Refused::Full));
    }
}

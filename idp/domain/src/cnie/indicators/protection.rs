//! Small numbers are not published: where few persons were certified, a neighbour knows who.
//!
//! A cell of one to four persons is withheld. Where the sum over all cells is published, one withheld cell could be
//! computed from the others: the next smallest ones are withheld with it, until at least two are and together they hold
//! five persons (the rules of primary and secondary suppression of official statistics). Zero says nothing of anybody.

/// The smallest number of persons that is told.
pub const SMALLEST: u64 = 5;

/// A number of persons, as far as it may be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// It may.
    Shown(u64),
    /// It may not.
    Withheld,
}

impl Cell {
    /// A number that stands in no sum.
    pub const fn alone(number: u64) -> Self {
        if is_small(number) { Self::Withheld } else { Self::Shown(number) }
    }

    /// The number, where it may be told.
    pub const fn shown(self) -> Option<u64> {
        match self {
            Self::Shown(number) => Some(number),
            Self::Withheld => None,
        }
    }
}

const fn is_small(number: u64) -> bool {
    number > 0 && number < SMALLEST
}

/// The cells of numbers whose sum is published too.
pub fn protect(numbers: &[u64]) -> Vec<Cell> {
    let mut withheld: Vec<bool> = numbers.iter().map(|number| is_small(*number)).collect();
    let mut others: Vec<usize> = (0..numbers.len()).filter(|at| numbers[*at] >= SMALLEST).collect();
    others.sort_by_key(|at| (numbers[*at], *at));
    for at in others {
        let (cells, persons) = numbers
            .iter()
            .zip(&withheld)
            .filter(|(_, held)| **held)
            .fold((0_usize, 0_u64), |(cells, persons), (number, _)| (cells + 1, persons.saturating_add(*number)));
        if cells == 0 || (cells >= 2 && persons >= SMALLEST) {
            break;
        }
        withheld[at] = true;
    }
    let cell = |(number, held): (&u64, &bool)| if *held { Cell::Withheld } else { Cell::Shown(*number) };
    numbers.iter().zip(&withheld).map(cell).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Cell::{Shown, Withheld};
    use super::*;

    #[test]
    fn a_small_number_is_not_told_and_neither_is_one_that_would_give_it_away() {
        assert_eq!(protect(&[]), []);
        assert_eq!(protect(&[0, 5, 100]), [Shown(0), Shown(5), Shown(100)]);
        assert_eq!(protect(&[4, 50, 100]), [Withheld, Withheld, Shown(100)]);
        assert_eq!(protect(&[1, 100, 50, 2]), [Withheld, Shown(100), Withheld, Withheld], "three are few still");
        assert_eq!(protect(&[2, 100, 4]), [Withheld, Shown(100), Withheld]);
        assert_eq!(protect(&[3]), [Withheld], "there is nothing to hide it behind but its sum");
        assert_eq!((Cell::alone(4), Cell::alone(5), Cell::alone(0)), (Withheld, Shown(5), Shown(0)));
    }

    proptest! {
        #[test]
        fn what_is_withheld_cannot_be_computed_from_the_sum(numbers in prop::collection::vec(0_u64..40, 0..12)) {
            let cells = protect(&numbers);
            for (cell, number) in cells.iter().zip(&numbers) {
                prop_assert!(*cell != Shown(*number) || *number == 0 || *number >= SMALLEST);
                prop_assert!(*cell == Withheld || *cell == Shown(*number));
            }
            let held: Vec<u64> = cells.iter().zip(&numbers).filter(|(cell, _)| **cell == Withheld).map(|(_, n)| *n).collect();
            let large = numbers.iter().filter(|number| **number >= SMALLEST).count();
            if !held.is_empty() && large > 0 && numbers.iter().filter(|number| **number > 0).count() > 1 {
                prop_assert!(held.len() >= 2 && held.iter().sum::<u64>() >= SMALLEST, "{cells:?}");
            }
        }
    }
}

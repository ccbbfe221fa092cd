//! Column charts, for values over many days: one column a day, as [`chart`](super::chart) draws bars. A line marks the
//! greatest value, and the ends are named below.

use super::indicators::in_groups;

/// Width of a chart, in its own units.
const WIDTH: u32 = 640;
/// The height of the tallest column.
const TALLEST: u32 = 150;
/// Above the columns: the greatest value.
const ABOVE: u32 = 24;
/// Below them: the ends.
const BELOW: u32 = 26;

/// A chart of columns.
#[expect(clippy::struct_field_names, reason = "the columns of columns are what they are called")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Columns {
    /// What tells it apart on the page.
    pub(crate) id: &'static str,
    /// Its title, for those who do not see it.
    pub(crate) title: &'static str,
    /// What is drawn.
    pub(crate) about: &'static str,
    /// Its columns, from the left.
    pub(crate) columns: Vec<Column>,
    /// The greatest value, in words.
    pub(crate) greatest: String,
    /// What stands below the first column.
    pub(crate) first: String,
    /// What stands below the last one.
    pub(crate) last: String,
}

/// A column: a part of a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Column {
    /// Its left edge.
    pub(crate) left: u32,
    /// The height of the whole.
    pub(crate) whole: u32,
    /// The height of the part.
    pub(crate) part: u32,
}

impl Columns {
    /// The chart of these values, whole and part, with the names of its two ends.
    pub(crate) fn of(
        (id, title, about): (&'static str, &'static str, &'static str),
        values: Vec<(u64, u64)>,
        (first, last): (String, String),
    ) -> Self {
        let greatest = values.iter().map(|(whole, part)| *whole.max(part)).max().unwrap_or_default();
        let step = WIDTH / u32::try_from(values.len().max(1)).unwrap_or(WIDTH);
        let column = |(at, (whole, part)): (u32, (u64, u64))| Column {
            left: at * step,
            whole: height(whole, greatest),
            part: height(part, greatest),
        };
        let columns = (0..).zip(values).map(column).collect();
        Self { id, title, about, columns, greatest: in_groups(greatest), first, last }
    }

    /// Its width.
    #[expect(clippy::unused_self, reason = "templates reach constants through a value")]
    pub(super) const fn width(&self) -> u32 {
        WIDTH
    }

    /// Its height.
    #[expect(clippy::unused_self, reason = "templates reach constants through a value")]
    pub(super) const fn height(&self) -> u32 {
        ABOVE + TALLEST + BELOW
    }

    /// The line that the columns stand on.
    #[expect(clippy::unused_self, reason = "templates reach constants through a value")]
    pub(super) const fn ground(&self) -> u32 {
        ABOVE + TALLEST
    }

    /// The line of the greatest value.
    #[expect(clippy::unused_self, reason = "templates reach constants through a value")]
    pub(super) const fn ceiling(&self) -> u32 {
        ABOVE
    }

    /// How thick columns are: a unit stands between two.
    pub(super) fn thick(&self) -> u32 {
        (WIDTH / u32::try_from(self.columns.len().max(1)).unwrap_or(WIDTH)).saturating_sub(1).max(1)
    }
}

impl Column {
    /// The upper edge of the whole.
    pub(super) const fn whole_top(&self) -> u32 {
        ABOVE + TALLEST - self.whole
    }

    /// The upper edge of the part.
    pub(super) const fn part_top(&self) -> u32 {
        ABOVE + TALLEST - self.part
    }
}

/// The height of a value's column: nothing for nothing, and never nothing for something.
fn height(value: u64, greatest: u64) -> u32 {
    if value == 0 || greatest == 0 {
        return 0;
    }
    let height = u128::from(value) * u128::from(TALLEST) / u128::from(greatest);
    u32::try_from(height).unwrap_or(TALLEST).clamp(1, TALLEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_tall_as_their_values_are_great_and_stand_side_by_side() {
        let of = |values: Vec<(u64, u64)>| Columns::of(("c", "t", "a"), values, ("one".into(), "two".into()));
        let chart = of(vec![(10, 5), (0, 0), (1, 0), (1, 20)]);
        let drawn: Vec<_> = chart.columns.iter().map(|column| (column.left, column.whole, column.part)).collect();
        assert_eq!(drawn, [(0, 75, 37), (160, 0, 0), (320, 7, 0), (480, 7, 150)]);
        assert_eq!((chart.greatest.as_str(), chart.thick(), chart.columns[0].whole_top()), ("20", 159, ABOVE + 75));
        assert_eq!(height(1, 1_000_000), 1, "little is not nothing");
        let long = of(vec![(1, 1); 90]);
        assert!(long.columns.last().is_some_and(|last| last.left + long.thick() <= WIDTH), "the last is on the chart");
        assert_eq!(of(Vec::new()).columns, []);
        assert_eq!(of(vec![(0, 0); 2]).columns[1].whole, 0);
    }
}

//! Bar charts, drawn here: a template writes them (`chart.html`), which escapes every text. No script, no style of its own:
//! colours come from the style sheet, in light and dark. Beside each chart the page holds the same figures as a table.

/// Width of a chart, in its own units: those of the style sheet's pixels on a wide screen.
const WIDTH: u32 = 640;
/// Where bars begin: names stand left of it.
const LEFT: u32 = 210;
/// The length of the longest bar: the value stands right of it.
const LONGEST: u32 = 300;
/// From one row to the next.
const ROW: u32 = 30;
/// How thick a bar is.
const THICK: u32 = 20;

/// A chart of horizontal bars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chart {
    /// What tells it apart on the page.
    pub(crate) id: &'static str,
    /// Its title, for those who do not see it.
    pub(crate) title: &'static str,
    /// What is drawn.
    pub(crate) about: &'static str,
    /// Its bars, from the top.
    pub(crate) bars: Vec<Bar>,
}

/// A row of a chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bar {
    /// Its name.
    pub(crate) name: String,
    /// Its value in words.
    pub(crate) value: String,
    /// The middle of the row.
    pub(crate) middle: u32,
    /// The upper edge of the bar.
    pub(crate) top: u32,
    /// The length of the whole, behind the part.
    pub(crate) whole: u32,
    /// The length of the part.
    pub(crate) part: u32,
}

/// What a row shows: a part of a whole; both the same where there is no part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Its name.
    pub(crate) name: String,
    /// Its value in words.
    pub(crate) value: String,
    /// The whole.
    pub(crate) whole: u64,
    /// The part.
    pub(crate) part: u64,
}

impl Chart {
    /// The chart of these rows: the longest bar is the greatest value.
    pub(crate) fn of(id: &'static str, title: &'static str, about: &'static str, rows: Vec<Shown>) -> Self {
        let greatest = rows.iter().map(|row| row.whole.max(row.part)).max().unwrap_or_default();
        let bar = |(at, row): (u32, Shown)| {
            let top = at * ROW + (ROW - THICK) / 2;
            Bar {
                middle: at * ROW + ROW / 2,
                top,
                whole: length(row.whole, greatest),
                part: length(row.part, greatest),
                name: row.name,
                value: row.value,
            }
        };
        Self { id, title, about, bars: (0..).zip(rows).map(bar).collect() }
    }

    /// Its width.
    #[expect(clippy::unused_self, reason = "templates reach constants through a value")]
    pub(super) const fn width(&self) -> u32 {
        WIDTH
    }

    /// Its height.
    pub(super) fn height(&self) -> u32 {
        u32::try_from(self.bars.len()).unwrap_or(u32::MAX).saturating_mul(ROW).max(ROW)
    }

    /// Where bars begin.
    #[expect(clippy::unused_self, reason = "templates reach constants through a value")]
    pub(super) const fn left(&self) -> u32 {
        LEFT
    }

    /// How thick bars are.
    #[expect(clippy::unused_self, reason = "templates reach constants through a value")]
    pub(super) const fn thick(&self) -> u32 {
        THICK
    }
}

impl Bar {
    /// Where the value stands: behind the bar.
    pub(super) fn end(&self) -> u32 {
        LEFT + self.whole.max(self.part) + 8
    }
}

/// The length of a value's bar: nothing for nothing, and never nothing for something.
fn length(value: u64, greatest: u64) -> u32 {
    if value == 0 || greatest == 0 {
        return 0;
    }
    let length = u128::from(value) * u128::from(LONGEST) / u128::from(greatest);
    u32::try_from(length).unwrap_or(LONGEST).clamp(1, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_their_values_are_great() {
        assert_eq!(length(0, 0), 0);
        assert_eq!(length(0, 10), 0);
        assert_eq!(length(10, 10), LONGEST);
        assert_eq!(length(5, 10), LONGEST / 2);
        assert_eq!(length(1, 1_000_000), 1, "little is not nothing");
        assert_eq!(length(u64::MAX, u64::MAX), LONGEST);
        let row = |whole, part| Shown { name: String::new(), value: String::new(), whole, part };
        let chart = Chart::of("c", "t", "a", vec![row(4, 1), row(0, 0), row(8, 8)]);
        let drawn: Vec<_> = chart.bars.iter().map(|bar| (bar.top, bar.whole, bar.part)).collect();
        assert_eq!(drawn, [(5, 150, 37), (35, 0, 0), (65, 300, 300)]);
        assert_eq!((chart.height(), chart.bars[2].end()), (90, LEFT + 308));
        assert_eq!(Chart::of("c", "t", "a", vec![]).height(), ROW, "an empty one is still drawn");
    }
}

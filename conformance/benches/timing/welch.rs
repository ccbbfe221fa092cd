//! Welch's t-test over two samples of times, cropped.

/// Above this the two samples are of different distributions, for all practical purposes (dudect).
const BOUND: f64 = 4.5;
/// Percentiles that the times are cropped at.
const CROPS: u32 = 100;
/// The fewest times of each kind that a test is run over.
const FEWEST: u64 = 1_000;

/// What was found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    /// The t with the largest absolute value.
    pub(crate) t: f64,
    /// The difference of the medians, second less first, in nanoseconds.
    pub(crate) difference: f64,
    /// The median of the first, in nanoseconds.
    pub(crate) median: f64,
}

impl Found {
    /// Whether the two kinds can be told apart.
    pub(crate) fn shows(&self) -> bool {
        self.t.abs() > BOUND
    }
}

/// Mean and variance, one value at a time (Welford).
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    count: u64,
    mean: f64,
    squares: f64,
}

impl Moments {
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    fn push(&mut self, value: f64) {
        self.count += 1;
        let off = value - self.mean;
        self.mean += off / self.count as f64;
        self.squares += off * (value - self.mean);
    }

    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    fn of_mean(&self) -> f64 {
        let count = self.count as f64;
        self.squares / (count - 1.0) / count
    }
}

/// Compares the times of two kinds of request, in nanoseconds.
pub(crate) fn compare(first: &[f64], second: &[f64]) -> Found {
    let mut all: Vec<f64> = first.iter().chain(second).copied().collect();
    all.sort_by(f64::total_cmp);
    let largest = (0..=CROPS)
        .filter_map(|step| t(first, second, bound(&all, step)))
        .max_by(|one, other| one.abs().total_cmp(&other.abs()));
    let (one, other) = (median(first), median(second));
    Found { t: largest.unwrap_or(0.0), difference: other - one, median: one }
}

/// The bound of a crop: percentiles lie closer together towards the end, as dudect lays them; the first crops nothing.
fn bound(sorted: &[f64], step: u32) -> f64 {
    let share = if step == 0 { 1.0 } else { 1.0 - 0.5_f64.powf(10.0 * f64::from(step) / f64::from(CROPS)) };
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a count"
    )]
    let place = (share * (sorted.len() as f64 - 1.0)) as usize;
    sorted.get(place).copied().unwrap_or(f64::INFINITY)
}

fn t(first: &[f64], second: &[f64], bound: f64) -> Option<f64> {
    let moments = |times: &[f64]| {
        let mut moments = Moments::default();
        times.iter().filter(|time| **time <= bound).for_each(|time| moments.push(*time));
        moments
    };
    let (first, second) = (moments(first), moments(second));
    if first.count < FEWEST || second.count < FEWEST {
        return None;
    }
    Some((first.mean - second.mean) / (first.of_mean() + second.of_mean()).sqrt())
}

fn median(times: &[f64]) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

//! How many cards one core judges in a second: `cargo bench -p chip --bench passive`.
//!
//! The scene is the one of the fuzz targets: an authority with RSA of 3072 bits, and document signers with RSA of 2048 bits
//! and on brainpoolP512r1, the slowest curve of the list. A signer is judged anew (cold), or known from the card before.
//!
//! It fails when two cores would do fewer than 100 a second cold, or 500 with a known signer, or when a card costs more than 50
//! ms: all of the processor time of one thread, so that what others do on the machine does not count.

#![expect(clippy::disallowed_methods, reason = "time is what it measures")]

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use chip::certificate::Certificate;
use chip::lds::Group;
use chip::moment::Moment;
use chip::passive::{Files, Policy, Unread, authenticate};
use chip::profile::Profile;
use chip::trust::{KnownSigners, RevocationList, Rules, TrustStore};

/// 2026-11-22.
const AT: Moment = Moment(1_795_305_600);
const FOR: Duration = Duration::from_secs(3);

/// Milliseconds that a card may cost.
const MOST: f64 = 50.0;

/// Processor time of this thread, from the kernel.
fn spent() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells it");
    Duration::from_nanos(told.split(' ').next().and_then(|nanos| nanos.parse().ok()).expect("nanoseconds"))
}

fn main() -> ExitCode {
    let mut all = true;
    let root = Certificate::read(include_bytes!("../fuzz/scene/root.der")).expect("a root");
    let list = RevocationList::read(include_bytes!("../fuzz/scene/list.der")).expect("a list");
    let store = TrustStore::new(&BTreeSet::from([root.fingerprint()]), [root], [list]).expect("a store");
    let groups: [(u8, &[u8]); 3] = [
        (1, include_bytes!("../fuzz/scene/dg1")),
        (2, include_bytes!("../fuzz/scene/dg2")),
        (14, include_bytes!("../fuzz/scene/dg14")),
    ];
    let groups = groups.map(|(number, file)| (Group::new(number).expect("a group"), file));
    let policy = Policy { rules: Rules { profile: Profile::Cnie, grace: 0 }, unread: Unread::default() };
    let signers: [(&str, &[u8]); 2] = [
        ("RSA 2048", include_bytes!("../fuzz/seeds/sod/rsa")),
        ("brainpoolP512r1", include_bytes!("../fuzz/seeds/sod/brainpool")),
    ];
    for (name, sod) in signers {
        let files = Files { sod, groups: &groups };
        let judge = |known: &KnownSigners| authenticate(files, &store, known, &policy, AT).outcome.expect("genuine");
        let mut known = KnownSigners::default();
        known.keep(judge(&known).signer().clone());
        for (state, known, aim) in [("cold", &KnownSigners::default(), 100.0), ("known", &known, 500.0)] {
            let (clock, begun, mut judged) = (Instant::now(), spent(), 0_u32);
            while clock.elapsed() < FOR {
                judge(known);
                judged += 1;
            }
            let rate = f64::from(judged) / spent().saturating_sub(begun).as_secs_f64();
            let (cost, is_held) = (1000.0 / rate, 2.0 * rate >= aim && 1000.0 / rate <= MOST);
            let told = if is_held { "" } else { "   MISSED" };
            println!("{name:<16} {state:<6} {rate:>8.0} cards/s of processor time   {cost:.2} ms each{told}");
            all &= is_held;
        }
    }
    if all { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

//! From the bytes that a phone or a reader brings to what they prove. Nothing here is kept: files, seed and answers are,
//! and what they prove is computed again from them at each call.
//!
//! ```text
//!  authenticate ─▶ Authentic ─ begin ─▶ Asked ──phone──▶ answers ─ go_on ─▶ Reply::More | Reply::Live(LiveCard)
//!                                       certificate, signature ─ holder ─▶ HolderPresent
//! ```
//!
//! Checking signatures takes a fraction of a millisecond for most cards and up to 50 for the worst (`chip` bounds it): it
//! is done beside the threads that answer requests, so that hostile cards wait for each other and for nobody else.

use chip::agreement::{RANDOMNESS, Randomness};
use chip::authentication::StaticKey;
use chip::dialogue::{Answers, Chunk, Dialogue, Plan, Turn, Wanted};
use chip::holder::{self, HolderPresent};
use chip::lds::Group;
use chip::live::LiveCard;
use chip::moment::Moment;
use chip::passive::{self, Authentic, Policy, Unread};
use chip::profile::Profile;
use chip::trust::Rules;
use domain::cnie::refusal::Refusal;
use domain::time::Timestamp;
use tokio::sync::Semaphore;

use super::trust::CardTrust;

/// How strictly cards are judged here: as at level high.
const RULES: Rules = Rules { profile: Profile::Cnie, grace: 0 };

/// Cards that are judged at once for phones, which anybody may have.
static REMOTE: Semaphore = Semaphore::const_new(4);

/// The same for desks: citizens who came there do not wait for phones.
static DESK: Semaphore = Semaphore::const_new(4);

/// Why something that was read proves nothing: what the caller is told, and the chip's own code for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused {
    /// The refusal.
    pub(crate) refusal: Refusal,
    /// The code of the check that failed.
    pub(crate) code: &'static str,
}

/// The files of a card as they were read: whole, tags and lengths included.
#[derive(Clone)]
pub(crate) struct Files {
    /// EF.SOD.
    pub(crate) sod: Vec<u8>,
    /// The data groups.
    pub(crate) groups: Vec<(Group, Vec<u8>)>,
}

/// How many there are, and nothing in them.
impl std::fmt::Debug for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Files({} groups)", self.groups.len())
    }
}

/// What is read of a card, to know no more than must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A citizen shows it from afar: neither the face nor what the further groups tell.
    Remote,
    /// A desk reads it: the face too.
    Desk,
}

impl Purpose {
    fn unread(self) -> Unread {
        let unread: &[Group] = match self {
            Self::Remote => &[Group::DG2, Group::DG11, Group::DG12],
            Self::Desk => &[Group::DG11, Group::DG12],
        };
        Unread::new(unread).expect("neither the zone nor a key is among them")
    }

    const fn turns(self) -> &'static Semaphore {
        match self {
            Self::Remote => &REMOTE,
            Self::Desk => &DESK,
        }
    }
}

/// What the phone or reader is to send to the chip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The key that the server speaks to the chip with: the uncompressed point.
    pub(crate) server_key: Vec<u8>,
    /// In its own channel.
    pub(crate) opening: Vec<Vec<u8>>,
    /// As they are.
    pub(crate) relay: Vec<Vec<u8>>,
}

/// What answers led to.
#[derive(Debug)]
pub(crate) enum Reply {
    /// Another round.
    More(Vec<Vec<u8>>),
    /// The chip is genuine, and this is its card.
    Live(Box<LiveCard>),
}

/// One round of answers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Round<'a> {
    /// As they were unwrapped.
    pub(crate) opening: &'a [Vec<u8>],
    /// As the chip wrapped them.
    pub(crate) relay: &'a [Vec<u8>],
}

/// What a server's key for one card is made of: 80 random octets, used for one dialogue.
pub(crate) type Seed = [u8; RANDOMNESS];

/// Runs what takes long beside the requests, a few at once of each purpose.
pub(crate) async fn aside<T: Send + 'static>(purpose: Purpose, judge: impl FnOnce() -> T + Send + 'static) -> T {
    let _turn = purpose.turns().acquire().await.expect("never closed");
    match tokio::task::spawn_blocking(judge).await {
        Ok(judged) => judged,
        Err(failed) => std::panic::resume_unwind(failed.into_panic()),
    }
}

/// Whether a State signed the files (cnie.md §3).
pub(crate) fn authenticate(
    trust: &CardTrust,
    files: &Files,
    purpose: Purpose,
    now: Timestamp,
) -> Result<Authentic, Refused> {
    let groups: Vec<_> = files.groups.iter().map(|(group, file)| (*group, file.as_slice())).collect();
    let held = trust.files();
    let (store, known) = (held.store(), held.known());
    let policy = Policy { rules: RULES, unread: purpose.unread() };
    let files = passive::Files { sod: &files.sod, groups: &groups };
    let verdict = passive::authenticate(files, &store, &known, &policy, moment(now));
    let authentic = verdict.outcome.map_err(|(_, refusal)| of_files(refusal))?;
    if trust.refuses(authentic.signer()) {
        return Err(Refused { refusal: Refusal::SimulatorCard, code: "SIMULATOR" });
    }
    if !verdict.passed.iter().any(|(_, notes)| notes.contains(&passive::Note::KnownSigner)) {
        held.keep(authentic.signer());
    }
    Ok(*authentic)
}

/// Begins the dialogue with the chip of an authentic card. Groups 1 and 13 are read again through its channel, and the
/// others that are named.
pub(crate) fn begin(authentic: &Authentic, seed: &Seed, further: &[Group]) -> Result<Asked, Refused> {
    let (key, plan) = prepared(authentic, further)?;
    let server_key = server_key(&key, seed)?;
    let (round, _) = Dialogue::begin(&key, Randomness::new(*seed), &plan).map_err(of_chip)?;
    Ok(Asked { server_key, opening: round.opening, relay: round.relay })
}

/// Goes on with the answers so far, the last of them new.
pub(crate) fn go_on(
    authentic: Authentic,
    seed: &Seed,
    further: &[Group],
    rounds: &[Round<'_>],
) -> Result<Reply, Refused> {
    let (key, plan) = prepared(&authentic, further)?;
    let answers: Vec<_> = rounds.iter().map(|round| Answers { opening: round.opening, relay: round.relay }).collect();
    let Some((last, before)) = answers.split_last() else {
        return Err(Refused { refusal: Refusal::OutOfTurn, code: "NO_ANSWERS" });
    };
    let dialogue = Dialogue::resumed(&key, Randomness::new(*seed), &plan, before).map_err(of_chip)?;
    match dialogue.answer(*last).map_err(of_chip)? {
        Turn::Next(round, _) => Ok(Reply::More(round.relay)),
        Turn::Genuine(chip) => LiveCard::of(authentic, chip)
            .map(|card| Reply::Live(Box::new(card)))
            .map_err(|fault| Refused { refusal: Refusal::ChipNotGenuine, code: fault.code() }),
    }
}

/// Whether the key behind the code signed these octets.
pub(crate) fn holder(
    trust: &CardTrust,
    (certificate, signature): (&[u8], &[u8]),
    signed: &[u8; 32],
    now: Timestamp,
) -> Result<HolderPresent, Refused> {
    let presented = holder::Presented { certificate, signature, signed };
    let store = trust.codes().store();
    let present = holder::verify(presented, &store, RULES.grace, moment(now))
        .map_err(|fault| Refused { refusal: Refusal::HolderNotProven, code: fault.code() })?;
    if trust.refuses(present.signer()) {
        return Err(Refused { refusal: Refusal::SimulatorCard, code: "SIMULATOR" });
    }
    Ok(present)
}

fn prepared(authentic: &Authentic, further: &[Group]) -> Result<(StaticKey, Plan), Refused> {
    let key = StaticKey::of(authentic).map_err(|fault| Refused { refusal: Refusal::NoChipKey, code: fault.code() })?;
    let always = [Group::DG1, Group::DG13].into_iter().filter(|group| authentic.group(*group).is_some());
    let more = further.iter().copied().filter(|group| ![Group::DG1, Group::DG13].contains(group));
    let wanted = always.chain(more).map(|group| Wanted { group, length: authentic.group(group).map(<[u8]>::len) });
    let plan = Plan::new(wanted.collect(), Chunk::SHORT).map_err(of_chip)?;
    Ok((key, plan))
}

fn server_key(key: &StaticKey, seed: &Seed) -> Result<Vec<u8>, Refused> {
    let ephemeral = chip::agreement::EphemeralSecret::new(key.public().domain(), Randomness::new(*seed))
        .map_err(|fault| Refused { refusal: Refusal::NoChipKey, code: fault.code() })?;
    Ok(ephemeral.public().octets().to_vec())
}

#[expect(clippy::wildcard_enum_match_arm, reason = "sixty checks are one refusal to who calls")]
fn of_files(refusal: passive::Refusal) -> Refused {
    let told = match refusal {
        passive::Refusal::DocumentExpired => Refusal::CardExpired,
        passive::Refusal::HolderMinor | passive::Refusal::BirthDate => Refusal::NotAdult,
        // Each other check has its own code, in the log.
        _ => Refusal::CardNotAuthentic,
    };
    Refused { refusal: told, code: refusal.code() }
}

fn of_chip(refusal: chip::dialogue::Refusal) -> Refused {
    Refused { refusal: Refusal::ChipNotGenuine, code: refusal.code() }
}

fn moment(now: Timestamp) -> Moment {
    Moment(u64::try_from(now.epoch()).unwrap_or_default())
}

#[cfg(test)]
#[path = "reading_tests.rs"]
mod tests;

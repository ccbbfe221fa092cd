//! `idp card`: judge the files of a card, check by check, for an auditor. It needs no gateway and no configuration.

pub(super) mod folder;

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context as _;
use chip::certificate::Certificate;
use chip::lds::Group;
use chip::moment::Moment;
use chip::passive::{
    Authentic, AuthenticInfos, Check, Files, Note, Policy, Unread, Verdict, authenticate, authenticate_infos,
};
use chip::profile::Profile;
use chip::trust::{KnownSigners, Rules, TrustedSigner};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Failure;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Tell whether a State signed the files of a card, check by check; exits 0 only when it did
    Verify(Verify),
}

#[derive(Debug, Args)]
pub(super) struct Verify {
    /// The security object (EF.SOD)
    #[arg(long, value_name = "FILE")]
    sod: PathBuf,
    /// What the State signed of the chip's keys (EF.CardSecurity), where the card has it
    #[arg(long, value_name = "FILE")]
    card_security: Option<PathBuf>,
    /// A data group, as often as there are
    #[arg(long = "dg", value_name = "NUMBER=FILE", required = true)]
    groups: Vec<NumberedFile>,
    /// A data group that is not read, though the State signed it
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u8).range(1..=16))]
    unread: Vec<u8>,
    #[command(flatten)]
    trust: folder::Folder,
    /// The moment to judge at
    #[arg(long, value_name = "RFC 3339", value_parser = moment)]
    at: Moment,
    /// Which documents, and how strictly
    #[arg(long, value_enum, default_value_t = Strictness::Cnie)]
    profile: Strictness,
    /// Hours for which a revocation list still counts after its successor was due
    #[arg(long, default_value_t = 0, value_name = "HOURS", value_parser = clap::value_parser!(u16).range(..=72))]
    grace: u16,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone)]
struct NumberedFile(Group, PathBuf);

impl std::str::FromStr for NumberedFile {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (number, file) = text.split_once('=').ok_or("NUMBER=FILE is needed")?;
        let group = number.parse().ok().and_then(Group::new).ok_or("data groups are numbered from 1 to 16")?;
        Ok(Self(group, file.into()))
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Strictness {
    /// The French identity card, at level high
    Cnie,
    /// Documents of all States: what the field has is accepted, and said
    Icao,
}

/// A moment in RFC 3339, not before 1970.
pub(super) fn moment(text: &str) -> Result<Moment, &'static str> {
    let moment =
        OffsetDateTime::parse(text, &Rfc3339).map_err(|_| "a moment such as 2026-11-22T12:00:00Z is needed")?;
    u64::try_from(moment.unix_timestamp()).map(Moment).map_err(|_| "a moment since 1970 is needed")
}

/// A moment as it is printed.
pub(super) fn written(moment: Moment) -> String {
    let moment = i64::try_from(moment.0).ok().and_then(|moment| OffsetDateTime::from_unix_timestamp(moment).ok());
    moment.and_then(|moment| moment.format(&Rfc3339).ok()).unwrap_or_else(|| "-".to_owned())
}

pub(super) fn run<W: Write>(Command::Verify(asked): Command, out: &mut W) -> Result<(), Failure> {
    let usage = |sentence: &'static str| Failure::Usage(anyhow::anyhow!(sentence));
    let unread: Vec<Group> = asked.unread.iter().filter_map(|number| Group::new(*number)).collect();
    let unread = Unread::new(&unread).ok_or_else(|| usage("data groups 1, 14 and 15 are always read"))?;
    let store = asked.trust.open()?;
    let sod = folder::read(&asked.sod)?;
    let files = asked.groups.iter().map(|NumberedFile(group, path)| Ok((*group, folder::read(path)?)));
    let files = files.collect::<anyhow::Result<Vec<_>>>()?;
    let groups: Vec<_> = files.iter().map(|(group, file)| (*group, file.as_slice())).collect();
    let profile = match asked.profile {
        Strictness::Cnie => Profile::Cnie,
        Strictness::Icao => Profile::Icao,
    };
    let rules = Rules { profile, grace: asked.grace };
    let security = asked.card_security.as_deref().map(folder::read).transpose()?;
    let files = Files { sod: &sod, groups: &groups };
    let known = KnownSigners::default();
    let verdict = authenticate(files, &store, &known, &Policy { rules, unread }, asked.at);
    let security = security.map(|file| authenticate_infos(&file, &store, &known, rules, asked.at));
    let told = match (asked.json, &security) {
        (true, None) => format!("{:#}\n", in_json(&verdict)),
        (true, Some(security)) => {
            let mut told = in_json(&verdict);
            told["card_security"] = of_infos(security);
            format!("{told:#}\n")
        }
        (false, None) => in_words(&verdict, Authentic::signer),
        (false, Some(security)) => {
            let security = in_words(security, AuthenticInfos::signer);
            format!("{}\nEF.CardSecurity\n{security}", in_words(&verdict, Authentic::signer))
        }
    };
    out.write_all(told.as_bytes()).context("standard output")?;
    let refused = verdict.outcome.err().or_else(|| security.and_then(|security| security.outcome.err()));
    refused.map_or(Ok(()), |(_, refusal)| Err(anyhow::anyhow!("refused: {}", refusal.code()).into()))
}

fn in_words<Proof>(verdict: &Verdict<Proof>, signer: fn(&Proof) -> &TrustedSigner) -> String {
    let mut lines = Vec::new();
    for (check, notes) in &verdict.passed {
        lines.push(format!("passed   {}", check.name()));
        lines.extend(notes.iter().map(|note| format!("         note {}: {note}", note.code())));
    }
    match &verdict.outcome {
        Ok(proof) => {
            let root = signer(proof).path().anchor();
            lines.push(format!("genuine: signed under {} ({})", root.subject(), root.fingerprint()));
        }
        Err((check, refusal)) => {
            lines.push(format!("REFUSED  {}", check.name()));
            lines.push(format!("         {}: {refusal}", refusal.code()));
        }
    }
    lines.join("\n") + "\n"
}

/// Check by check. Nothing of what the groups say of the holder is in it.
fn in_json(verdict: &Verdict) -> Value {
    json!({
        "genuine": verdict.outcome.is_ok(),
        "code": code(verdict),
        "profile": verdict.profile.name(),
        "at": written(verdict.at),
        "sod_sha256": verdict.evidence.to_string(),
        "checks": checks(verdict, &Check::ALL),
        "proof": verdict.outcome.as_ref().ok().map(|authentic| proof(authentic)),
    })
}

/// The same of an EF.CardSecurity.
fn of_infos(verdict: &Verdict<AuthenticInfos>) -> Value {
    json!({
        "genuine": verdict.outcome.is_ok(),
        "code": code(verdict),
        "sha256": verdict.evidence.to_string(),
        "checks": checks(verdict, &AuthenticInfos::CHECKS),
        "proof": verdict.outcome.as_ref().ok().map(|authentic| {
            let keys = authentic.infos().chip_keys.iter();
            let mut proof = trusted(authentic.signer(), authentic.signing_time());
            proof["chip_keys"] = keys.map(|key| key.agreement.as_ref().map_or_else(
                |unfit| format!("refused: {unfit}"),
                |public| public.domain().name().to_owned(),
            )).collect();
            proof
        }),
    })
}

fn code<Proof>(verdict: &Verdict<Proof>) -> Option<&'static str> {
    verdict.outcome.as_ref().err().map(|(_, refusal)| refusal.code())
}

fn checks<Proof>(verdict: &Verdict<Proof>, checks: &[Check]) -> Vec<Value> {
    let refused = verdict.outcome.as_ref().err();
    let told = checks.iter().map(|check| {
        let passed = verdict.passed.iter().find(|(passed, _)| passed == check);
        match (passed, refused) {
            (_, Some((refused, refusal))) if refused == check => {
                json!({ "check": check.name(), "outcome": "refused", "code": refusal.code(), "reason": refusal.to_string() })
            }
            (Some((_, notes)), _) => json!({ "check": check.name(), "outcome": "passed", "notes": noted(notes) }),
            (None, _) => json!({ "check": check.name(), "outcome": "not reached" }),
        }
    });
    told.collect()
}

fn noted(notes: &[Note]) -> Vec<Value> {
    notes.iter().map(|note| json!({ "code": note.code(), "meaning": note.to_string() })).collect()
}

fn identified(certificate: &Certificate) -> Value {
    json!({ "subject": certificate.subject().to_string(), "sha256": certificate.fingerprint().to_string() })
}

fn proof(authentic: &Authentic) -> Value {
    let mut proof = trusted(authentic.signer(), authentic.signing_time());
    let delivered = authentic.hashes().groups().filter(|group| authentic.group(*group).is_some());
    proof["groups"] = delivered.map(Group::number).collect();
    proof
}

fn trusted(signer: &TrustedSigner, signing_time: Option<Moment>) -> Value {
    json!({
        "signer": identified(signer.certificate()),
        "path": signer.path().issuers().map(identified).collect::<Vec<_>>(),
        "revocation_lists": signer.lists().iter().map(|standing| json!({
            "issuer": standing.issuer.to_string(),
            "number": standing.number.to_string(),
            "next_update": written(standing.next_update),
        })).collect::<Vec<_>>(),
        "signing_time_claimed": signing_time.map(written),
    })
}

#[cfg(test)]
#[path = "card_tests.rs"]
pub(in crate::cli) mod tests;

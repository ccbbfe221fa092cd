//! `idp trust`: look at a trust store, and take authorities of a master list into it once two people approved the same.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use chip::certificate::{Certificate, Fingerprint};
use chip::master_list::{Approval, MasterList, Proposal};
use chip::moment::Moment;
use chip::trust::{Published, SIMULATOR, StoreVersion, TrustStore};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Failure;
use super::card::{folder, moment, written};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List what a store holds: roots, links, document signers and revocation lists
    Show {
        #[command(flatten)]
        trust: folder::Folder,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Tell what a master list would change, and approve it
    Diff {
        #[command(flatten)]
        proposed: Proposed,
        /// A certificate that shall be pinned as a root, by SHA-256, as often as there are; the others come in as links
        #[arg(long, value_name = "SHA256", value_parser = fingerprint)]
        pin: Vec<Fingerprint>,
        /// Approve it: your name
        #[arg(long, value_name = "NAME", requires = "approval")]
        approve: Option<String>,
        /// Where the approval is written
        #[arg(long, value_name = "FILE", requires = "approve")]
        approval: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Take in what two people approved
    Import {
        #[command(flatten)]
        proposed: Proposed,
        /// The approvals, two of them
        #[arg(long, value_name = "FILE", num_args = 1, required = true)]
        approval: Vec<PathBuf>,
    },
}

/// A change that a master list proposes.
#[derive(Debug, Args)]
pub(super) struct Proposed {
    #[command(flatten)]
    trust: folder::Folder,
    /// The master list
    #[arg(long, value_name = "FILE")]
    list: PathBuf,
    /// The authorities of one country alone (FR)
    #[arg(long, value_name = "COUNTRY")]
    country: Option<String>,
    /// The moment to judge the signer of the list at
    #[arg(long, value_name = "RFC 3339", value_parser = moment)]
    at: Moment,
}

impl Proposed {
    fn open(&self) -> anyhow::Result<(MasterList, Proposal)> {
        let store = self.trust.open()?;
        let list = MasterList::read(&folder::read(&self.list)?, &store, self.at)
            .with_context(|| self.list.display().to_string())?;
        let proposal = list.compare(&store, self.country.as_deref());
        Ok((list, proposal))
    }
}

fn fingerprint(text: &str) -> Result<Fingerprint, &'static str> {
    Fingerprint::from_hex(text).ok_or("sixty-four hexadecimal digits are needed")
}

pub(super) fn run<W: Write>(command: Command, out: &mut W) -> Result<(), Failure> {
    let told = match command {
        Command::Show { trust, json } => show(&trust.open()?, json),
        Command::Diff { proposed, pin, approve, approval, json } => {
            let (list, proposal) = proposed.open()?;
            if let Some((name, file)) = approve.zip(approval) {
                write_approval(&proposal, &name, pin, &file)?;
            }
            diff(&list, &proposal, json)
        }
        Command::Import { proposed, approval } => import(&proposed, &approval)?,
    };
    Ok(out.write_all(told.as_bytes()).context("standard output")?)
}

fn show(store: &TrustStore, json: bool) -> String {
    let kinds = [("root", store.anchors()), ("link", store.links()), ("signer", store.signers())];
    if json {
        let kinds = kinds.map(|(kind, all)| (format!("{kind}s"), all.iter().map(described).collect::<Value>()));
        let mut shown: Value = kinds.into_iter().collect();
        shown["version"] = json!(store.version().0.to_string());
        shown["revocation_lists"] = store
            .lists()
            .map(|list| {
                let (this, next) = list.updates();
                json!({
                    "issuer": list.issuer().to_string(), "number": list.number().to_string(), "revoked": list.len(),
                    "this_update": written(this), "next_update": written(next),
                })
            })
            .collect();
        return format!("{shown:#}\n");
    }
    let mut lines: Vec<_> = kinds
        .into_iter()
        .flat_map(|(kind, all)| all.iter().map(move |certificate| format!("{kind:<7} {}", line(certificate))))
        .collect();
    lines.extend(store.lists().map(|list| {
        let (this, next) = list.updates();
        let revoked = list.len();
        format!("list    {} {} {} to {} revokes {revoked}", list.issuer(), list.number(), written(this), written(next))
    }));
    lines.push(format!("version {}", store.version().0));
    lines.join("\n") + "\n"
}

fn line(certificate: &Certificate) -> String {
    let (from, until) = certificate.validity();
    let published = published(certificate).map(|name| format!(" published as {name}")).unwrap_or_default();
    let simulator = if certificate.has_policy(SIMULATOR) { " SIMULATOR, not certified" } else { "" };
    let (fingerprint, subject) = (certificate.fingerprint(), certificate.subject());
    format!("{fingerprint} {subject} {} to {}{published}{simulator}", written(from), written(until))
}

/// By which name a State published it.
fn published(certificate: &Certificate) -> Option<&'static str> {
    Published::of(certificate.fingerprint()).map(|root| root.name)
}

fn described(certificate: &Certificate) -> Value {
    let (from, until) = certificate.validity();
    json!({
        "sha256": certificate.fingerprint().to_string(),
        "subject": certificate.subject().to_string(),
        "issuer": certificate.issuer().to_string(),
        "not_before": written(from),
        "not_after": written(until),
        "published_as": published(certificate),
        "simulator": certificate.has_policy(SIMULATOR),
        "key": certificate.key().map_or_else(|fault| fault.to_string(), chip::signature::PublicKey::name),
    })
}

fn diff(list: &MasterList, proposal: &Proposal, json: bool) -> String {
    if json {
        let shown = json!({
            "list_sha256": proposal.list().to_string(),
            "store": proposal.store().0.to_string(),
            "signer": described(list.signer()),
            "unreadable": list.unreadable(),
            "added": proposal.added.iter().map(described).collect::<Value>(),
            "absent": proposal.absent.iter().map(described).collect::<Value>(),
        });
        return format!("{shown:#}\n");
    }
    let mut lines = vec![format!("signed by {}", line(list.signer()))];
    lines.extend(proposal.added.iter().map(|certificate| format!("+ {}", line(certificate))));
    // What a list does not have stays: it is not for a list to take a root away.
    lines.extend(proposal.absent.iter().map(|certificate| format!("? {}", line(certificate))));
    if list.unreadable() > 0 {
        lines.push(format!("{} certificates of the list cannot be read", list.unreadable()));
    }
    lines.join("\n") + "\n"
}

fn write_approval(proposal: &Proposal, approver: &str, pin: Vec<Fingerprint>, file: &Path) -> anyhow::Result<()> {
    let roots: BTreeSet<_> = pin.into_iter().collect();
    if let Some(unknown) = roots.iter().find(|root| proposal.added.iter().all(|added| added.fingerprint() != **root)) {
        bail!("{unknown} is not among the certificates that the list adds");
    }
    let approval = json!({
        "approver": approver,
        "list": proposal.list().to_string(),
        "store": proposal.store().0.to_string(),
        "roots": roots.iter().map(Fingerprint::to_string).collect::<Vec<_>>(),
    });
    // A new file: an approval is not changed.
    let mut written = std::fs::File::create_new(file).with_context(|| file.display().to_string())?;
    written.write_all(format!("{approval:#}\n").as_bytes()).with_context(|| file.display().to_string())
}

fn read_approval(file: &Path) -> anyhow::Result<Approval> {
    let read: Value = serde_json::from_slice(&folder::read(file)?).with_context(|| file.display().to_string())?;
    let hash = |value: &Value| value.as_str().and_then(Fingerprint::from_hex);
    // A line end in a name would write a line of its own into the pins.
    let name = |name: &&str| !name.trim().is_empty() && !name.contains(char::is_control);
    let approval = || {
        Some(Approval {
            approver: read["approver"].as_str().filter(name)?.trim().to_owned(),
            list: hash(&read["list"])?,
            store: StoreVersion(hash(&read["store"])?),
            roots: read["roots"].as_array()?.iter().map(hash).collect::<Option<_>>()?,
        })
    };
    approval().with_context(|| format!("{}: no approval", file.display()))
}

fn import(proposed: &Proposed, approvals: &[PathBuf]) -> anyhow::Result<String> {
    let [first, second] = approvals else { bail!("two approvals are needed") };
    let (first, second) = (read_approval(first)?, read_approval(second)?);
    let (_, proposal) = proposed.open()?;
    let (added, roots) = proposal.approved(&first, &second)?;
    let folder = proposed.trust.path();
    for certificate in added {
        let path = folder.join(format!("{}.der", certificate.fingerprint()));
        let mut file = std::fs::File::create_new(&path).with_context(|| path.display().to_string())?;
        file.write_all(certificate.der()).with_context(|| path.display().to_string())?;
    }
    // The certificates are there before they are pinned: a store that names a missing root does not open.
    let path = folder.join("pins");
    let mut pins = std::fs::OpenOptions::new().append(true).open(&path).with_context(|| path.display().to_string())?;
    for root in &roots {
        writeln!(pins, "{root} # approved by {} and {}, list {}", first.approver, second.approver, first.list)
            .with_context(|| path.display().to_string())?;
    }
    Ok(format!("{} certificates are taken in, {} of them as roots\n", added.len(), roots.len()))
}

#[cfg(test)]
#[path = "trust_tests.rs"]
mod tests;

//! A whole scene: a store, a card and a judge, right unless a test says otherwise.

use std::collections::BTreeSet;

use super::card::{Card, SIGNER};
use super::pki::{Certified, Revoking, now};
use super::{Form, Key, RSA_3072};
use crate::certificate::{Certificate, Fingerprint};
use crate::curve::Curve;
use crate::lds::Group;
use crate::moment::Moment;
use crate::passive::{Files, Policy, Unread, Verdict, authenticate};
use crate::profile::Profile;
use crate::trust::{KnownSigners, RevocationList, Rules, TrustStore};

/// The key of the authority.
pub(crate) const AUTHORITY: Key = RSA_3072;

/// Keys of other authorities.
pub(crate) const fn other(seed: u8) -> Key {
    Key::Ec(Curve::P256, seed, Form::Explicit)
}

#[derive(Clone)]
pub(crate) struct Scene {
    pub(crate) pinned: Vec<Certified>,
    pub(crate) others: Vec<Certified>,
    pub(crate) lists: Vec<Revoking>,
    pub(crate) card: Card,
    pub(crate) alter: fn(Vec<u8>) -> Vec<u8>,
    pub(crate) profile: Profile,
    pub(crate) grace: u16,
    pub(crate) unread: Unread,
    pub(crate) at: Moment,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self {
            pinned: vec![Certified::root(AUTHORITY)],
            others: Vec::new(),
            lists: vec![Revoking::nothing(AUTHORITY)],
            card: Card::signed_by(&Certified::signer(SIGNER, AUTHORITY)),
            alter: |sod| sod,
            profile: Profile::Cnie,
            grace: 0,
            unread: Unread::default(),
            at: now(),
        }
    }

    /// With another certificate of the signer.
    pub(crate) fn signer(&mut self, change: impl FnOnce(Certified) -> Certified) {
        let signer = change(Certified::signer(SIGNER, AUTHORITY));
        let (files, listed) = (self.card.files.clone(), self.card.listed.clone());
        self.card = Card { files, listed, ..Card::signed_by(&signer) };
    }

    /// With another file of a group, which the State signed.
    pub(crate) fn file(&mut self, group: u8, file: &[u8]) {
        for files in [&mut self.card.files, &mut self.card.listed] {
            files.retain(|(found, _)| *found != group);
            files.push((group, file.to_vec()));
        }
    }

    pub(crate) fn store(&self) -> TrustStore {
        let pinned: Vec<_> = self.pinned.iter().map(Certified::der).collect();
        let pins: BTreeSet<_> = pinned.iter().map(|der| Fingerprint::of(der)).collect();
        let others = self.others.iter().map(Certified::der);
        let certificates = pinned.iter().cloned().chain(others).map(|der| Certificate::read(&der).unwrap());
        let lists = self.lists.iter().map(|list| RevocationList::read(&list.der()).unwrap());
        TrustStore::new(&pins, certificates, lists).unwrap()
    }

    pub(crate) fn policy(&self) -> Policy {
        Policy { rules: Rules { profile: self.profile, grace: self.grace }, unread: self.unread.clone() }
    }

    pub(crate) fn judge(&self) -> Verdict {
        self.judge_sod(&self.store(), &(self.alter)(self.card.sod()), &KnownSigners::default())
    }

    pub(crate) fn judge_sod(&self, store: &TrustStore, sod: &[u8], known: &KnownSigners) -> Verdict {
        let groups: Vec<_> =
            self.card.files.iter().map(|(group, file)| (Group::new(*group).unwrap(), file.as_slice())).collect();
        authenticate(Files { sod, groups: &groups }, store, known, &self.policy(), self.at)
    }
}

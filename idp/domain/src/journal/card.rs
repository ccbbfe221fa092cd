//! What is accounted for of identities on cards, and of the desks that certify them (CIR (EU) 2015/1502 §2.1.2, §2.2.3,
//! §2.4.4).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::cnie::TermsVersion;
use crate::cnie::identity::{Closure, Ending};
use crate::cnie::outcome::CaseOutcome;
use crate::id::{AgentId, CaseId, IdentityId, RequestId};
use crate::people::commune::CommuneCode;
use crate::time::Timestamp;

/// What became of an identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CardIdentityChange {
    /// It was made, under these terms.
    Made(TermsVersion),
    /// It took the place of this one, of the same person on another card (CIR (EU) 2015/1502 §2.2.4).
    Replaces(IdentityId),
    /// Its address was confirmed.
    AddressConfirmed,
    /// Certification was asked for, under these terms.
    Requested(RequestId, TermsVersion),
    /// It came to a desk.
    AtDesk(CaseId),
    /// The desk said yes.
    Approved(CaseId),
    /// The desk said no.
    Failed(CaseId),
    /// A request or an approval was not used in time.
    Lapsed,
    /// It is certified.
    Certified(CaseId),
    /// Its certification ended.
    Ended(Ending),
    /// It was suspended.
    Suspended,
    /// It was taken up again.
    Restored,
    /// Its holder asked by mail that it be closed: when it will be.
    Leaves(Timestamp),
    /// They took that back.
    Stays,
    /// It was closed.
    Closed(Closure),
    /// An operator suspended it, with their word on why.
    SuspendedByOperator(String),
    /// An operator closed it, with their word on why.
    ClosedByOperator(Closure, String),
}

impl CardIdentityChange {
    const fn name(&self) -> &'static str {
        match self {
            Self::Made(_) => "made",
            Self::Replaces(_) => "replaces",
            Self::AddressConfirmed => "address_confirmed",
            Self::Requested(..) => "requested",
            Self::AtDesk(_) => "at_desk",
            Self::Approved(_) => "approved",
            Self::Failed(_) => "failed",
            Self::Lapsed => "lapsed",
            Self::Certified(_) => "certified",
            Self::Ended(_) => "ended",
            Self::Suspended | Self::SuspendedByOperator(_) => "suspended",
            Self::Restored => "restored",
            Self::Leaves(_) => "leaves",
            Self::Stays => "stays",
            Self::Closed(_) | Self::ClosedByOperator(..) => "closed",
        }
    }

    /// The details of the act.
    pub(super) fn details(&self, identity: &IdentityId) -> Value {
        let mut value = json!({"identity": identity, "change": self.name()});
        let (field, more) = match self {
            Self::Made(terms) => ("terms", json!(terms)),
            Self::Replaces(old) => ("old", json!(old)),
            Self::Requested(request, terms) => {
                value["request"] = json!(request);
                ("terms", json!(terms))
            }
            Self::AtDesk(case) | Self::Approved(case) | Self::Failed(case) | Self::Certified(case) => {
                ("case", json!(case))
            }
            Self::Ended(why) => ("why", json!(why)),
            Self::Closed(why) => ("why", json!(why)),
            Self::Leaves(until) => ("until", json!(until)),
            Self::SuspendedByOperator(word) => ("operator", json!(word)),
            Self::ClosedByOperator(why, word) => {
                value["operator"] = json!(word);
                ("why", json!(why))
            }
            Self::AddressConfirmed | Self::Lapsed | Self::Suspended | Self::Restored | Self::Stays => return value,
        };
        value[field] = more;
        value
    }
}

/// A case that was decided, and what it was decided on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseDecision {
    /// The case.
    pub case: CaseId,
    /// The commune.
    pub commune: CommuneCode,
    /// The agent.
    pub agent: AgentId,
    /// How it ended.
    pub outcome: CaseOutcome,
    /// The card authority's own name of its answer; none where it was not asked.
    pub status_reference: Option<String>,
    /// What was checked, and the verdicts: names and stable words, never a fact of the citizen, never a template.
    pub evidence: BTreeMap<String, String>,
}

impl CaseDecision {
    /// The details of the act.
    pub(super) fn details(&self) -> Value {
        let Self { case, commune, agent, outcome, status_reference, evidence } = self;
        json!({
            "case": case, "commune": commune, "agent": agent, "outcome": outcome,
            "status_reference": status_reference, "evidence": evidence,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Act;

    fn told(act: &Act) -> Value {
        serde_json::from_str(&act.details()).expect("JSON")
    }

    #[test]
    fn what_becomes_of_an_identity_is_told_by_one_word_and_what_it_rests_on() {
        let identity = IdentityId::from_random([1; 16]);
        let changed = |change| told(&Act::CardIdentityChanged { identity: identity.clone(), change });
        let case = CaseId::from_random([2; 16]);
        let expected = json!({"identity": identity, "change": "certified", "case": case});
        assert_eq!(changed(CardIdentityChange::Certified(case)), expected);
        let expected = json!({"identity": identity, "change": "ended", "why": "code_changed"});
        assert_eq!(changed(CardIdentityChange::Ended(Ending::CodeChanged)), expected);
        let (request, terms) =
            (RequestId::from_random([3; 16]), TermsVersion::accepted(TermsVersion::CURRENT).expect("of today"));
        let expected = json!({"identity": identity, "change": "requested", "request": request, "terms": terms});
        assert_eq!(changed(CardIdentityChange::Requested(request, terms)), expected);
        assert_eq!(changed(CardIdentityChange::Lapsed), json!({"identity": identity, "change": "lapsed"}));
        let expected = json!({"identity": identity, "change": "closed", "why": "fraud", "operator": "dossier 7"});
        assert_eq!(changed(CardIdentityChange::ClosedByOperator(Closure::Fraud, "dossier 7".into())), expected);
        let expected = json!({"identity": identity, "change": "leaves", "until": 1_800_000_000});
        assert_eq!(changed(CardIdentityChange::Leaves(Timestamp::from_epoch(1_800_000_000))), expected);
    }

    #[test]
    fn a_decision_names_desk_agent_and_answer_of_the_authority() {
        let decision = CaseDecision {
            case: CaseId::from_random([2; 16]),
            commune: CommuneCode::parse("26362").expect("a code"),
            agent: AgentId::from_random([1; 16]),
            outcome: CaseOutcome::Refused,
            status_reference: Some("A-17".to_owned()),
            evidence: BTreeMap::from([("fingerprint".to_owned(), "no_match".to_owned())]),
        };
        let expected = json!({
            "case": decision.case, "commune": "26362", "agent": "01010101010101010101010101010101",
            "outcome": "refused", "status_reference": "A-17", "evidence": {"fingerprint": "no_match"},
        });
        assert_eq!(told(&Act::CaseDecided(decision)), expected);
    }
}

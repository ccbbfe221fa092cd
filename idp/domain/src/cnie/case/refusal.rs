//! Why the desk says no to an agent or a reader: one stable code each. No citizen reads any of it.

use crate::cnie::refusal::{Refusal, refusals};

refusals! {
    /// Why an act at the desk was refused.
    DeskRefusal, OWN,
    /// The card, its QR code or its authority.
    Card(Refusal);
    /// There is no such case, or not in this commune.
    CaseUnknown = "desk.case_unknown", "there is no such case here";
    /// It was decided.
    CaseOver = "desk.case_over", "the case is over";
    /// A step took longer than an hour.
    CaseLate = "desk.case_late", "the case was left for longer than an hour";
    /// The act belongs to another step.
    OutOfTurn = "desk.out_of_turn", "the case is at another step";
    /// The case is a colleague's.
    OtherAgent = "desk.other_agent", "the case is the one of another agent";
    /// The colleague who confirms is the agent of the case.
    SecondIsFirst = "desk.second_is_first", "the second agent is the first one";
    /// The colleague who confirms has the citizen's name.
    SecondIsClose = "desk.second_is_close", "the second agent has the name of the citizen";
    /// The colleague who confirms has not declared who they are.
    SecondUndeclared = "desk.second_undeclared", "the second agent has not declared who they are";
    /// The agent says yes to a photo that was not handed to them.
    PhotoUnseen = "desk.photo_unseen", "the photo was not shown to the agent";
    /// The agent is the citizen.
    OwnIdentity = "desk.own_identity", "an agent does not certify themselves";
    /// The card was laid on the reader too often.
    TriesSpent = "desk.tries_spent", "the card was tried too often";
    /// The key is no reader's.
    ReaderUnknown = "desk.reader_unknown", "no reader has this key";
    /// The reader was not accepted yet.
    ReaderProposed = "desk.reader_proposed", "the reader waits to be accepted";
    /// The reader was withdrawn.
    ReaderWithdrawn = "desk.reader_withdrawn", "the reader was withdrawn";
    /// The reader stands in another commune.
    ReaderElsewhere = "desk.reader_elsewhere", "the reader is one of another commune";
    /// The case waits for another reader of the commune.
    OtherReader = "desk.other_reader", "the case waits for another reader";
    /// The reader is at work for another case.
    ReaderBusy = "desk.reader_busy", "the reader is at work for another case";
    /// The photo of the card was not delivered, or cannot be read.
    NoFace = "desk.no_face", "the photo of the card cannot be read";
    /// The verdict cannot be read.
    VerdictMalformed = "desk.verdict_malformed", "the verdict cannot be read";
    /// It is not signed by the reader's key.
    VerdictSignature = "desk.verdict_signature", "the verdict is not signed by the reader";
    /// It is for another case.
    VerdictOtherCase = "desk.verdict_other_case", "the verdict is for another case";
    /// It holds another nonce than the case's.
    VerdictNonce = "desk.verdict_nonce", "the verdict holds another nonce";
    /// It is too old, from the future, or older than the reading of the card.
    VerdictLate = "desk.verdict_late", "the verdict is not of now";
    /// It was used.
    VerdictUsed = "desk.verdict_used", "a verdict was given for this case";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_has_a_code_of_its_own() {
        let codes: std::collections::BTreeSet<_> = DeskRefusal::OWN.iter().map(|refusal| refusal.code()).collect();
        assert_eq!(codes.len(), DeskRefusal::OWN.len());
        assert!(codes.iter().all(|code| code.starts_with("desk.")));
        assert_eq!(DeskRefusal::from(Refusal::OtherCard).code(), "card.other_card");
    }
}

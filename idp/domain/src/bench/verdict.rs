//! What a trial means: the only place where a line goes green.
//!
//! A line is green when what it is about was seen, and never because nothing was seen: a site that does not answer, or
//! never fetches the wrong token, has not refused it.

use serde::{Deserialize, Serialize};

use super::asked::Flaw;
use super::check::Check;
use super::token_call::{Outcome, Proof, SameRedirect, Verifier};
use super::trial::{HintSeen, Landing, Login, RedirectSeen, Shows, Trial, Trouble, Written};

/// How a line came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Green.
    Passed,
    /// Red, and what was seen.
    Failed(Vec<Finding>),
    /// Neither, and why.
    NotMade(Reason),
}

/// Why a check was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// An ordinary sign-in does not work yet.
    NoSignIn,
    /// There is no PKCE challenge to answer.
    NoChallenge,
    /// The site never reads userinfo.
    NoUserinfo,
    /// No address for signing out was given.
    NoLogoutAddress,
    /// No address for logout notices was given.
    NoNoticeAddress,
    /// The run was over.
    OutOfTime,
}

/// What was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// Something is wrong with the request.
    Flaw(Flaw),
    /// The login did not lead to the provider.
    NotBegun(Trouble),
    /// The browser got nowhere with the answer.
    NoLanding(Trouble),
    /// The page that shows who is signed in cannot be read.
    NoPage(Trouble),
    /// The answer never came to a page: the site asked for another sign-in at once.
    SentBack,
    /// The page does not show the citizen.
    NotShown,
    /// The citizen is signed in.
    SignedIn,
    /// A browser shows the citizen of another one.
    MixedUp,
    /// The token endpoint was called although it should not have been.
    TokenCalled,
    /// The token endpoint was never called, so that nothing can be told.
    TokenNotCalled,
    /// The client did not prove who it is.
    ProofAbsent,
    /// The client proved to be another.
    ProofWrong,
    /// `redirect_uri` is not that of the request.
    RedirectOther,
    /// The code was presented more than once.
    CodeAgain,
    /// There is no verifier.
    VerifierAbsent,
    /// The verifier does not answer the challenge.
    VerifierWrong,
    /// The wrong token was never given, because the call for it was refused.
    TokenNotGiven,
    /// The site answered with an error of its own (500).
    Crashed(u16),
    /// The site answered with a blank page.
    Blank,
    /// Nobody can begin again.
    NoRetry,
    /// The logout did not lead to the end-session endpoint.
    NoEndSession,
    /// It came without `id_token_hint`.
    HintAbsent,
    /// It came with another's `id_token_hint`.
    HintWrong,
    /// It came without a registered `post_logout_redirect_uri`.
    NoWayBack,
    /// The citizen is still signed in.
    StillSignedIn,
    /// The citizen is signed in no more.
    SignedOut,
    /// The notice was not taken.
    NoticeRefused(u16),
    /// The forged notice was taken.
    NoticeTaken(u16),
}

/// Judges a trial. `control` is the sign-in that was right in everything.
pub fn of(check: Check, trial: &Trial, control: Option<&Trial>) -> Verdict {
    let found = match check {
        Check::Request | Check::State | Check::Nonce | Check::Pkce | Check::Level => request(check, trial),
        Check::SignIn | Check::KeyRotation => accepted(trial),
        Check::TokenRequest => token_request(trial),
        Check::PkceVerifier => {
            let challenged = trial.begun.as_ref().is_ok_and(|login| login.asked.challenge.is_some());
            if !challenged {
                return Verdict::NotMade(Reason::NoChallenge);
            }
            verifier(trial)
        }
        Check::StateMissing | Check::StateOther | Check::IssuerOfAnswer | Check::OtherBrowser => {
            refused_before_the_token(trial)
        }
        Check::Replay => replay(trial),
        Check::TwoCitizens => two_citizens(trial),
        Check::NonceOther
        | Check::NonceAbsent
        | Check::IssuerOfToken
        | Check::Audience
        | Check::Expired
        | Check::Unsigned
        | Check::Signature
        | Check::LevelLower
        | Check::UnknownKey => refused(trial),
        Check::SubjectOfUserinfo => {
            let reads = |trial: &Trial| trial.begun.as_ref().is_ok_and(|login| login.userinfo_calls > 0);
            if !control.is_some_and(reads) {
                return Verdict::NotMade(Reason::NoUserinfo);
            }
            refused(trial)
        }
        Check::Cancelled => cancelled(trial),
        Check::Outage | Check::Silence => clear_page(trial),
        Check::Logout => logout(trial),
        Check::BackchannelLogout => notice(trial),
        Check::BackchannelForged => forged_notice(trial),
    };
    if found.is_empty() { Verdict::Passed } else { Verdict::Failed(found) }
}

/// The sign-in, or what to tell of there being none.
fn begun(trial: &Trial) -> Result<&Login, Vec<Finding>> {
    trial.begun.as_ref().map_err(|trouble| vec![Finding::NotBegun(*trouble)])
}

fn request(check: Check, trial: &Trial) -> Vec<Finding> {
    match begun(trial) {
        Err(found) => found,
        Ok(login) => {
            login.asked.flaws.iter().filter(|flaw| flaw.check() == check).map(|flaw| Finding::Flaw(*flaw)).collect()
        }
    }
}

/// What keeps a landing from telling anything.
fn nowhere(landing: Option<&Landing>, told: impl Fn(Trouble) -> Finding) -> Option<Finding> {
    match landing {
        Some(Landing::Nowhere(trouble)) => Some(told(*trouble)),
        Some(Landing::Page { .. } | Landing::Provider) => None,
        None => Some(told(Trouble::Stayed)),
    }
}

fn accepted(trial: &Trial) -> Vec<Finding> {
    if let Err(found) = begun(trial) {
        return found;
    }
    if let Some(found) = nowhere(trial.landing.as_ref(), Finding::NoLanding) {
        return vec![found];
    }
    if trial.landing == Some(Landing::Provider) {
        return vec![Finding::SentBack];
    }
    if let Some(Landing::Page { status: status @ 500.., .. }) = trial.landing {
        return vec![Finding::Crashed(status)];
    }
    if let Some(found) = nowhere(trial.page.as_ref(), Finding::NoPage) {
        return vec![found];
    }
    match trial.page.as_ref().map(Landing::shows) {
        Some(Shows::TheCitizen) => Vec::new(),
        Some(Shows::SomebodyElse) => vec![Finding::MixedUp],
        Some(Shows::Nobody) | None => vec![Finding::NotShown],
    }
}

fn token_request(trial: &Trial) -> Vec<Finding> {
    let login = match begun(trial) {
        Ok(login) => login,
        Err(found) => return found,
    };
    let Some(call) = login.calls.first() else { return vec![Finding::TokenNotCalled] };
    let proof = match call.proof {
        Proof::Right => None,
        Proof::Wrong => Some(Finding::ProofWrong),
        Proof::Absent => Some(Finding::ProofAbsent),
    };
    let redirect = match call.redirect {
        SameRedirect::Same => None,
        SameRedirect::Other => Some(Finding::RedirectOther),
    };
    let again = (login.calls.len() > 1).then_some(Finding::CodeAgain);
    [proof, redirect, again].into_iter().flatten().collect()
}

fn verifier(trial: &Trial) -> Vec<Finding> {
    let login = match begun(trial) {
        Ok(login) => login,
        Err(found) => return found,
    };
    match login.calls.first().map(|call| call.verifier) {
        None => vec![Finding::TokenNotCalled],
        Some(Verifier::Right | Verifier::NotAsked) => Vec::new(),
        Some(Verifier::Wrong) => vec![Finding::VerifierWrong],
        Some(Verifier::Absent) => vec![Finding::VerifierAbsent],
    }
}

/// Whoever is shown although nobody should be.
fn signed_in(trial: &Trial) -> Option<Finding> {
    match trial.shows() {
        Shows::Nobody => None,
        Shows::TheCitizen => Some(Finding::SignedIn),
        Shows::SomebodyElse => Some(Finding::MixedUp),
    }
}

/// What keeps a trial from telling that the site refused: it must have answered, and its page be readable.
fn untold(trial: &Trial) -> Option<Finding> {
    nowhere(trial.landing.as_ref(), Finding::NoLanding).or_else(|| nowhere(trial.page.as_ref(), Finding::NoPage))
}

fn refused_before_the_token(trial: &Trial) -> Vec<Finding> {
    let login = match begun(trial) {
        Ok(login) => login,
        Err(found) => return found,
    };
    let called = (!login.calls.is_empty()).then_some(Finding::TokenCalled);
    [untold(trial), called, signed_in(trial)].into_iter().flatten().collect()
}

fn refused(trial: &Trial) -> Vec<Finding> {
    let login = match begun(trial) {
        Ok(login) => login,
        Err(found) => return found,
    };
    let given = login.calls.iter().any(|call| call.outcome == Outcome::Tokens);
    let fetched = match (login.calls.is_empty(), given) {
        (true, _) => Some(Finding::TokenNotCalled),
        (false, false) => Some(Finding::TokenNotGiven),
        (false, true) => None,
    };
    [untold(trial), fetched, signed_in(trial)].into_iter().flatten().collect()
}

/// The answer was opened again in the browser that it was for, after it had signed the citizen in.
fn replay(trial: &Trial) -> Vec<Finding> {
    let login = match begun(trial) {
        Ok(login) => login,
        Err(found) => return found,
    };
    if let Some(found) = nowhere(trial.after.as_ref(), Finding::NoLanding) {
        return vec![found];
    }
    let again = (login.calls.len() > 1).then_some(Finding::CodeAgain);
    let none = login.calls.is_empty().then_some(Finding::TokenNotCalled);
    [none, again].into_iter().flatten().collect()
}

/// `page` is what the first browser shows, `after` what the second does: each its own citizen.
fn two_citizens(trial: &Trial) -> Vec<Finding> {
    if let Err(found) = begun(trial) {
        return found;
    }
    let judged = [&trial.page, &trial.after].map(|page| {
        nowhere(page.as_ref(), Finding::NoPage).or(match page.as_ref().map(Landing::shows) {
            Some(Shows::TheCitizen) => None,
            Some(Shows::SomebodyElse) => Some(Finding::MixedUp),
            Some(Shows::Nobody) | None => Some(Finding::NotShown),
        })
    });
    let mut found: Vec<Finding> = judged.into_iter().flatten().collect();
    found.dedup();
    found
}

/// What is wrong with a page that tells of something that did not work.
fn poor(landing: Option<&Landing>) -> Option<Finding> {
    match landing {
        Some(Landing::Page { status: 500, .. }) => Some(Finding::Crashed(500)),
        Some(Landing::Page { text: Written::Nothing, .. }) => Some(Finding::Blank),
        Some(Landing::Page { .. } | Landing::Provider) => None,
        Some(Landing::Nowhere(trouble)) => Some(Finding::NoLanding(*trouble)),
        None => Some(Finding::NoLanding(Trouble::Stayed)),
    }
}

/// `after` is where a new beginning leads: to the provider.
fn cancelled(trial: &Trial) -> Vec<Finding> {
    let login = match begun(trial) {
        Ok(login) => login,
        Err(found) => return found,
    };
    let page = match trial.landing {
        Some(Landing::Page { status: status @ 500.., .. }) => Some(Finding::Crashed(status)),
        Some(Landing::Provider) => Some(Finding::SentBack),
        Some(Landing::Page { .. } | Landing::Nowhere(_)) | None => poor(trial.landing.as_ref()),
    };
    let called = (!login.calls.is_empty()).then_some(Finding::TokenCalled);
    let retry = (trial.after != Some(Landing::Provider)).then_some(Finding::NoRetry);
    [page, called, signed_in(trial), retry].into_iter().flatten().collect()
}

fn clear_page(trial: &Trial) -> Vec<Finding> {
    let login = match begun(trial) {
        Ok(login) => login,
        Err(found) => return found,
    };
    let called = login.calls.is_empty().then_some(Finding::TokenNotCalled);
    let sent_back = (trial.landing == Some(Landing::Provider)).then_some(Finding::SentBack);
    [called, poor(trial.landing.as_ref()), sent_back, signed_in(trial)].into_iter().flatten().collect()
}

fn logout(trial: &Trial) -> Vec<Finding> {
    let login = match begun(trial) {
        Ok(login) => login,
        Err(found) => return found,
    };
    let still = match trial.after.as_ref().map(Landing::shows) {
        Some(Shows::TheCitizen | Shows::SomebodyElse) => Some(Finding::StillSignedIn),
        Some(Shows::Nobody) => nowhere(trial.after.as_ref(), Finding::NoPage),
        None => Some(Finding::NoPage(Trouble::Stayed)),
    };
    let Some(seen) = login.logout else {
        return [Some(Finding::NoEndSession), still].into_iter().flatten().collect();
    };
    let hint = match seen.hint {
        HintSeen::Right => None,
        HintSeen::Wrong => Some(Finding::HintWrong),
        HintSeen::Absent => Some(Finding::HintAbsent),
    };
    let back = match seen.redirect {
        RedirectSeen::Registered => None,
        RedirectSeen::Other | RedirectSeen::Absent => Some(Finding::NoWayBack),
    };
    [hint, back, still].into_iter().flatten().collect()
}

/// `landing` is what the site answered to the notice, `after` what its page shows then.
fn notice(trial: &Trial) -> Vec<Finding> {
    if let Err(found) = begun(trial) {
        return found;
    }
    let taken = match trial.landing {
        Some(Landing::Page { status: 200..=299, .. }) => None,
        Some(Landing::Page { status, .. }) => Some(Finding::NoticeRefused(status)),
        Some(Landing::Nowhere(trouble)) => Some(Finding::NoLanding(trouble)),
        Some(Landing::Provider) | None => Some(Finding::NoLanding(Trouble::Stayed)),
    };
    let still = match trial.after.as_ref().map(Landing::shows) {
        Some(Shows::TheCitizen | Shows::SomebodyElse) => Some(Finding::StillSignedIn),
        Some(Shows::Nobody) | None => nowhere(trial.after.as_ref(), Finding::NoPage),
    };
    [taken, still].into_iter().flatten().collect()
}

fn forged_notice(trial: &Trial) -> Vec<Finding> {
    if let Err(found) = begun(trial) {
        return found;
    }
    let taken = match trial.landing {
        Some(Landing::Page { status: status @ 200..=299, .. }) => Some(Finding::NoticeTaken(status)),
        Some(Landing::Nowhere(trouble)) => Some(Finding::NoLanding(trouble)),
        Some(Landing::Page { .. }) => None,
        Some(Landing::Provider) | None => Some(Finding::NoLanding(Trouble::Stayed)),
    };
    let out = match trial.after.as_ref().map(Landing::shows) {
        Some(Shows::TheCitizen) => None,
        Some(Shows::SomebodyElse) => Some(Finding::MixedUp),
        Some(Shows::Nobody) | None => Some(Finding::SignedOut),
    };
    [taken, out].into_iter().flatten().collect()
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;

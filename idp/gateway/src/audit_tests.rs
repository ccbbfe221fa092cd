use std::collections::{BTreeMap, BTreeSet};

use domain::oidc::error::{GrantFault, TokenError};

use super::*;

/// The table that operators read: code and meaning, row by row.
const TABLE: &str = include_str!("../../audit-codes.md");

fn documented() -> Vec<&'static str> {
    let rows = TABLE.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    rows.map(|(code, _)| code).collect()
}

#[test]
fn every_code_is_documented_once_and_no_other_is() {
    let codes: BTreeSet<String> = Code::all().map(|code| code.to_string()).collect();
    let documented = documented();
    let known: BTreeSet<String> = documented.iter().map(|&code| code.to_owned()).collect();
    assert_eq!(known.len(), documented.len(), "a code stands in two rows");
    assert_eq!(known, codes);
}

#[test]
fn a_code_is_a_name_that_machines_can_match() {
    let mut seen = BTreeMap::new();
    for code in Code::all() {
        let name = code.to_string();
        assert!(name.split('.').count() == 2 || code == Code::Other(Other::Unnamed), "{name}");
        assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._".contains(&byte)), "{name}");
        assert_eq!(seen.insert(name.clone(), code), None, "{name} is the name of two");
    }
}

#[test]
fn an_error_that_nobody_named_is_told_as_such_and_the_first_reason_stays() {
    let answer = |status: StatusCode| {
        let mut response = Response::default();
        *response.status_mut() = status;
        response
    };
    let code = |mut response: Response| entry(&mut response).map(|entry| entry.code.to_string());
    for (status, expected) in [
        (StatusCode::OK, None),
        (StatusCode::SEE_OTHER, None),
        (StatusCode::NOT_MODIFIED, None),
        (StatusCode::BAD_REQUEST, Some("unnamed")),
        (StatusCode::UNSUPPORTED_MEDIA_TYPE, Some("unnamed")),
        (StatusCode::INTERNAL_SERVER_ERROR, Some("unnamed")),
        (StatusCode::REQUEST_TIMEOUT, Some("server.timeout")),
        (StatusCode::PAYLOAD_TOO_LARGE, Some("wire.too_long")),
    ] {
        assert_eq!(code(answer(status)).as_deref(), expected, "{status}");
    }
    let marked = mark(mark(answer(StatusCode::SEE_OTHER), Other::TokenRefused), Other::Unnamed);
    assert_eq!(code(marked).as_deref(), Some("token.refused"));
}

#[test]
fn every_error_of_the_token_endpoint_has_a_code_of_its_own_kind() {
    for (error, code) in [
        (TokenError::InvalidClient, "client.unauthenticated"),
        (TokenError::AssertionReused, "client.assertion_reused"),
        (TokenError::InvalidRequest("x"), "request.invalid_request"),
        (TokenError::InvalidGrant(GrantFault::CodeReplayed), "grant.code_replayed"),
        (TokenError::UnsupportedGrantType, "grant.unsupported_type"),
        (TokenError::InvalidDpopProof("x"), "dpop.proof_invalid"),
        (TokenError::DpopProofReused, "dpop.proof_reused"),
        (TokenError::UseDpopNonce, "dpop.nonce_due"),
    ] {
        assert_eq!(Code::from(error).to_string(), code);
    }
}

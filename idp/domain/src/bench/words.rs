//! What is told of a finding, in both languages.

use super::asked::Flaw;
use super::trial::Trouble;
use super::verdict::{Finding, Reason};

/// A sentence in both languages.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Told {
    /// In French.
    pub fr: String,
    /// In English.
    pub en: String,
}

impl Told {
    fn new(fr: impl Into<String>, en: impl Into<String>) -> Self {
        Self { fr: fr.into(), en: en.into() }
    }
}

impl Flaw {
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Unreadable => {
                ("la demande n’est pas lisible (encodage, taille)", "the request cannot be read (encoding, size)")
            }
            Self::Repeated => ("un paramètre est envoyé plusieurs fois", "a parameter is sent more than once"),
            Self::ResponseType => ("response_type n’est pas code", "response_type is not code"),
            Self::Client => ("client_id n’est pas celui du banc", "client_id is not the one of the bench"),
            Self::Redirect => (
                "redirect_uri manque ou n’est pas enregistrée à la lettre",
                "redirect_uri is missing or not registered letter by letter",
            ),
            Self::Scope => ("scope ne contient pas openid", "scope has no openid"),
            Self::RequestObject => (
                "un objet de requête est envoyé, que cet émetteur n’annonce pas",
                "a request object is sent, which this issuer does not announce",
            ),
            Self::StateMissing => ("state manque", "state is missing"),
            Self::StateShort => ("state a moins de 22 caractères", "state has fewer than 22 characters"),
            Self::StateReused => {
                ("state est celui d’une connexion précédente", "state is the one of an earlier sign-in")
            }
            Self::NonceMissing => ("nonce manque", "nonce is missing"),
            Self::NonceShort => ("nonce a moins de 22 caractères", "nonce has fewer than 22 characters"),
            Self::NonceReused => (
                "nonce est celui d’une connexion précédente, ou le state",
                "nonce is the one of an earlier sign-in, or the state",
            ),
            Self::ChallengeMissing => ("code_challenge manque", "code_challenge is missing"),
            Self::ChallengeMethod => ("code_challenge_method n’est pas S256", "code_challenge_method is not S256"),
            Self::ChallengeForm => (
                "code_challenge n’est pas le base64url de 32 octets",
                "code_challenge is not the base64url of 32 bytes",
            ),
            Self::ChallengeReused => (
                "code_challenge est celui d’une connexion précédente",
                "code_challenge is the one of an earlier sign-in",
            ),
            Self::LevelMissing => ("acr_values manque", "acr_values is missing"),
            Self::LevelUnknown => ("acr_values ne nomme aucun niveau", "acr_values names no level"),
        }
    }
}

impl Trouble {
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Refused => (
                "l’adresse mène dans un réseau que le banc ne visite pas",
                "the address leads into a network that the bench does not visit",
            ),
            Self::Elsewhere => (
                "une redirection mène à un autre hôte que ceux du site",
                "a redirect leads to a host that is not one of the site's",
            ),
            Self::TooManyRedirects => ("trop de redirections", "too many redirects"),
            Self::BadRedirect => {
                ("une redirection sans adresse lisible", "a redirect without an address that can be read")
            }
            Self::TooLarge => ("une réponse trop grande", "an answer that is too large"),
            Self::Compressed => {
                ("une réponse compressée que personne n’a demandée", "a compressed answer that nobody asked for")
            }
            Self::TimedOut => ("pas de réponse à temps", "no answer in time"),
            Self::Unreachable => ("le site n’est pas joignable", "the site cannot be reached"),
            Self::Stayed => ("le site est resté sur sa page", "the site stayed on its own page"),
        }
    }
}

impl Reason {
    /// What is told of it.
    pub const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::NoSignIn => ("d’abord une connexion ordinaire doit réussir", "an ordinary sign-in must work first"),
            Self::NoChallenge => ("d’abord un défi PKCE doit être envoyé", "a PKCE challenge must be sent first"),
            Self::NoUserinfo => ("le site ne lit jamais userinfo", "the site never reads userinfo"),
            Self::NoLogoutAddress => {
                ("aucune adresse de déconnexion n’a été donnée", "no address for signing out was given")
            }
            Self::NoNoticeAddress => (
                "aucune adresse pour les avis de déconnexion n’a été donnée",
                "no address for logout notices was given",
            ),
            Self::OutOfTime => ("le temps du passage était écoulé", "the time of the run was over"),
        }
    }
}

impl Finding {
    /// What is told of it.
    pub fn told(self) -> Told {
        let with = |fr: &str, en: &str, (more_fr, more_en): (&str, &str)| {
            Told::new(format!("{fr} : {more_fr}"), format!("{en}: {more_en}"))
        };
        match self {
            Self::Flaw(flaw) => {
                let (fr, en) = flaw.words();
                Told::new(fr, en)
            }
            Self::NotBegun(trouble) => with(
                "la connexion n’a pas mené au fournisseur",
                "the login did not lead to the provider",
                trouble.words(),
            ),
            Self::NoLanding(trouble) => {
                with("le retour n’a mené nulle part", "the return led nowhere", trouble.words())
            }
            Self::NoPage(trouble) => {
                with("la page indiquée n’est pas lisible", "the page you named cannot be read", trouble.words())
            }
            Self::SentBack => Told::new(
                "le site a renvoyé aussitôt vers le fournisseur, sans page",
                "the site sent the browser back to the provider at once, without a page",
            ),
            Self::NotShown => {
                Told::new("la page ne montre pas l’usager connecté", "the page does not show the citizen")
            }
            Self::SignedIn => Told::new("l’usager est connecté malgré tout", "the citizen is signed in all the same"),
            Self::MixedUp => {
                Told::new("un navigateur montre l’usager d’un autre", "a browser shows the citizen of another one")
            }
            Self::TokenCalled => Told::new(
                "/token a été appelé alors qu’il fallait s’arrêter",
                "/token was called where the site should have stopped",
            ),
            Self::TokenNotCalled => Told::new(
                "/token n’a jamais été appelé : rien n’est prouvé",
                "/token was never called: nothing is proved",
            ),
            Self::ProofAbsent => Told::new("le client ne s’est pas authentifié", "the client did not authenticate"),
            Self::ProofWrong => Told::new(
                "l’identifiant ou le secret du client est faux, ou envoyé deux fois",
                "the client's id or secret is wrong, or was sent twice",
            ),
            Self::RedirectOther => {
                Told::new("redirect_uri n’est pas celle de la demande", "redirect_uri is not that of the request")
            }
            Self::CodeAgain => {
                Told::new("le même code a été présenté plusieurs fois", "the same code was presented more than once")
            }
            Self::VerifierAbsent => Told::new("code_verifier manque", "code_verifier is missing"),
            Self::VerifierWrong => {
                Told::new("code_verifier ne répond pas au défi", "code_verifier does not answer the challenge")
            }
            Self::TokenNotGiven => Told::new(
                "l’appel de /token a été refusé : rien n’est prouvé",
                "the call of /token was refused: nothing is proved",
            ),
            Self::Crashed(status) => {
                Told::new(format!("le site a répondu {status}"), format!("the site answered {status}"))
            }
            Self::Blank => Told::new("la page est vide", "the page is blank"),
            Self::NoRetry => Told::new("l’usager ne peut pas recommencer", "the citizen cannot begin again"),
            Self::NoEndSession => Told::new(
                "le navigateur n’est pas allé à end_session_endpoint",
                "the browser did not come to end_session_endpoint",
            ),
            Self::HintAbsent => Told::new("id_token_hint manque", "id_token_hint is missing"),
            Self::HintWrong => {
                Told::new("id_token_hint n’est pas celui de cette session", "id_token_hint is not of this session")
            }
            Self::NoWayBack => Told::new(
                "post_logout_redirect_uri manque ou n’est pas enregistrée",
                "post_logout_redirect_uri is missing or not registered",
            ),
            Self::StillSignedIn => Told::new("l’usager est toujours connecté", "the citizen is still signed in"),
            Self::SignedOut => Told::new("l’usager n’est plus connecté", "the citizen is signed in no more"),
            Self::NoticeRefused(status) => {
                Told::new(format!("l’avis a été refusé ({status})"), format!("the notice was refused ({status})"))
            }
            Self::NoticeTaken(status) => Told::new(
                format!("le faux avis a été accepté ({status})"),
                format!("the forged notice was taken ({status})"),
            ),
        }
    }
}

//! `[mtls]`: where clients may present a certificate (RFC 8705), which authorities count, and whose word is taken for
//! a certificate that another machine saw.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use domain::oidc::metadata::{Chains, ClientCertificates};
use http::HeaderName;

use super::issuer::Issuer;
use super::listen::{Listen, TlsFiles, TrustedProxies, network, tls_files};
use super::reader::{Read, Section};

/// Whether and how clients present certificates.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mtls {
    /// Where the gateway itself asks for a certificate.
    pub(crate) door: Option<MtlsDoor>,
    /// The address that clients with certificates call (RFC 8705 §5), when it is another than the issuer.
    pub(crate) public_url: Option<Issuer>,
    /// A PEM file of the authorities that certificates of `tls_client_auth` come from.
    pub(crate) authorities: Option<PathBuf>,
    /// How proxies hand certificates on.
    pub(crate) forwarded: Option<Forwarded>,
}

/// A socket that asks for a certificate: apart from the pages, because a browser that is asked shows its user a dialog.
#[derive(Debug, Clone)]
pub(crate) struct MtlsDoor {
    /// The address to bind.
    pub(crate) address: SocketAddr,
    /// The certificate that the gateway shows there.
    pub(crate) tls: TlsFiles,
}

impl Mtls {
    /// Whether a client can present a certificate at all.
    fn is_offered(&self) -> bool {
        self.door.is_some() || self.forwarded.is_some()
    }

    /// What discovery tells of it.
    pub(crate) fn published(&self) -> ClientCertificates<'_> {
        if !self.is_offered() {
            return ClientCertificates::NotAsked;
        }
        let by_proxy = self.forwarded.as_ref().is_some_and(|forwarded| forwarded.chain == ForwardedChain::Verified);
        let chains = if by_proxy || self.authorities.is_some() { Chains::Judged } else { Chains::NotJudged };
        ClientCertificates::Asked { at: self.public_url.as_ref().map(Issuer::as_str), chains }
    }
}

/// How proxies that end TLS hand on the certificate of their peer.
#[derive(Debug, Clone)]
pub(crate) struct Forwarded {
    /// The header.
    pub(crate) header: HeaderName,
    /// What stands in it.
    pub(crate) form: CertificateForm,
    /// The proxies that set it on every request, or take it away. They are trusted proxies all.
    pub(crate) proxies: TrustedProxies,
    /// Who judges the chain.
    pub(crate) chain: ForwardedChain,
}

/// How a header carries a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CertificateForm {
    /// A byte sequence of structured fields (RFC 9440 §2.1); further certificates in `{header}-chain` (§2.2).
    ByteSequence,
    /// PEM, percent-encoded: `$ssl_client_escaped_cert` of nginx.
    EscapedPem,
}

/// Who judges the chain of a certificate that a proxy hands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ForwardedChain {
    /// The gateway, against its own authorities.
    Judged,
    /// The proxy did: it lets nothing else through.
    Verified,
}

pub(super) fn read(section: &Section<'_>, listen: Option<&Listen>) -> Read<Mtls> {
    let address = section.text("address", "", |text| match text {
        "" => Ok(None),
        _ => text.parse().map(Some).map_err(|_| "is not an address with a port, such as \"0.0.0.0:8443\"".to_owned()),
    });
    let public_url = section.text("public_url", "", |text| match text {
        "" => Ok(None),
        _ => match Issuer::parse(text)? {
            url if url.is_https() => Ok(Some(url)),
            _ => Err("must be https: a certificate is presented in TLS".to_owned()),
        },
    });
    let authorities = section.path("authorities");
    let forwarded = forwarded(section, listen);
    let own = tls_files(section)?;
    let tls = own.clone().or_else(|| listen.and_then(|listen| listen.tls.clone()));
    let door = match (address?, tls) {
        (Some(address), Some(tls)) => Some(MtlsDoor { address, tls }),
        (None, _) if own.is_some() => {
            return Err(section.contradiction("tls_certificate", "has no effect without `address`"));
        }
        (None, _) => None,
        (Some(_), None) => {
            return Err(section.contradiction(
                "tls_certificate",
                "is needed with `address`, here or in [listen]: certificates are presented in TLS",
            ));
        }
    };
    let mtls = Mtls { door, public_url: public_url?, authorities: authorities?, forwarded: forwarded? };
    if mtls.door.is_some() && mtls.public_url.is_none() {
        return Err(section.contradiction("public_url", "goes with `address`: say where clients reach it"));
    }
    if !mtls.is_offered() && (mtls.public_url.is_some() || mtls.authorities.is_some()) {
        let key = if mtls.public_url.is_some() { "public_url" } else { "authorities" };
        return Err(section.contradiction(key, "has no effect without `address` or `proxy_header`"));
    }
    Ok(mtls)
}

fn forwarded(section: &Section<'_>, listen: Option<&Listen>) -> Read<Option<Forwarded>> {
    let header = section.text("proxy_header", "", |text| match text {
        "" => Ok(None),
        _ => HeaderName::try_from(text).map(Some).map_err(|_| "is not the name of a header".to_owned()),
    });
    let form = section.text("proxy_header_form", "rfc9440", |text| match text {
        "rfc9440" => Ok(CertificateForm::ByteSequence),
        "escaped-pem" => Ok(CertificateForm::EscapedPem),
        _ => Err("must be \"rfc9440\" or \"escaped-pem\"".to_owned()),
    });
    let proxies = section.list("proxies", &[], network);
    let chain = section.choice(
        "proxy_verifies_chain",
        ForwardedChain::Judged,
        ForwardedChain::Verified,
        ForwardedChain::Judged,
    );
    let (header, form, proxies, chain) = (header?, form?, proxies?, chain?);
    let Some(header) = header else {
        if proxies.is_empty() {
            return Ok(None);
        }
        return Err(section.contradiction("proxies", "goes with `proxy_header`: give both or none"));
    };
    if proxies.is_empty() {
        return Err(section.contradiction(
            "proxies",
            "goes with `proxy_header`: name the proxies that set it on every request, or take it away",
        ));
    }
    let known = |network| listen.is_none_or(|listen| listen.trusted_proxies.include(network));
    if !proxies.iter().all(known) {
        return Err(section.contradiction("proxies", "must all lie within `listen.trusted_proxies`"));
    }
    Ok(Some(Forwarded { header, form, proxies: TrustedProxies::new(proxies), chain }))
}

impl Forwarded {
    /// Whether the certificate header of this peer is believed.
    pub(crate) fn believes(&self, peer: IpAddr) -> bool {
        self.proxies.holds(peer)
    }
}

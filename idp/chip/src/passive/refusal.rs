//! Why a document is refused: one code for each check, which never changes.

use std::fmt;

/// The checks, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Check {
    /// Sizes, and which files were delivered.
    Files,
    /// The security object is signed data in DER.
    SecurityObject,
    /// Its content is a list of hashes.
    ContentType,
    /// It has one signer, whose attributes are of the content.
    Attributes,
    /// The signer's certificate is found.
    Signer,
    /// The signature verifies with it.
    Signature,
    /// The list of hashes is well-formed.
    Hashes,
    /// Every group that was delivered is listed with its hash, and none is withheld.
    Groups,
    /// The signer's certificate is one of a document signer, for this document.
    SignerCertificate,
    /// A path leads to a pinned root.
    Path,
    /// No certificate of the path is revoked.
    Revocation,
    /// What the zone says.
    Document,
    /// The keys of the chip can be read.
    ChipKeys,
}

impl Check {
    /// All of them, in their order.
    pub const ALL: [Self; 13] = [
        Self::Files,
        Self::SecurityObject,
        Self::ContentType,
        Self::Attributes,
        Self::Signer,
        Self::Signature,
        Self::Hashes,
        Self::Groups,
        Self::SignerCertificate,
        Self::Path,
        Self::Revocation,
        Self::Document,
        Self::ChipKeys,
    ];

    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::SecurityObject => "security-object",
            Self::ContentType => "content-type",
            Self::Attributes => "signed-attributes",
            Self::Signer => "signer",
            Self::Signature => "signature",
            Self::Hashes => "hash-list",
            Self::Groups => "data-groups",
            Self::SignerCertificate => "signer-certificate",
            Self::Path => "path",
            Self::Revocation => "revocation",
            Self::Document => "document",
            Self::ChipKeys => "chip-keys",
        }
    }
}

macro_rules! coded {
    ($(#[$about:meta])* $name:ident { $($variant:ident $code:literal $sentence:literal,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $(#[doc = $sentence] $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code, which never changes.
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)*
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$variant => $sentence,)*
                })
            }
        }
    };
}

coded! {
    /// Why a document is refused.
    Refusal {
        SodTooLarge "SOD_TOO_LARGE" "the security object is too large",
        GroupTooLarge "GROUP_TOO_LARGE" "a data group is too large",
        GroupRepeated "GROUP_REPEATED" "a data group was delivered twice",
        GroupReserved "GROUP_RESERVED" "fingerprints or irises were delivered, which only a State may read",
        GroupMalformed "GROUP_MALFORMED" "a file is not the one object of its data group",
        GroupMandatory "GROUP_MANDATORY" "data group 1, or the one of the chip's key, was not delivered",
        SodMalformed "SOD_MALFORMED" "the file is no security object",
        SodNotDer "SOD_NOT_DER" "the security object is not DER",
        SodTrailing "SOD_TRAILING" "something stands after the security object",
        SodNotSignedData "SOD_NOT_SIGNED_DATA" "the security object is not signed data",
        ContentType "CONTENT_TYPE" "the content is not the list of hashes of a document",
        SignerCount "SIGNER_COUNT" "there is not exactly one signer",
        SignerMalformed "SIGNER_MALFORMED" "the signer's information cannot be read",
        AttributesMissing "ATTRIBUTES_MISSING" "there are no signed attributes",
        AttributeRepeated "ATTRIBUTE_REPEATED" "a signed attribute is repeated",
        AttributeContentType "ATTRIBUTE_CONTENT_TYPE" "the signed content type is another",
        AttributeDigest "ATTRIBUTE_DIGEST" "the signed digest is not of the content",
        SignerUnknown "SIGNER_UNKNOWN" "the certificate of the signer is not there",
        SignatureAlgorithm "SIGNATURE_ALGORITHM" "the signature algorithm or its parameters are not accepted",
        SignatureHash "SIGNATURE_HASH" "the hash function of the signature is not accepted",
        SignerKey "SIGNER_KEY" "the key of the signer is not accepted",
        SignatureInvalid "SIGNATURE_INVALID" "the signature of the security object does not verify",
        HashesMalformed "HASHES_MALFORMED" "the list of hashes cannot be read",
        HashesVersion "HASHES_VERSION" "the version of the list and its version information do not go together",
        HashesAlgorithm "HASHES_ALGORITHM" "the hash function of the list is not accepted",
        HashesCount "HASHES_COUNT" "the list has not 2 to 16 hashes",
        HashesRepeated "HASHES_REPEATED" "a data group is listed twice",
        GroupUnlisted "GROUP_UNLISTED" "a data group was delivered that the State did not sign",
        GroupHash "GROUP_HASH" "a data group is not the one that the State signed",
        GroupWithheld "GROUP_WITHHELD" "a data group was withheld that the State signed",
        SignerVersion "DS_VERSION" "the signer's certificate is not of version 3",
        SignerExtension "DS_CRITICAL_EXTENSION" "the signer's certificate has a critical extension that is not known",
        SignerKeyUsage "DS_KEY_USAGE" "the signer's certificate is not for signatures alone",
        SignerIsAuthority "DS_IS_AUTHORITY" "the signer's certificate is one of an authority",
        SignerExpired "DS_NOT_VALID" "the signer's certificate is not valid now",
        SignerIssueDate "DS_ISSUE_DATE" "the document was issued when the signer's certificate was not valid",
        SignerDocumentType "DS_DOCUMENT_TYPE" "the signer's certificate is for other documents",
        SignerCountry "DS_COUNTRY" "the signer's certificate, its authority and the document are of different countries",
        PathNoKey "PATH_NO_AUTHORITY_KEY" "a certificate does not say which key signed it",
        PathUnknown "PATH_UNKNOWN_ISSUER" "no path leads to a pinned root",
        PathName "PATH_OTHER_NAME" "the authority of the key has another name than the issuer",
        PathNotAuthority "PATH_NOT_AUTHORITY" "the certificate of the key is of no authority that may sign",
        PathAlgorithm "PATH_ALGORITHM" "a certificate is signed with an algorithm that is not accepted",
        PathSignature "PATH_SIGNATURE" "the signature of a certificate does not verify",
        PathNotValid "PATH_NOT_VALID" "an authority is not valid now",
        PathLength "PATH_LENGTH" "an authority admits fewer authorities below it",
        PathTooLong "PATH_TOO_LONG" "the path has too many certificates",
        PathBudget "PATH_BUDGET" "too many signatures would have to be checked",
        Revoked "REVOKED" "the signer, or an authority above it, is revoked",
        CrlMissing "CRL_MISSING" "there is no revocation list of the issuer",
        CrlUnsigned "CRL_UNSIGNED" "no trusted authority signed the revocation list",
        CrlStale "CRL_STALE" "the revocation list is too old",
        CrlNotYet "CRL_NOT_YET" "the revocation list is of a later moment",
        ZoneMalformed "MRZ_MALFORMED" "the machine readable zone cannot be read",
        ZoneCheckDigit "MRZ_CHECK_DIGIT" "a check digit of the machine readable zone is wrong",
        ZoneLayout "MRZ_LAYOUT" "the machine readable zone is not the one of a card",
        DocumentCode "DOCUMENT_CODE" "the document is no identity card",
        IssuingState "ISSUING_STATE" "the document is not of the French State",
        DocumentExpired "DOCUMENT_EXPIRED" "the document is expired",
        BirthDate "BIRTH_DATE" "the birth date is not plausible",
        HolderMinor "HOLDER_MINOR" "the holder is not proven to be of age",
        ChipKeysMalformed "CHIP_KEYS_MALFORMED" "the keys of the chip cannot be read",
    }
}

coded! {
    /// What was accepted, and should be known.
    Note {
        Ber "SOD_BER" "the security object was not DER and was read as BER",
        OldContentType "CONTENT_TYPE_OLD" "the content type is one of early documents",
        Sha1 "SHA1" "a signature or a hash is made with SHA-1",
        OtherSigner "SIGNER_IDENTIFIER" "the signer's identifier does not match the only certificate, which was tried",
        StoredSigner "SIGNER_STORED" "the signer's certificate came from the store",
        CountryUnknown "DS_COUNTRY_UNKNOWN" "the country of the signer's certificate is in no table of States",
        KnownSigner "SIGNER_KNOWN" "the signer was trusted before and still stands",
        NotDelivered "GROUP_NOT_DELIVERED" "a data group that is listed was not delivered",
        IssueDateEstimated "ISSUE_DATE_ESTIMATED" "the issue date is estimated from the expiry",
        IssueDateOutside "ISSUE_DATE_OUTSIDE" "the issue date is not inside the validity of the signer's certificate",
        UsagePeriodOutside "KEY_USAGE_PERIOD" "the issue date is not inside the usage period of the signer's key",
        ByLink "PATH_BY_LINK" "the path goes by a link or an intermediate authority",
        CrlGrace "CRL_IN_GRACE" "the successor of the revocation list is due",
        CrlAbsent "CRL_ABSENT" "no revocation list says that the signer is not revoked",
        Expired "EXPIRED" "the document is expired",
        ChipKeysUnreadable "CHIP_KEYS_UNREADABLE" "the keys of the chip cannot be read",
    }
}

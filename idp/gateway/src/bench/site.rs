//! Reading the addresses of a site.

use url::Url;

use crate::config::https_or_loopback;

/// Reads one of the addresses.
pub(crate) fn address(text: &str) -> Result<Url, String> {
    let url = https_or_loopback(text)?;
    if url.fragment().is_some() {
        return Err("must have no fragment".to_owned());
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_https_or_loopback_without_credentials() {
        for bad in ["http://v.example/", "ftp://v.example/", "https://a:b@v.example/", "https://v.example/#x", "x", ""]
        {
            assert!(address(bad).is_err(), "{bad}");
        }
        for good in ["https://v.example/a?b=c", "http://localhost:8400/"] {
            assert!(address(good).is_ok(), "{good}");
        }
    }
}

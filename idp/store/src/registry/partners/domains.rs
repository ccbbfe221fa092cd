//! The domains of mail that are an organisation's own, by the word of the operator.

use domain::organisation::siret::Siret;
use domain::partners::organisation::OwnDomain;
use domain::time::Timestamp;

use crate::StoreError;
use crate::registry::{Registry, failed};

impl Registry {
    /// Lists a domain as an organisation's own.
    pub async fn put_organisation_domain(
        &self,
        siret: &Siret,
        domain: &OwnDomain,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let insert =
            "INSERT INTO organisation_domains (siret, domain, added) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        sqlx::query(insert)
            .bind(siret.digits())
            .bind(domain.as_str())
            .bind(now.epoch())
            .execute(&self.writers)
            .await
            .map(|_| ())
            .map_err(failed)
    }

    /// Takes a domain off the list. What it proved before stays proved.
    pub async fn drop_organisation_domain(&self, siret: &Siret, domain: &OwnDomain) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM organisation_domains WHERE siret = $1 AND domain = $2")
            .bind(siret.digits())
            .bind(domain.as_str())
            .execute(&self.writers)
            .await
            .map(|_| ())
            .map_err(failed)
    }

    /// The domains of an organisation.
    pub async fn organisation_domains(&self, siret: &Siret) -> Result<Vec<OwnDomain>, StoreError> {
        let domains: Vec<String> =
            sqlx::query_scalar("SELECT domain FROM organisation_domains WHERE siret = $1 ORDER BY domain")
                .bind(siret.digits())
                .fetch_all(&self.readers)
                .await
                .map_err(failed)?;
        let corrupt = |_| StoreError::Corrupt { what: "organisation_domains" };
        domains.iter().map(|text| OwnDomain::parse(text).map_err(corrupt)).collect()
    }
}

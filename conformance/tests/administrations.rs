//! Two administrations that hold data of citizens, and a town that may ask them.

use conformance::citizen::{Citizen, Page};
use conformance::data_provider::DataProvider;
use conformance::people::PASSWORD;
use conformance::relying_party::{Ask, RelyingParty};
use conformance::scene::Setting;
use conformance::upstream::ProviderId;
use serde_json::{Value, json};

use crate::journey::{Journey, accept, citizen_of, expect, to_login};

/// The scene with both.
pub(crate) struct Administrations {
    pub(crate) journey: Journey,
    pub(crate) tax: DataProvider,
    pub(crate) health: DataProvider,
    pub(crate) town: RelyingParty,
}

impl Administrations {
    /// Opens them, and registers a public town for both.
    pub(crate) async fn open() -> Self {
        Self::set(Setting::default(), &json!({})).await
    }

    /// The same in a scene set in a special way, and a town with `more` in its metadata.
    pub(crate) async fn set(setting: Setting, more: &Value) -> Self {
        let journey = Journey::set(setting).await;
        let installation = journey.scene.gateway.installation();
        let own = json!({});
        let tax = DataProvider::open(installation, "API Impôts", "openid dgfip_rfr dgfip_nbpart", &own).await.unwrap();
        let health = DataProvider::open(installation, "API Santé", "openid cnam_caisse", &own).await.unwrap();
        let mut metadata = RelyingParty::ordinary("Ville sociale");
        metadata["scope"] = json!("openid profile email dgfip_rfr dgfip_nbpart cnam_caisse");
        metadata["authorization_details_types"] = json!(["data_sharing"]);
        metadata["passerelle"]["resources"] = json!([tax.resource(), health.resource()]);
        for (name, value) in more.as_object().into_iter().flatten() {
            match (name.as_str(), value) {
                ("kind", value) => metadata["passerelle"]["kind"] = value.clone(),
                (name, value) => metadata[name] = value.clone(),
            }
        }
        let town = journey.register(&metadata).await;
        Self { journey, tax, health, town }
    }

    /// A citizen who stops at the town.
    pub(crate) fn citizen(&self) -> Citizen {
        citizen_of(&self.town)
    }

    /// The page that tells angela what will be sent.
    pub(crate) async fn informed(&self, citizen: &mut Citizen, ask: &Ask) -> Page {
        let login = to_login(citizen, ask, ProviderId::Impots).await;
        expect(citizen.sign_in(&login, "angela", PASSWORD).await.unwrap(), "inform")
    }

    /// The code of a fresh sign-in of angela.
    pub(crate) async fn code(&self, ask: &Ask) -> String {
        let mut citizen = self.citizen();
        let inform = self.informed(&mut citizen, ask).await;
        let back = accept(&mut citizen, &inform).await;
        back.parameter("code").unwrap_or_else(|| panic!("{}", back.brief()))
    }

    /// Redeems a code, with `more` in the form.
    pub(crate) async fn redeem(&self, ask: &Ask, code: &str, more: &[(&str, &str)]) -> (u16, Value) {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.town.redirect_uri),
            ("code_verifier", &ask.verifier),
        ];
        form.extend_from_slice(more);
        let answer = self.town.token_request(&form).await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// The answer of the token endpoint after a fresh sign-in of angela.
    pub(crate) async fn tokens(&self, ask: &Ask) -> Value {
        let code = self.code(ask).await;
        let (status, tokens) = self.redeem(ask, &code, &[]).await;
        assert_eq!(status, 200, "{tokens}");
        tokens
    }

    /// A fresh access token of angela for the tax administration.
    pub(crate) async fn tax_token(&self) -> String {
        access(&self.tokens(&self.town.ask("openid profile dgfip_rfr").and("resource", self.tax.resource())).await)
    }
}

/// The access token of an answer.
pub(crate) fn access(tokens: &Value) -> String {
    tokens["access_token"].as_str().unwrap_or_else(|| panic!("{tokens}")).to_owned()
}

/// What an inactive token is told to be.
pub(crate) fn inactive() -> Value {
    json!({ "active": false })
}

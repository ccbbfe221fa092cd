//! C02, C12, C17, D05: what counts once counts once, whatever the order of the requests and the nodes they reach.
//!
//! A round takes one thing that counts once, and draws how it is used: by how many requests, honest or not, at which
//! node each, which of them at the same time. Whatever was drawn, at most one request succeeds.
//!
//! ```text
//!  seed ──▶ [ use@1 | use@2, bad@1, use@1 | use@2 ]      bars: one after the other; commas: at the same time
//! ```
//!
//! The seed is random, and told by a round that fails; `PASSERELLE_TEST_SEED` draws the same again.

use conformance::citizen::Citizen;
use conformance::fapi::{Answer, Tokens};
use conformance::jose::SigningKey;
use conformance::relying_party::{ASSERTION_TYPE, Ask};
use conformance::{or_skip, random};
use futures_util::future::join_all;
use http::Method;
use serde_json::Value;

use crate::fapi::{Fleet, Secured};
use crate::journey::{Journey, accept, expect};

/// Rounds of each kind.
const ROUNDS: usize = 24;

/// What counts once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Thing {
    Code,
    Handle,
    Proof,
    Assertion,
    RefreshToken,
}

impl Thing {
    const ALL: [Self; 5] = [Self::Code, Self::Handle, Self::Proof, Self::Assertion, Self::RefreshToken];
}

/// One request of a round.
#[derive(Debug, Clone, Copy)]
struct Use {
    node: usize,
    honest: bool,
}

/// The requests of a round: groups one after the other, those of a group at the same time.
type Plan = Vec<Vec<Use>>;

/// SplitMix64: small, and the same on every machine.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound).unwrap()).unwrap()
    }

    fn plan(&mut self, nodes: usize) -> Plan {
        let groups = 1 + self.below(3);
        let mut plan: Plan = (0..groups)
            .map(|_| {
                let uses = 1 + self.below(8);
                (0..uses).map(|_| Use { node: self.below(nodes), honest: self.below(5) > 0 }).collect()
            })
            .collect();
        // One honest use at least: a round in which nobody could succeed proves nothing.
        let group = self.below(groups);
        plan[group].push(Use { node: self.below(nodes), honest: true });
        plan
    }
}

/// A service as each node is asked by it, and a citizen who is signed in.
struct World {
    nodes: Vec<Secured>,
    citizen: Citizen,
    rotates: Rotates,
}

/// Whether the service proves no key, so that its refresh tokens rotate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rotates {
    No,
    Yes,
}

impl Rotates {
    fn adapt(self, metadata: &mut Value) {
        if self == Self::Yes {
            metadata["passerelle"]["profile"] = "standard".into();
            metadata["dpop_bound_access_tokens"] = false.into();
        }
    }
}

impl World {
    async fn set(nodes: Vec<Secured>, rotates: Rotates) -> Self {
        let first = &nodes[0];
        let mut citizen = first.citizen();
        let url = first.party.pushed(&first.party.ask("openid profile"), None).await.unwrap();
        first.code_at(&mut citizen, &url).await;
        Self { nodes, citizen, rotates }
    }

    fn holder(&self) -> &SigningKey {
        &self.nodes[0].holder
    }

    /// A request that the citizen's session answers without a page.
    async fn silent(&self) -> (Ask, String) {
        let (first, ask) = (&self.nodes[0], self.nodes[0].party.ask("openid profile").and("prompt", "none"));
        let url = first.party.pushed(&ask, None).await.unwrap();
        (ask, url)
    }

    async fn offline(&self) -> Tokens {
        let (first, ask) = (&self.nodes[0], self.nodes[0].party.ask_offline("openid profile"));
        let url = first.party.pushed(&ask, None).await.unwrap();
        let mut citizen = self.citizen.clone();
        let inform = expect(citizen.open(&url).await.unwrap(), "inform");
        let code = accept(&mut citizen, &inform).await.parameter("code").unwrap();
        let answer = match self.rotates {
            Rotates::No => first.party.redeem(&ask, &code, self.holder()).await,
            Rotates::Yes => first.party.redeem_unproven(&ask, &code).await,
        };
        answer.unwrap().tokens().unwrap()
    }

    /// Makes every request of a plan; the fruits of those that succeeded.
    async fn run(&self, plan: &Plan, make: impl AsyncFn(&Secured, Use) -> Option<Fruit>) -> Vec<Fruit> {
        let mut fruits = Vec::new();
        for group in plan {
            let answers = join_all(group.iter().map(|one| make(&self.nodes[one.node], *one))).await;
            fruits.extend(answers.into_iter().flatten());
        }
        fruits
    }

    /// One code, redeemed with its verifier or another.
    async fn code(&self, plan: &Plan) -> Vec<Fruit> {
        let (ask, url) = self.silent().await;
        let back = self.citizen.clone().open(&url).await.unwrap();
        let code = back.parameter("code").unwrap_or_else(|| panic!("{}", back.brief()));
        let mut wrong = ask.clone();
        wrong.verifier = random::token();
        self.run(plan, async |service, one| {
            let shown = if one.honest { &ask } else { &wrong };
            let answer = service.party.redeem(shown, &code, self.holder()).await.unwrap();
            let codes = ["grant.code_unknown", "grant.code_replayed", "grant.verifier_wrong"];
            accounted(&answer, if one.honest { &codes[..2] } else { &codes });
            assert!(one.honest || answer.status == 400, "a wrong verifier redeems nothing");
            answer.tokens().ok().map(Fruit::Tokens)
        })
        .await
    }

    /// One pushed request, opened by the citizen in many tabs, for its service or another.
    async fn handle(&self, plan: &Plan) -> Vec<Fruit> {
        let (_, url) = self.silent().await;
        let foreign = url.replacen(&self.nodes[0].party.party.client_id, "another", 1);
        self.run(plan, async |service, one| {
            let url = service.party.reached(if one.honest { &url } else { &foreign });
            let back = self.citizen.clone().open(&url).await.unwrap();
            let given = back.parameter("code").map(|_| Fruit::Other);
            if given.is_none() {
                let codes = ["page.P102", "page.P106", "signin.reference_spent"];
                assert!(codes.contains(&back.refusal().as_str()), "{}", back.refusal());
            }
            given
        })
        .await
    }

    /// One proof, shown at userinfo or where it is not for.
    async fn proof(&self, plan: &Plan, token: &str) -> Vec<Fruit> {
        let (party, url) = (&self.nodes[0].party, &self.nodes[0].party.party.metadata.userinfo_endpoint);
        let proof = party.proof(self.holder(), &Method::GET, url).with_token(token).signed(self.holder());
        let authorization = format!("DPoP {token}");
        self.run(plan, async |service, one| {
            let headers = [("authorization", authorization.as_str()), ("dpop", proof.as_str())];
            let method = if one.honest { Method::GET } else { Method::POST };
            let answer = service.party.send(method, url, &headers, &[]).await.unwrap();
            accounted(&answer, if one.honest { &["dpop.proof_reused"] } else { &["dpop.proof_invalid"] });
            (answer.status == 200).then_some(Fruit::Other)
        })
        .await
    }

    /// One client assertion, with a request that can be pushed or with one of another client.
    async fn assertion(&self, plan: &Plan) -> Vec<Fruit> {
        let (party, assertion) = (&self.nodes[0].party, self.nodes[0].party.assertion());
        let (ask, url) = (party.ask("openid"), &party.party.metadata.pushed_authorization_request_endpoint);
        let foreign = ask.clone().with("client_id", "another");
        let own = [("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion.as_str())];
        self.run(plan, async |service, one| {
            let ask = if one.honest { &ask } else { &foreign };
            let answer = service.party.send(Method::POST, url, &[], &[&ask.form(), &own[..]].concat()).await.unwrap();
            accounted(&answer, if one.honest { &["client.assertion_reused"] } else { &["client.unauthenticated"] });
            (answer.status == 201).then_some(Fruit::Other)
        })
        .await
    }

    /// One refresh token that rotates, used for what was granted or for more.
    async fn refresh_token(&self, plan: &Plan) -> Vec<Fruit> {
        let token = self.offline().await.refresh_token.unwrap();
        self.run(plan, async |service, one| {
            let more: &[_] = if one.honest { &[] } else { &[("scope", "openid email")] };
            let answer = service.party.refresh(&token, None, more).await.unwrap();
            let codes = ["grant.refresh_unknown", "grant.refresh_replayed", "request.invalid_scope"];
            accounted(&answer, if one.honest { &codes[..2] } else { &codes });
            assert!(one.honest || answer.status == 400, "nothing is widened");
            answer.tokens().ok().map(Fruit::Tokens)
        })
        .await
    }

    /// After a thing was used twice, what came of it is dead.
    async fn is_dead(&self, tokens: &Tokens) {
        for service in &self.nodes {
            let url = &service.party.party.metadata.userinfo_endpoint;
            let answer = if tokens.token_type == "DPoP" {
                service.party.userinfo(&tokens.access_token, self.holder()).await.unwrap()
            } else {
                let authorization = format!("Bearer {}", tokens.access_token);
                service.party.send(Method::GET, url, &[("authorization", &authorization)], &[]).await.unwrap()
            };
            assert_eq!(answer.refusal(), (401, "invalid_token".into(), "token.refused".into()));
            if let Some(token) = &tokens.refresh_token {
                let answer = service.party.refresh(token, None, &[]).await.unwrap();
                assert_eq!(answer.refusal(), (400, "invalid_grant".into(), "grant.refresh_unknown".into()));
            }
        }
    }
}

/// Whoever does not succeed is accounted for under one of these codes.
fn accounted(answer: &Answer, codes: &[&str]) {
    if answer.status >= 400 {
        let (_, _, code) = answer.refusal();
        assert!(codes.contains(&code.as_str()), "{code}: {}", answer.body);
    }
}

/// What a request that succeeded gave.
#[derive(Debug)]
enum Fruit {
    Tokens(Tokens),
    Other,
}

/// Tells what was drawn when a round fails in any way.
struct Told<'a>(u64, Thing, &'a Plan);

impl Drop for Told<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self(seed, thing, plan) = self;
            println!("PASSERELLE_TEST_SEED={seed} draws {thing:?} used so: {plan:?}");
        }
    }
}

/// Draws rounds over services under FAPI 2.0, and over the same with tokens that rotate.
async fn nothing_succeeds_twice(secured: World, rotating: World) {
    let given = std::env::var("PASSERELLE_TEST_SEED").ok().map(|seed| seed.parse().unwrap());
    let seed = given.unwrap_or_else(|| u64::from_le_bytes(random::bytes()));
    let mut draw = Draw(seed);
    let token = secured.offline().await.access_token;
    for thing in std::iter::repeat_n(Thing::ALL, ROUNDS).flatten() {
        let plan = draw.plan(secured.nodes.len());
        let _told = Told(seed, thing, &plan);
        let fruits = match thing {
            Thing::Code => secured.code(&plan).await,
            Thing::Handle => secured.handle(&plan).await,
            Thing::Proof => secured.proof(&plan, &token).await,
            Thing::Assertion => secured.assertion(&plan).await,
            Thing::RefreshToken => rotating.refresh_token(&plan).await,
        };
        let uses: Vec<_> = plan.iter().flatten().collect();
        // A code is spent by whoever presents it, and so may be gone before its owner comes.
        let certain = thing != Thing::Code || uses.iter().all(|one| one.honest);
        assert!(fruits.len() <= 1, "{thing:?} succeeded {} times", fruits.len());
        assert!(!certain || fruits.len() == 1, "{thing:?} succeeded for nobody");
        let honest = uses.iter().filter(|one| one.honest).count();
        let world = if thing == Thing::RefreshToken { &rotating } else { &secured };
        for fruit in &fruits {
            match fruit {
                Fruit::Tokens(tokens) if honest > 1 => world.is_dead(tokens).await,
                Fruit::Tokens(_) | Fruit::Other => {}
            }
        }
    }
}

#[tokio::test]
async fn nothing_succeeds_twice_in_memory() {
    let journey = Journey::start().await;
    let [secured, rotating] = [Rotates::No, Rotates::Yes].map(async |rotates| {
        let service = Secured::registered(&journey, |metadata| rotates.adapt(metadata)).await;
        World::set(vec![service], rotates).await
    });
    nothing_succeeds_twice(secured.await, rotating.await).await;
}

#[tokio::test]
async fn nothing_succeeds_twice_on_two_nodes_of_one_redis() {
    let fleet = or_skip!(Fleet::start().await);
    let [secured, rotating] = [Rotates::No, Rotates::Yes].map(async |rotates| {
        let services = fleet.registered(|metadata| rotates.adapt(metadata)).await;
        World::set(services.into(), rotates).await
    });
    nothing_succeeds_twice(secured.await, rotating.await).await;
}

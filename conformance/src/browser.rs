//! A citizen's real browser: headless Chromium, driven through WebDriver.

mod authenticator;
mod keyboard;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use serde::Deserialize;
use tempfile::TempDir;
use thirtyfour::cdp::domains::emulation::SetDeviceMetricsOverride;
use thirtyfour::prelude::*;
use tokio::time::Instant;

use crate::process::{Process, Signals, tied};
use crate::site::free_port;
use crate::tools::{Missing, Tool, node_file};
use crate::workspace::workshop;

pub use authenticator::Authenticator;
pub use keyboard::Keyboard;

/// How long the browser may take to start, and a page to show what is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is looked at meanwhile.
const PACE: Duration = Duration::from_millis(50);

/// A browser with an empty profile. Dropping it ends it.
#[derive(Debug)]
pub struct Browser {
    driver: WebDriver,
    _chromedriver: Process,
    profile: TempDir,
}

impl Drop for Browser {
    /// Chromium outlives a driver that is killed: after a failed test it is ended by the process id that it leaves in
    /// its own profile.
    fn drop(&mut self) {
        let lock = std::fs::read_link(self.profile.path().join("SingletonLock")).unwrap_or_default();
        if let Some((_, id)) = lock.to_string_lossy().rsplit_once('-') {
            let _gone = std::process::Command::new("kill").args(["-KILL", id]).status();
        }
    }
}

/// Whether pages may run scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scripts {
    /// As most citizens have it.
    On,
    /// As some have it.
    Off,
}

/// A size of window, in CSS pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Viewport {
    /// For file names.
    pub name: &'static str,
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

/// The four sizes that every page is looked at in.
pub const VIEWPORTS: [Viewport; 4] = [
    Viewport { name: "phone", width: 360, height: 740 },
    Viewport { name: "tablet", width: 768, height: 1024 },
    Viewport { name: "tablet-landscape", width: 1024, height: 768 },
    Viewport { name: "desktop", width: 1366, height: 900 },
];

/// A rule of axe-core that a page breaks.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Violation {
    /// Rule.
    pub id: String,
    /// What it asks.
    pub help: String,
    /// Where: the HTML of each place.
    pub places: Vec<String>,
}

impl Browser {
    /// Starts one that speaks French.
    ///
    /// # Panics
    /// When it is installed and does not start.
    pub async fn start(scripts: Scripts) -> Result<Self, Missing> {
        Self::start_in("fr", scripts).await
    }

    /// Starts one that speaks `language`.
    ///
    /// # Panics
    /// When it is installed and does not start.
    pub async fn start_in(language: &str, scripts: Scripts) -> Result<Self, Missing> {
        let (chromium, chromedriver) = (Tool::Chromium.find()?, Tool::Chromedriver.find()?);
        let started = Self::launch(&chromium, &chromedriver, language, scripts).await;
        Ok(started.expect("an installed Chromium starts"))
    }

    async fn launch(chromium: &Path, chromedriver: &Path, language: &str, scripts: Scripts) -> anyhow::Result<Self> {
        let port = free_port();
        let profile = TempDir::with_prefix("passerelle-browser-")?;
        let mut command = tied(chromedriver);
        command.arg(format!("--port={port}")).env("TMPDIR", profile.path());
        let mut process = Process::start("chromedriver", command, Signals::Shared)?;
        process.line("started successfully", PATIENCE).await?;
        let mut wanted = DesiredCapabilities::chrome();
        wanted.set_binary(chromium.to_str().context("a path in UTF-8")?)?;
        for argument in [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-default-apps",
            "--no-first-run",
        ] {
            wanted.add_arg(argument)?;
        }
        wanted.add_arg(&format!("--lang={language}"))?;
        wanted.add_arg(&format!("--accept-lang={language}"))?;
        wanted.add_arg(&format!("--user-data-dir={}", profile.path().display()))?;
        if scripts == Scripts::Off {
            let preferences = serde_json::json!({ "profile.managed_default_content_settings.javascript": 2 });
            wanted.add_experimental_option("prefs", preferences)?;
        }
        let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), wanted).await?;
        driver.set_script_timeout(PATIENCE).await?;
        Ok(Self { driver, _chromedriver: process, profile })
    }

    /// The WebDriver itself, for what this type has no word for.
    pub fn driver(&self) -> &WebDriver {
        &self.driver
    }

    /// Lets pages run scripts from now on, or none any more.
    pub async fn set_scripts(&self, scripts: Scripts) -> anyhow::Result<()> {
        let set = serde_json::json!({ "value": scripts == Scripts::Off });
        self.driver.cdp().send_raw("Emulation.setScriptExecutionDisabled", set).await?;
        Ok(())
    }

    /// Types an address.
    pub async fn open(&self, url: &str) -> anyhow::Result<()> {
        Ok(self.driver.goto(url).await?)
    }

    /// Waits until something visible matches.
    pub async fn see(&self, selector: &str) -> anyhow::Result<WebElement> {
        self.see_within(PATIENCE, selector).await
    }

    /// The same for something that takes its time, as a run of the bench does.
    pub async fn see_within(&self, patience: Duration, selector: &str) -> anyhow::Result<WebElement> {
        self.until_within(patience, selector, async || self.visible(selector).await).await
    }

    /// Presses what matches and waits for the document that comes of it.
    pub async fn press(&self, selector: &str) -> anyhow::Result<()> {
        let left = self
            .until(selector, async || {
                let Some(element) = self.visible(selector).await? else { return Ok(None) };
                let document = self.document().await?;
                element.click().await?;
                Ok(Some(document))
            })
            .await?;
        let arrived = async || Ok((self.document().await? != left).then_some(()));
        self.until(&format!("new document after {selector}"), arrived).await
    }

    /// Types into what matches.
    pub async fn fill(&self, selector: &str, text: &str) -> anyhow::Result<()> {
        let typed = async || {
            let Some(field) = self.visible(selector).await? else { return Ok(None) };
            field.clear().await?;
            field.send_keys(text).await.map(Some)
        };
        self.until(selector, typed).await
    }

    /// Waits for the image that matches to have come.
    pub async fn see_image(&self, selector: &str) -> anyhow::Result<()> {
        let came = async || {
            let Some(image) = self.visible(selector).await? else { return Ok(None) };
            // An image that came and cannot be drawn is complete too, and has no width.
            let is_drawn = image.prop("naturalWidth").await?.is_some_and(|width| width != "0");
            Ok((is_drawn && image.prop("complete").await?.as_deref() == Some("true")).then_some(()))
        };
        self.until(selector, came).await
    }

    /// The visible text of what matches.
    pub async fn text(&self, selector: &str) -> anyhow::Result<String> {
        let read = async || match self.visible(selector).await? {
            Some(element) => element.text().await.map(Some),
            None => Ok(None),
        };
        self.until(selector, read).await
    }

    /// The visible texts of everything that matches.
    pub async fn texts(&self, selector: &str) -> anyhow::Result<Vec<String>> {
        let mut texts = Vec::new();
        for element in self.driver.find_all(By::Css(selector)).await? {
            texts.push(element.text().await?);
        }
        Ok(texts)
    }

    /// What identifies the document that is shown: each navigation brings another.
    async fn document(&self) -> WebDriverResult<String> {
        Ok(self.driver.find(By::Css("html")).await?.element_id().to_string())
    }

    async fn visible(&self, selector: &str) -> WebDriverResult<Option<WebElement>> {
        for element in self.driver.find_all(By::Css(selector)).await? {
            if element.is_displayed().await? {
                return Ok(Some(element));
            }
        }
        Ok(None)
    }

    async fn until<T>(&self, what: &str, look: impl AsyncFn() -> WebDriverResult<Option<T>>) -> anyhow::Result<T> {
        self.until_within(PATIENCE, what, look).await
    }

    /// Looks again until there is something. An element whose document was replaced under the look is one more reason
    /// to look again, whatever the driver calls it.
    async fn until_within<T>(
        &self,
        patience: Duration,
        what: &str,
        look: impl AsyncFn() -> WebDriverResult<Option<T>>,
    ) -> anyhow::Result<T> {
        let deadline = Instant::now() + patience;
        let mut pace = tokio::time::interval(PACE);
        loop {
            pace.tick().await;
            match look().await {
                Ok(Some(found)) => return Ok(found),
                Ok(None) | Err(_) if Instant::now() < deadline => {}
                Ok(None) => bail!("no {what} on {}", self.brief().await),
                Err(error) => return Err(error).context(format!("no {what} on {}", self.brief().await)),
            }
        }
    }

    /// The address in the address bar.
    pub async fn address(&self) -> anyhow::Result<url::Url> {
        Ok(self.driver.current_url().await?)
    }

    /// Signs in on the login page of a sandbox provider.
    pub async fn sign_in(&self, username: &str, password: &str) -> anyhow::Result<()> {
        self.fill("form[data-step=login] input[name=username]", username).await?;
        self.fill("form[data-step=login] input[name=password]", password).await?;
        self.press("form[data-step=login] button[value=sign-in]").await
    }

    /// One line that says which page this is.
    pub async fn brief(&self) -> String {
        let url = self.driver.current_url().await.map(String::from).unwrap_or_default();
        format!("{url} « {} »", self.driver.title().await.unwrap_or_default())
    }

    /// Sets the size of the page.
    pub async fn resize(&self, viewport: Viewport) -> anyhow::Result<()> {
        let metrics = SetDeviceMetricsOverride {
            width: viewport.width,
            height: viewport.height,
            device_scale_factor: 1.0,
            mobile: false,
            scale: None,
            screen_orientation: None,
        };
        self.driver.cdp().send(metrics).await?;
        Ok(())
    }

    /// Saves a picture of the page under target/conformance/screenshots and returns its path.
    pub async fn screenshot(&self, name: &str, viewport: Viewport) -> anyhow::Result<PathBuf> {
        let folder = workshop().join("screenshots");
        std::fs::create_dir_all(&folder)?;
        let file = folder.join(format!("{name}-{}.png", viewport.name));
        self.driver.screenshot(&file).await?;
        Ok(file)
    }

    /// Looks at the page in all four sizes: takes a picture of each, and fails when axe-core finds a violation or when
    /// the page is wider than its window.
    pub async fn inspect(&self, name: &str, axe: &Axe) -> anyhow::Result<()> {
        for viewport in VIEWPORTS {
            self.resize(viewport).await?;
            self.screenshot(name, viewport).await?;
            let violations = self.violations(axe).await?;
            ensure!(violations.is_empty(), "{name} on {}: {violations:#?}", viewport.name);
            let script = "return document.documentElement.scrollWidth > document.documentElement.clientWidth";
            let too_wide = self.driver.execute(script, Vec::new()).await?.convert::<bool>()?;
            ensure!(!too_wide, "{name} must not scroll sideways on {}", viewport.name);
        }
        Ok(())
    }

    /// What axe-core finds wrong on this page.
    pub async fn violations(&self, axe: &Axe) -> anyhow::Result<Vec<Violation>> {
        let there =
            self.driver.execute("return typeof window.axe === 'object'", Vec::new()).await?.convert::<bool>()?;
        if !there {
            self.driver.execute(axe.source.as_str(), Vec::new()).await?;
        }
        let run = "const done = arguments[arguments.length - 1];
            axe.run(document).then(
                result => done({ violations: result.violations.map(violation => ({
                    id: violation.id, help: violation.help, places: violation.nodes.map(node => node.html) })) }),
                error => done({ error: String(error) }));";
        let found = self.driver.execute_async(run, Vec::new()).await?;
        let found = found.json().clone();
        ensure!(found["error"].is_null(), "axe-core: {}", found["error"]);
        Ok(serde_json::from_value(found["violations"].clone())?)
    }

    /// Ends it.
    pub async fn close(self) -> anyhow::Result<()> {
        Ok(self.driver.clone().quit().await?)
    }
}

/// The accessibility checker.
#[derive(Debug, Clone)]
pub struct Axe {
    source: String,
}

impl Axe {
    /// Reads the installed one.
    ///
    /// # Panics
    /// When its file is there and cannot be read.
    pub fn find() -> Result<Self, Missing> {
        let file = node_file("axe-core/axe.min.js")?;
        Ok(Self { source: std::fs::read_to_string(file).expect("a file that is there") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mailbox::Mailbox;
    use crate::or_skip;
    use crate::site::listen;
    use crate::upstream::{Control, ProviderId, Providers};

    #[tokio::test]
    async fn the_pages_of_the_sandbox_are_accessible_in_four_sizes() {
        let axe = or_skip!(Axe::find());
        let browser = or_skip!(Browser::start(Scripts::On).await);
        let providers = Providers::start(listen(0).await.unwrap(), "http://127.0.0.1:1", Control::Closed);
        let mailbox = Mailbox::start(listen(0).await.unwrap(), listen(0).await.unwrap());
        let issuer = providers.issuer(ProviderId::Poste);
        let ask = "client_id=passerelle-bac-a-sable&redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2Fcallback%2Fposte\
            &response_type=code&scope=openid&code_challenge_method=S256\
            &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        browser.open(&format!("{issuer}/authorize?{ask}")).await.unwrap();
        browser.inspect("sandbox-login", &axe).await.unwrap();
        browser.sign_in("angela", "wrong").await.unwrap();
        browser.see("[role=alert]").await.unwrap();
        browser.inspect("sandbox-login-failed", &axe).await.unwrap();
        for (name, url) in [
            ("sandbox-problem", format!("{issuer}/authorize")),
            ("sandbox-signed-out", format!("{issuer}/end-session")),
            ("sandbox-providers", providers.base()),
            ("sandbox-mailbox", mailbox.url()),
        ] {
            browser.open(&url).await.unwrap();
            browser.inspect(name, &axe).await.unwrap();
        }
        browser.close().await.unwrap();
    }

    #[tokio::test]
    async fn a_broken_page_is_noticed() {
        let axe = or_skip!(Axe::find());
        let browser = or_skip!(Browser::start(Scripts::On).await);
        browser.open("data:text/html,<title>x</title><main><img src=x><input></main>").await.unwrap();
        let rules: Vec<_> = browser.violations(&axe).await.unwrap().into_iter().map(|found| found.id).collect();
        for rule in ["html-has-lang", "image-alt", "label"] {
            assert!(rules.iter().any(|found| found == rule), "{rule} among {rules:?}");
        }
        browser.close().await.unwrap();
    }
}

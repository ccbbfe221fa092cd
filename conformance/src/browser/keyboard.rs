//! A hand that has no mouse: it goes from one thing to the next with the Tab key, types, ticks with Space, and presses Enter.

use anyhow::{Context as _, bail, ensure};
use thirtyfour::prelude::*;

use super::Browser;

/// How many times Tab is pressed before something counts as out of reach.
const FARTHEST: usize = 600;

/// A keyboard at a page. What it cannot reach, somebody without a mouse cannot reach either.
#[derive(Debug)]
pub struct Keyboard<'a> {
    browser: &'a Browser,
}

impl Browser {
    /// Lays the mouse aside.
    pub fn keyboard(&self) -> Keyboard<'_> {
        Keyboard { browser: self }
    }
}

impl Keyboard<'_> {
    /// Goes on to what matches; what is folded away is unfolded on the way.
    pub async fn reach(&self, selector: &str) -> anyhow::Result<WebElement> {
        let wanted = self.browser.until(selector, async || self.there(selector).await).await?;
        if !wanted.is_displayed().await? {
            let fold = wanted.find(By::XPath("ancestor::details[not(@open)]/summary")).await;
            let fold = self.go(&fold.with_context(|| format!("{selector} is hidden"))?).await?;
            fold.send_keys(Key::Enter).await?;
        }
        self.go(&wanted).await
    }

    async fn there(&self, selector: &str) -> WebDriverResult<Option<WebElement>> {
        Ok(self.browser.driver.find_all(By::Css(selector)).await?.into_iter().next())
    }

    async fn go(&self, wanted: &WebElement) -> anyhow::Result<WebElement> {
        for _ in 0..FARTHEST {
            let here = self.browser.driver.active_element().await?;
            if here.element_id() == wanted.element_id() {
                return Ok(here);
            }
            here.send_keys(Key::Tab).await?;
        }
        bail!("the Tab key does not lead to {wanted:?} on {}", self.browser.brief().await)
    }

    /// Goes to a field and types over what stands in it.
    pub async fn fill(&self, selector: &str, text: &str) -> anyhow::Result<()> {
        let field = self.reach(selector).await?;
        field.send_keys(Key::Control + "a").await?;
        Ok(field.send_keys(text).await?)
    }

    /// Goes to a field whose parts are typed one after the other, as of a date, and types them.
    pub async fn spell(&self, selector: &str, parts: &str) -> anyhow::Result<()> {
        Ok(self.reach(selector).await?.send_keys(parts).await?)
    }

    /// Goes to a box and ticks it.
    pub async fn tick(&self, selector: &str) -> anyhow::Result<()> {
        let field = self.reach(selector).await?;
        field.send_keys(" ").await?;
        ensure!(field.is_selected().await?, "{selector} is ticked by Space");
        Ok(())
    }

    /// Goes to a list and moves down in it to a value.
    pub async fn pick(&self, selector: &str, value: &str) -> anyhow::Result<()> {
        let field = self.reach(selector).await?;
        for _ in 0..20 {
            if field.value().await?.as_deref() == Some(value) {
                return Ok(());
            }
            field.send_keys(Key::Down).await?;
        }
        bail!("{selector} has no {value}")
    }

    /// Goes to a button or a link, presses Enter and waits for the document that comes of it.
    pub async fn press(&self, selector: &str) -> anyhow::Result<()> {
        let button = self.reach(selector).await?;
        let left = self.browser.document().await?;
        button.send_keys(Key::Enter).await?;
        let arrived = async || Ok((self.browser.document().await? != left).then_some(()));
        self.browser.until(&format!("new document after {selector}"), arrived).await
    }
}

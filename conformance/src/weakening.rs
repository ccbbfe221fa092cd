//! Each attack, seen to succeed against a gateway that was weakened on purpose: a rule is taken out of a copy of the sources,
//! the gateway is built from it, and the test of the attack must fail. What passes all the same proves nothing.
//!
//! What is taken out stands in `conformance/weakened/*.toml`, by row of the attack list. An hour long and more, so it is no
//! test: `cargo conformance --weaken [ROW…]`. That each rule still stands where it is looked for is one (`tests/table.rs`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, ensure};
use serde::Deserialize;
use tokio::process::Command;

use crate::workspace::{built, root, workshop};

/// One rule that is taken out, and the test that must miss it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weakening {
    /// Row of the attack list, `C01` for example.
    pub row: String,
    /// What the weakened build does that it must not, in words.
    pub then: String,
    /// What is changed.
    pub edit: Vec<Edit>,
    /// The test, by file and name as in `conformance/README.md`: `attacks/token::a_code_is_spent_once`.
    pub test: String,
}

/// A place in the sources and what stands there instead.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// The file, from the root of the workspace.
    pub file: PathBuf,
    /// What stands there, once in the file.
    pub find: String,
    /// What stands there in the weakened build.
    pub put: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    weakening: Vec<Weakening>,
}

/// All of them, in the order of the files and in each of its lines.
pub fn all() -> anyhow::Result<Vec<Weakening>> {
    let folder = root().join("conformance/weakened");
    let files = std::fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    let mut texts = BTreeMap::new();
    for file in files.into_iter().filter(|file| file.extension().is_some_and(|extension| extension == "toml")) {
        let text = std::fs::read_to_string(&file)?;
        texts.insert(file, text);
    }
    let mut all = Vec::new();
    for (file, text) in texts {
        let group: Group = toml::from_str(&text).with_context(|| file.display().to_string())?;
        all.extend(group.weakening);
    }
    Ok(all)
}

/// Weakenings in lots of at most `most`, in their order; no two of a lot touch the same file.
pub fn lots(weakenings: &[Weakening], most: usize) -> Vec<Vec<&Weakening>> {
    let mut lots: Vec<Vec<&Weakening>> = Vec::new();
    for weakening in weakenings {
        let touches =
            |other: &Weakening| other.edit.iter().any(|one| weakening.edit.iter().any(|own| own.file == one.file));
        let fits = |lot: &&mut Vec<&Weakening>| lot.len() < most && !lot.iter().any(|other| touches(other));
        match lots.iter_mut().find(fits) {
            Some(lot) => lot.push(weakening),
            None => lots.push(vec![weakening]),
        }
    }
    lots
}

impl Edit {
    /// The file's text with the rule taken out.
    ///
    /// # Errors
    /// When what is looked for does not stand in it exactly once: the sources changed since.
    pub fn applied(&self, text: &str) -> anyhow::Result<String> {
        let places = text.matches(&self.find).count();
        ensure!(places == 1, "{}: found {places} times, not once: {}", self.file.display(), self.find);
        Ok(text.replacen(&self.find, &self.put, 1))
    }
}

/// How a test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Passed,
    Failed,
}

/// Where tests through the wire stand; the others look at a crate from inside.
const WIRE: [&str; 3] = ["attacks", "stories", "chaos"];

/// What every weakened gateway must still do.
const HONEST: &str = "stories/sign_in::every_provider_brings_a_citizen_to_the_service_with_name_and_claims";

/// The copy of the workspace that is weakened, and the tests of the sound one.
pub struct Workbench {
    tree: PathBuf,
    target: PathBuf,
    tests: PathBuf,
    surroundings: Vec<(&'static str, String)>,
}

impl Workbench {
    /// Copies the sources, and builds the tests. `surroundings` is what the tests find in their environment.
    pub async fn set_up(surroundings: Vec<(&'static str, String)>) -> anyhow::Result<Self> {
        let folder = workshop().join("weakened");
        let bench =
            Self { tree: folder.join("tree"), target: folder.join("target"), tests: tests().await?, surroundings };
        bench.copy().await?;
        Ok(bench)
    }

    /// Takes rules out together, runs the test of each, and puts the rules back. An honest sign-in must still pass: a
    /// gateway that is broken altogether would fail any test. One at a time no test fails for the sake of its neighbour.
    pub async fn see(&self, together: &[&Weakening]) -> anyhow::Result<Vec<Result<(), String>>> {
        let mut originals = BTreeMap::new();
        for edit in together.iter().flat_map(|weakening| &weakening.edit) {
            let path = self.tree.join(&edit.file);
            let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            std::fs::write(&path, edit.applied(&text)?)?;
            originals.entry(path).or_insert(text);
        }
        let mut seen = Vec::new();
        let speaks = together.iter().any(|weakening| is_of_the_wire(&weakening.test));
        let is_honest = if speaks { self.run(HONEST).await } else { Ok(Ended::Passed) };
        for weakening in together {
            seen.push(match (&is_honest, self.run(&weakening.test).await) {
                (Ok(Ended::Passed), Ok(Ended::Failed)) => Ok(()),
                (Ok(Ended::Failed), Ok(_)) => Err("an honest sign-in fails too".to_owned()),
                (Ok(Ended::Passed), Ok(Ended::Passed)) => Err("its test passed all the same".to_owned()),
                (_, Err(error)) => Err(format!("{error:#}")),
                (Err(error), Ok(_)) => Err(format!("{error:#}")),
            });
        }
        for (path, text) in originals {
            std::fs::write(path, text)?;
        }
        Ok(seen)
    }

    /// That a test passes against the sound sources.
    pub async fn control(&self, test: &str) -> anyhow::Result<()> {
        ensure!(self.run(test).await? == Ended::Passed, "{test} fails against the sound gateway");
        Ok(())
    }

    async fn run(&self, test: &str) -> anyhow::Result<Ended> {
        let (file, name) = test.rsplit_once("::").context("a test is named by file and name")?;
        let mut command = match file.split_once('/') {
            Some((place, module)) if WIRE.contains(&place) => {
                let [idp, commune] = self.build().await?;
                let mut command = Command::new(&self.tests);
                command.args(["--exact", &format!("{place}::{}::{name}", module.replace('/', "::"))]);
                command.env("PASSERELLE_TEST_IDP", idp).env("PASSERELLE_TEST_COMMUNE", commune);
                command.current_dir(root().join("conformance"));
                command
            }
            Some((package @ ("domain" | "store" | "gateway" | "relying-party-sdk"), _)) => {
                let selection = match package {
                    "gateway" => ["--workspace", "--bin", "idp"],
                    _ => ["--package", package, "--tests"],
                };
                let mut build = self.cargo(&["test", "--quiet", "--no-run"]);
                let output = build.args(selection).output().await.context("cargo cannot be started")?;
                let said = String::from_utf8_lossy(&output.stderr);
                ensure!(output.status.success(), "the weakened {package} does not build: {said}");
                let mut command = self.cargo(&["test", "--quiet"]);
                command.args(selection).arg(name);
                command
            }
            _ => anyhow::bail!("no test of this kind can be run: {test}"),
        };
        let skipped = tempfile::NamedTempFile::new()?;
        command.env("PASSERELLE_TEST_SKIPPED", skipped.path()).envs(self.surroundings.iter().cloned());
        let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await?;
        let said = String::from_utf8_lossy(&output.stdout);
        ensure!(!said.contains("running 0 tests") || said.contains("running 1 test"), "there is no test {test}");
        let skipped = std::fs::read_to_string(skipped.path())?;
        ensure!(skipped.is_empty(), "{test}: {skipped}");
        Ok(if output.status.success() { Ended::Passed } else { Ended::Failed })
    }

    /// The gateway as the copy makes it.
    async fn build(&self) -> anyhow::Result<[PathBuf; 2]> {
        // Selected as `cargo test --workspace` selects, so that features are those of the tests.
        let mut build = self.cargo(&["build", "--quiet", "--workspace", "--bin", "idp", "--example", "commune"]);
        let output = build.output().await.context("cargo cannot be started")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "the weakened gateway does not build: {said}");
        Ok(["debug/idp", "debug/examples/commune"].map(|program| self.target.join(program)))
    }

    fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(arguments).current_dir(&self.tree).env("CARGO_TARGET_DIR", &self.target);
        command.stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Brings the copy up to the sources; a file that did not change is not written, so that it is not built again.
    async fn copy(&self) -> anyhow::Result<()> {
        let listed = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(root())
            .stdin(Stdio::null())
            .output()
            .await
            .context("git lists the sources")?;
        ensure!(listed.status.success(), "git cannot list the sources");
        let listed = String::from_utf8(listed.stdout)?;
        for name in listed.split_terminator('\0') {
            let (from, to) = (root().join(name), self.tree.join(name));
            let Ok(bytes) = std::fs::read(&from) else { continue };
            if std::fs::read(&to).is_ok_and(|held| held == bytes) {
                continue;
            }
            std::fs::create_dir_all(to.parent().unwrap_or(Path::new(".")))?;
            std::fs::write(&to, bytes)?;
        }
        Ok(())
    }
}

fn is_of_the_wire(test: &str) -> bool {
    test.split_once('/').is_some_and(|(place, _)| WIRE.contains(&place))
}

/// The tests through the wire, built from the sound sources.
async fn tests() -> anyhow::Result<PathBuf> {
    let messages = built("test", &["--no-run", "--test", "main"]).await.context("the tests")?;
    // The SDK has tests of that name too.
    let source = root().join("conformance/tests/main.rs");
    let mut ours =
        messages.iter().filter(|message| message["target"]["src_path"].as_str().map(Path::new) == Some(&source));
    let path = ours.find_map(|message| message["executable"].as_str().map(PathBuf::from));
    path.context("cargo built the tests and did not say where")
}

//! `cargo run -p conformance --bin communes`: fetches the dataset of French communes and packs it for the gateway.
//!
//! ```text
//!  registry ──▶ .tgz, held against INTEGRITY ──▶ JSON of five files ──▶ lines ──gzip──▶ idp/domain/data/communes.tsv.gz
//! ```
//!
//! What is shipped is committed, so that nothing needs the registry but a new year: set `VERSION` and `INTEGRITY`, run this,
//! read the difference (`zcat`), and change `idp/domain/data/README.md`, which a test holds against the file. The same
//! tarball makes the same bytes: `--check` says whether what is committed is what the tarball holds.
//!
//! | line | fields after the letter |
//! |---|---|
//! | `#` | package, version, day it was made, SHA-256 of the tarball |
//! | `D` | département, its region's name |
//! | `C` | commune: code, SIREN, inhabitants, name |
//! | `F` | a code that is no commune's any more: code, the commune there now, name where it is known |
//! | `A` | arrondissement of Paris, Lyon or Marseille: code, its commune, name |
//! | `E` | grouping of communes: SIREN, kind, name, codes of its communes |

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;

use anyhow::{Context as _, bail, ensure};
use aws_lc_rs::digest::{SHA256, SHA512, digest};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use clap::Parser;
use conformance::workspace;
use flate2::read::GzDecoder;
use flate2::{Compression, GzBuilder};
use serde::Deserialize;
use serde::de::DeserializeOwned;

const PACKAGE: &str = "@etalab/decoupage-administratif";
const VERSION: &str = "6.0.0";
/// SHA-512 of the tarball, as the registry states it (`npm view @etalab/decoupage-administratif dist.integrity`).
const INTEGRITY: &str = "XavYsFlbcM/prKr8hNHPKER94IHw/dsxNM4nxjWMYk6PLFACpEedvn/7wK8Baozm0dCYhWWcf+7bcWpA5pmCaQ==";
const REGISTRY: &str = "https://registry.npmjs.org";
const SHIPPED: &str = "idp/domain/data/communes.tsv.gz";

/// Fetches the dataset of French communes and packs it for the gateway.
#[derive(Debug, Parser)]
#[command(name = "communes")]
struct Arguments {
    /// A tarball that is there already (`npm pack`), instead of the registry's.
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Write nothing: fail unless what is committed is what the tarball holds.
    #[arg(long)]
    check: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let tarball = match &arguments.from {
        Some(file) => std::fs::read(file).with_context(|| file.display().to_string())?,
        None => fetch().await.context("the registry")?,
    };
    ensure!(BASE64_STANDARD.encode(digest(&SHA512, &tarball)) == INTEGRITY, "this is not the tarball of {VERSION}");
    let lines = Package::open(&tarball)?.lines(&hex(digest(&SHA256, &tarball).as_ref()))?;
    let (packed, path) = (pack(&lines)?, workspace::root().join(SHIPPED));
    let shown = path.display();
    if arguments.check {
        let shipped = std::fs::read(&path).with_context(|| shown.to_string())?;
        ensure!(unpack(&shipped)? == lines, "{shown} is not what the tarball holds");
    } else {
        std::fs::write(&path, &packed).with_context(|| shown.to_string())?;
    }
    println!("{shown}: {} lines, {} bytes, {} packed", lines.lines().count(), lines.len(), packed.len());
    Ok(())
}

async fn fetch() -> anyhow::Result<Vec<u8>> {
    let name = PACKAGE.rsplit('/').next().unwrap_or(PACKAGE);
    let answer = reqwest::get(format!("{REGISTRY}/{PACKAGE}/-/{name}-{VERSION}.tgz")).await?.error_for_status()?;
    Ok(answer.bytes().await?.to_vec())
}

/// Gzip without a time, so that the same lines make the same bytes.
fn pack(lines: &str) -> anyhow::Result<Vec<u8>> {
    let mut writer = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    writer.write_all(lines.as_bytes())?;
    Ok(writer.finish()?)
}

fn unpack(packed: &[u8]) -> anyhow::Result<String> {
    let mut lines = String::new();
    GzDecoder::new(packed).read_to_string(&mut lines)?;
    Ok(lines)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + format!("{byte:02x}").as_str())
}

/// What is read of the package.
struct Package {
    made: String,
    communes: Vec<Place>,
    departements: Vec<Area>,
    regions: Vec<Area>,
    groupings: Vec<Grouping>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    code: String,
    nom: String,
    #[serde(rename = "type")]
    kind: Kind,
    siren: Option<String>,
    population: Option<u32>,
    #[serde(default)]
    anciens_codes: Vec<String>,
    chef_lieu: Option<String>,
    commune: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    CommuneActuelle,
    CommuneDeleguee,
    CommuneAssociee,
    ArrondissementMunicipal,
}

/// A département with its region, or a region.
#[derive(Deserialize)]
struct Area {
    code: String,
    nom: String,
    region: Option<String>,
}

#[derive(Deserialize)]
struct Grouping {
    code: String,
    #[serde(rename = "type")]
    kind: String,
    nom: String,
    membres: Vec<Member>,
}

#[derive(Deserialize)]
struct Member {
    code: String,
}

impl Package {
    fn open(tarball: &[u8]) -> anyhow::Result<Self> {
        let mut files = BTreeMap::new();
        let mut made = 0;
        for entry in tar::Archive::new(GzDecoder::new(tarball)).entries()? {
            let mut entry = entry?;
            let name = entry.path()?.to_string_lossy().into_owned();
            let mut content = Vec::new();
            entry.read_to_end(&mut content)?;
            made = made.max(entry.header().mtime()?);
            files.insert(name, content);
        }
        let made = time::OffsetDateTime::from_unix_timestamp(i64::try_from(made)?)?.date().to_string();
        let mut groupings: Vec<Grouping> = read(&files, "epci")?;
        groupings.extend(read::<Vec<Grouping>>(&files, "ept")?);
        Ok(Self {
            made,
            communes: read(&files, "communes")?,
            departements: read(&files, "departements")?,
            regions: read(&files, "regions")?,
            groupings,
        })
    }

    fn lines(&self, sha256: &str) -> anyhow::Result<String> {
        let mut lines = vec![line(&["#", PACKAGE, VERSION, &self.made, sha256])?];
        let regions: BTreeMap<_, _> = self.regions.iter().map(|region| (region.code.as_str(), &region.nom)).collect();
        for area in sorted(&self.departements, |area| &area.code) {
            let region = area.region.as_deref().and_then(|code| regions.get(code)).map_or(&area.nom, |name| name);
            lines.push(line(&["D", &area.code, region])?);
        }
        let current = self.of(&[Kind::CommuneActuelle]);
        for place in &current {
            let inhabitants = place.population.map(|count| count.to_string()).unwrap_or_default();
            let siren = place.siren.as_deref().unwrap_or_default();
            lines.push(line(&["C", &place.code, siren, &inhabitants, &place.nom])?);
        }
        for (code, (now, name)) in self.former(&current) {
            lines.push(line(&["F", code, now, name])?);
        }
        for place in self.of(&[Kind::ArrondissementMunicipal]) {
            let commune = place.commune.as_deref().context("an arrondissement without its commune")?;
            lines.push(line(&["A", &place.code, commune, &place.nom])?);
        }
        for grouping in sorted(&self.groupings, |grouping| &grouping.code) {
            let members = sorted(&grouping.membres, |member| &member.code);
            let members = members.iter().map(|member| member.code.as_str()).collect::<Vec<_>>().join(" ");
            lines.push(line(&["E", &grouping.code, &grouping.kind, &grouping.nom, &members])?);
        }
        Ok(lines.concat())
    }

    fn of(&self, kinds: &[Kind]) -> Vec<&Place> {
        let mut places = sorted(&self.communes, |place| &place.code);
        places.retain(|place| kinds.contains(&place.kind));
        places
    }

    /// Codes that are no commune's any more, each with the commune there now and the name it had.
    fn former<'a>(&'a self, current: &[&'a Place]) -> BTreeMap<&'a str, (&'a str, &'a str)> {
        let mut former = BTreeMap::new();
        for place in current {
            for code in &place.anciens_codes {
                former.insert(code.as_str(), (place.code.as_str(), ""));
            }
        }
        // What is a part of a commune today says of which: of two that differ, it is the one that is true today.
        for part in self.of(&[Kind::CommuneDeleguee, Kind::CommuneAssociee]) {
            if let Some(now) = &part.chef_lieu {
                former.insert(&part.code, (now, &part.nom));
            }
        }
        former.retain(|code, _| current.binary_search_by(|place| place.code.as_str().cmp(code)).is_err());
        former
    }
}

fn read<T: DeserializeOwned>(files: &BTreeMap<String, Vec<u8>>, name: &str) -> anyhow::Result<T> {
    let path = format!("package/data/{name}.json");
    serde_json::from_slice(files.get(&path).with_context(|| format!("no {path}"))?).context(path)
}

fn sorted<T>(all: &[T], code: impl Fn(&T) -> &String) -> Vec<&T> {
    let mut sorted: Vec<&T> = all.iter().collect();
    sorted.sort_by(|a, b| code(a).cmp(code(b)));
    sorted
}

fn line(fields: &[&str]) -> anyhow::Result<String> {
    if let Some(field) = fields.iter().find(|field| field.contains(char::is_control)) {
        bail!("a field would end its line: {field:?}");
    }
    Ok(fields.join("\t") + "\n")
}

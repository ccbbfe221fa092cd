//! `idp indicators`: the figures of the certified identity, as they are published, and as a commune reads its own.

use std::io::Write;

use anyhow::Context as _;
use clap::Subcommand;
use domain::cnie::indicators::Indicators;
use domain::language::Language;
use domain::notice::{Message, Notice};
use domain::people::commune::CommuneCode;

use super::Bench;
use crate::indicators::{PLACE, csv, report};
use crate::pages::assets::Assets;
use crate::pages::mail;
use crate::serve::look;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print the published figures as CSV
    Export,
    /// Print the last fortnightly report of a commune
    Report {
        /// The INSEE code of the commune
        #[arg(long, value_name = "CODE", value_parser = code)]
        commune: CommuneCode,
        /// Print the file that is attached, not the words
        #[arg(long)]
        csv: bool,
    },
}

fn code(text: &str) -> Result<CommuneCode, String> {
    CommuneCode::parse(text).map_err(|error| error.to_string())
}

pub(super) async fn run<W: Write>(command: Command, bench: &mut Bench<'_, W>) -> anyhow::Result<()> {
    let registry = bench.registry().await?;
    let now = bench.clock.now();
    let text = match command {
        Command::Export => {
            let figures = Indicators::of(&registry.count_indicators(now).await?);
            csv::of_everyone(&figures, &bench.config.targets)
        }
        Command::Report { commune, csv: as_csv } => {
            let found = registry.commune(&commune).await?;
            let commune = found.with_context(|| format!("no commune {commune} is enrolled"))?;
            let report = report::last(&registry, commune, now).await?;
            if as_csv {
                csv::of_report(&report)
            } else {
                let brand = Assets::load(look(&bench.config)).context("the brand's files cannot be used")?.1;
                let everyone = format!("{}{PLACE}", bench.config.issuer.as_str());
                let message = Message::CommuneReport { report: Box::new(report), everyone };
                let notice = Notice { to: String::new(), language: Language::French, message };
                let letter = mail::write(&notice, &brand);
                format!("{}\n\n{}", letter.subject, letter.body)
            }
        }
    };
    registry.close().await;
    // As it would be sent: with its own line ends, and without one more.
    let _ = bench.out.write_all(text.as_bytes());
    Ok(())
}

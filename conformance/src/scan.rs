//! The gateway's TLS as a stranger's scanner sees it (testssl.sh): which versions and suites it speaks, and whether a
//! known weakness is found. Minutes long, so it is no test: `cargo conformance --scan`.

use std::fmt;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, ensure};
use serde::Deserialize;
use tokio::process::Command;

use crate::gateway::{Installation, Surroundings, Tls};
use crate::mutual::Door;
use crate::process::Signals;
use crate::site::{free_port, listen};
use crate::tools::Tool;
use crate::upstream::{Control, Providers};
use crate::workspace;

/// The suites that may be spoken: those of TLS 1.3, and of TLS 1.2 with ephemeral keys and authenticated encryption
/// (RFC 9325 §4.2; FAPI 2.0 §5.2.2).
const SUITES: [&str; 9] = [
    "TLS_AES_256_GCM_SHA384",
    "TLS_AES_128_GCM_SHA256",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
];

/// The versions that must not be spoken, and those that must.
const VERSIONS: [(&str, bool); 6] =
    [("SSLv2", false), ("SSLv3", false), ("TLS1", false), ("TLS1_1", false), ("TLS1_2", true), ("TLS1_3", true)];

/// What a scan found at one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    address: String,
    findings: Vec<Finding>,
}

/// One line of the scanner's JSON.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Finding {
    id: String,
    severity: String,
    #[serde(rename = "finding")]
    text: String,
}

/// Starts a gateway with both doors, one with an ECDSA and one with an RSA certificate, and scans them.
pub async fn gateway() -> anyhow::Result<Vec<Report>> {
    let scanner = Tool::Testssl.find()?;
    let programs = workspace::programs().await?;
    let door = Door::showing(Tls::generate_rsa());
    let around = Surroundings {
        port: free_port(),
        tls: Some(Tls::generate()),
        smtp_url: "smtp://127.0.0.1:1".into(),
        overrides: door.overrides(),
        ..Surroundings::default()
    };
    let providers = Providers::start(listen(0).await?, &around.issuer(), Control::Closed);
    let installation = Installation::write(&programs.idp, &around, &providers)?;
    installation.migrate().await?;
    let mut gateway = installation.serve(Signals::Shared).await?;
    let mut reports = Vec::new();
    for port in [around.port, door.port()] {
        reports.push(scan(&scanner, &format!("127.0.0.1:{port}")).await?);
    }
    ensure!(gateway.process.stop().await?.success(), "the gateway outlives its scan");
    Ok(reports)
}

/// Scans one address.
async fn scan(scanner: &Path, address: &str) -> anyhow::Result<Report> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("findings.json");
    let mut command = Command::new(scanner);
    command.args(["--quiet", "--color", "0", "--warnings", "off", "--protocols", "--each-cipher", "--vulnerable"]);
    command.arg("--jsonfile").arg(&file).arg(address);
    // Its exit code counts findings; what it found is in the file.
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    command.status().await.context("testssl.sh cannot be started")?;
    let text = std::fs::read(&file).context("testssl.sh wrote no findings")?;
    let findings = serde_json::from_slice(&text).context("the findings of testssl.sh are JSON")?;
    Ok(Report { address: address.to_owned(), findings })
}

impl Report {
    /// Everything that should not be, in words; a scan that looked at nothing is full of faults.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (version, spoken) in VERSIONS {
            let found = self.findings.iter().find(|finding| finding.id == version);
            let told = found.map_or("not looked at", |finding| finding.text.as_str());
            if found.is_none() || told.starts_with("offered") != spoken || !spoken && told != "not offered" {
                faults.push(format!("{version}: {told}"));
            }
        }
        let suites: Vec<&str> = self.suites().collect();
        faults.extend(suites.iter().filter(|suite| !SUITES.contains(suite)).map(|suite| format!("spoken: {suite}")));
        if !suites.iter().any(|suite| suite.contains("_WITH_")) || suites.iter().all(|suite| suite.contains("_WITH_")) {
            faults.push(format!("not suites of both versions: {}", suites.join(", ")));
        }
        let harmless = ["OK", "INFO", "WARN", "DEBUG"];
        let grave = self.findings.iter().filter(|finding| !harmless.contains(&finding.severity.as_str()));
        faults.extend(grave.map(|finding| format!("{}: {} ({})", finding.id, finding.text, finding.severity)));
        if !self.findings.iter().any(|finding| finding.id == "heartbleed") {
            faults.push("known weaknesses: not looked for".to_owned());
        }
        faults
    }

    /// The suites that were spoken, by their registered names: the last word of each line.
    fn suites(&self) -> impl Iterator<Item = &str> {
        let lines = self.findings.iter().filter(|finding| finding.id.starts_with("cipher_x"));
        lines.filter_map(|line| line.text.split_whitespace().last())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let faults = self.faults();
        writeln!(f, "  {}  {}", if faults.is_empty() { "sound " } else { "FAULTY" }, self.address)?;
        for suite in self.suites() {
            writeln!(f, "            {suite}")?;
        }
        faults.iter().try_for_each(|fault| writeln!(f, "    FAULT   {fault}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// What testssl.sh 3.0.8 says of a sound gateway, in short, with some lines in the place of others.
    fn report(changes: &[(&str, &str, &str)]) -> Report {
        let mut lines = json!([
            {"id": "engine_problem", "severity": "WARN", "finding": "No engine"},
            {"id": "SSLv2", "severity": "OK", "finding": "not offered"},
            {"id": "SSLv3", "severity": "OK", "finding": "not offered"},
            {"id": "TLS1", "severity": "INFO", "finding": "not offered"},
            {"id": "TLS1_1", "severity": "INFO", "finding": "not offered"},
            {"id": "TLS1_2", "severity": "OK", "finding": "offered"},
            {"id": "TLS1_3", "severity": "OK", "finding": "offered with final"},
            {"id": "heartbleed", "severity": "OK", "finding": "not vulnerable"},
            {"id": "cipher_x1302", "severity": "INFO", "finding": "x1302   TLS_AES_256_GCM_SHA384  ECDH 253  AESGCM  256  TLS_AES_256_GCM_SHA384"},
            {"id": "cipher_xc02b", "severity": "INFO", "finding": "xc02b   ECDHE-ECDSA-AES128-GCM-SHA256  ECDH 253  AESGCM  128  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"},
        ]);
        let list = lines.as_array_mut().unwrap();
        for (id, severity, finding) in changes {
            list.retain(|line| line["id"] != *id);
            if !finding.is_empty() {
                list.push(json!({"id": id, "severity": severity, "finding": finding}));
            }
        }
        Report { address: "127.0.0.1:1".to_owned(), findings: serde_json::from_value(lines).unwrap() }
    }

    #[test]
    fn a_sound_scan_has_no_fault_and_every_weakness_is_one() {
        assert_eq!(report(&[]).faults(), Vec::<String>::new());
        for (id, severity, finding) in [
            ("TLS1", "LOW", "offered (deprecated)"),
            ("TLS1_1", "INFO", "offered"),
            ("SSLv3", "", ""),
            ("TLS1_2", "INFO", "not offered"),
            ("TLS1_3", "INFO", "not offered and downgraded to a weaker protocol"),
            ("heartbleed", "CRITICAL", "VULNERABLE"),
            ("heartbleed", "", ""),
            ("cipher_x9c", "INFO", "x9c  AES128-GCM-SHA256  RSA  AESGCM  128  TLS_RSA_WITH_AES_128_GCM_SHA256"),
            ("cipher_x1302", "", ""),
            ("cipher_xc02b", "", ""),
            ("LUCKY13", "LOW", "potentially vulnerable"),
        ] {
            let faulty = report(&[(id, severity, finding)]);
            assert!(!faulty.faults().is_empty(), "{id} {finding}");
            assert!(faulty.to_string().contains("FAULTY"), "{id}");
        }
        let nothing = Report { address: String::new(), findings: Vec::new() };
        assert!(nothing.faults().len() > VERSIONS.len(), "a scan that looked at nothing proves nothing");
    }
}

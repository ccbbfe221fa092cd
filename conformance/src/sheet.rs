//! A sheet of paper and a picture of a page, as readers see them that share nothing with who wrote them: qpdf, PDFium, ZXing.

use std::path::Path;
use std::process::Stdio;

use serde::Deserialize;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use crate::script::python;
use crate::tools::Missing;

/// What `sheet.py` ends with where a library is missing.
const NO_LIBRARY: i32 = 3;

/// A code that ZXing found.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Code {
    /// Its symbology.
    pub format: String,
    /// Its text.
    pub text: String,
}

/// What was found.
#[derive(Debug, Clone, Deserialize)]
pub struct Sheet {
    /// What qpdf has against the file: errors and warnings.
    pub complaints: Vec<String>,
    /// Pages of it.
    pub pages: usize,
    /// Its text.
    pub words: String,
    /// The codes on its pages, as PDFium draws them.
    pub codes: Vec<Code>,
    /// The codes on the picture.
    pub image: Vec<Code>,
}

/// Reads a PDF and a picture.
///
/// # Errors
/// When Python or a library is missing.
///
/// # Panics
/// When the libraries cannot read them at all.
pub async fn read(pdf: &Path, image: &Path) -> Result<Sheet, Missing> {
    let mut command = python("sheet.py")?;
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().expect("Python was found");
    let asked = json!({ "pdf": pdf, "image": image }).to_string();
    let mut input = child.stdin.take().expect("a pipe was asked for");
    input.write_all(asked.as_bytes()).await.expect("Python listens");
    drop(input);
    let output = child.wait_with_output().await.expect("Python ends");
    if output.status.code() == Some(NO_LIBRARY) {
        let how = "cargo conformance installs them through pip into target/conformance/venv";
        return Err(Missing { what: "pikepdf, pypdfium2 and zxing-cpp", how });
    }
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout).expect("what sheet.py says"))
}

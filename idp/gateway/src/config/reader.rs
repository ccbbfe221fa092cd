//! Strict reading of one TOML file: every problem is kept with its line, and all are told at once.
//!
//! A [`Section`] remembers which keys it was asked for. Whatever else stands in the file is unknown and refused, with
//! the nearest known name: the list of known keys cannot drift from the code that reads them.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::{Range, RangeInclusive};
use std::path::{Component, Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One thing that is wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    file: PathBuf,
    line: Option<usize>,
    message: String,
}

impl Problem {
    /// A problem with a whole file.
    pub(crate) fn with_file(file: &Path, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line: None, message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// A value cannot be had; why was added to the findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Noted;

/// A value of the configuration, or the mark that its problem was noted.
pub(crate) type Read<T> = Result<T, Noted>;

/// Everything that is wrong with the configuration, one a line. Never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problems(Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, plural) = (self.0.len(), if self.0.len() == 1 { "" } else { "s" });
        write!(f, "the configuration has {count} problem{plural}:")?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl std::error::Error for Problems {}

/// What is gathered while files are read: problems, and which files hold secrets.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    problems: RefCell<Vec<Problem>>,
    secret_files: RefCell<BTreeSet<PathBuf>>,
}

impl Findings {
    /// Keeps a problem.
    pub(crate) fn add(&self, problem: Problem) -> Noted {
        self.problems.borrow_mut().push(problem);
        Noted
    }

    /// The files that hold secrets, each once.
    pub(crate) fn secret_files(&self) -> BTreeSet<PathBuf> {
        self.secret_files.borrow().clone()
    }

    /// The value, when nothing was found.
    pub(crate) fn settle<T>(self, value: Read<T>) -> Result<T, Problems> {
        let mut found = self.problems.into_inner();
        found.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        match value {
            Ok(value) if found.is_empty() => Ok(value),
            Ok(_) | Err(Noted) => Err(Problems(found)),
        }
    }
}

/// The text of one configuration file.
#[derive(Debug)]
pub(crate) struct Source {
    path: PathBuf,
    folder: PathBuf,
    text: String,
}

impl Source {
    /// Reads a file; a missing or unreadable one is a finding.
    pub(crate) fn read(path: &Path, findings: &Findings) -> Read<Self> {
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            Some(_) | None => Path::new("."),
        };
        std::fs::read_to_string(path)
            .and_then(|text| Ok(Self { path: path.to_owned(), folder: folder.canonicalize()?, text }))
            .map_err(|error| findings.add(Problem::with_file(path, format!("cannot be read: {error}"))))
    }

    /// The tables of the file. Where it is not TOML, every fault is a finding, and what could be read is not judged.
    pub(crate) fn parse(&self, findings: &Findings) -> Read<Spanned<DeTable<'_>>> {
        let (tables, errors) = DeTable::parse_recoverable(&self.text);
        for error in &errors {
            let line = error.span().map(|span| self.line(&span));
            findings.add(Problem { file: self.path.clone(), line, message: error.message().replace('\n', ": ") });
        }
        if errors.is_empty() { Ok(tables) } else { Err(Noted) }
    }

    fn line(&self, span: &Range<usize>) -> usize {
        self.text.get(..span.start).map_or(1, |before| before.matches('\n').count() + 1)
    }

    /// A path as written, from the folder of the file, absolute and without `..`: engines that are given a path as a
    /// URL would read those in their own way.
    fn resolve(&self, text: &str) -> PathBuf {
        let mut path = self.folder.clone();
        for part in Path::new(text).components() {
            match part {
                Component::ParentDir => {
                    path.pop();
                }
                Component::CurDir => {}
                Component::Normal(_) | Component::RootDir | Component::Prefix(_) => path.push(part),
            }
        }
        path
    }
}

/// One table of a file.
pub(crate) struct Section<'a> {
    source: &'a Source,
    findings: &'a Findings,
    path: String,
    table: Option<&'a DeTable<'a>>,
    known: RefCell<Vec<&'static str>>,
}

impl<'a> Section<'a> {
    /// The top of a file.
    pub(crate) fn top(source: &'a Source, tables: &'a Spanned<DeTable<'a>>, findings: &'a Findings) -> Self {
        Self { source, findings, path: String::new(), table: Some(tables.as_ref()), known: RefCell::default() }
    }

    /// The table `[key]`; one without entries when it is absent.
    pub(crate) fn section(&self, key: &'static str) -> Self {
        let table = self.value(key).and_then(|value| {
            let table = value.as_ref().as_table();
            if table.is_none() {
                self.reject(key, Some(value), "must be a table");
            }
            table
        });
        Self {
            source: self.source,
            findings: self.findings,
            path: format!("{}{key}.", self.path),
            table,
            known: RefCell::default(),
        }
    }

    /// Reads the table `[key]` to its end: what `read` does not ask for is unknown.
    pub(crate) fn whole<T>(&self, key: &'static str, read: impl FnOnce(&Self) -> Read<T>) -> Read<T> {
        let section = self.section(key);
        let value = read(&section);
        section.finish();
        value
    }

    /// A text, parsed; absence reads as `default`. The parser says what is allowed.
    pub(crate) fn text<T>(
        &self,
        key: &'static str,
        default: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Read<T> {
        let value = self.value(key);
        let text = match value {
            None => default,
            Some(value) => match value.as_ref().as_str() {
                Some(text) => text,
                None => return Err(self.reject(key, Some(value), "must be a text in quotes")),
            },
        };
        parse(text).map_err(|allowed| self.reject(key, value, &allowed))
    }

    /// A text that must be there.
    pub(crate) fn required<T>(
        &self,
        key: &'static str,
        what: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Read<T> {
        if self.value(key).is_none() {
            return Err(self.reject(key, None, &format!("is missing: {what}")));
        }
        self.text(key, "", parse)
    }

    /// A path, from the folder of the file; `None` when it is empty or absent.
    pub(crate) fn path(&self, key: &'static str) -> Read<Option<PathBuf>> {
        self.text(key, "", |text| Ok((!text.is_empty()).then(|| self.resolve(text))))
    }

    /// The path of a file that holds a secret.
    pub(crate) fn secret_path(&self, key: &'static str) -> Read<Option<PathBuf>> {
        let path = self.path(key)?;
        if let Some(path) = &path {
            self.holds_secrets(path);
        }
        Ok(path)
    }

    /// Remembers a file as one that holds secrets.
    pub(crate) fn holds_secrets(&self, path: &Path) {
        self.findings.secret_files.borrow_mut().insert(path.to_owned());
    }

    /// A path as written, from the folder of the file.
    pub(crate) fn resolve(&self, text: &str) -> PathBuf {
        self.source.resolve(text)
    }

    /// A whole number within `allowed`.
    pub(crate) fn number(&self, key: &'static str, default: u32, allowed: RangeInclusive<u32>) -> Read<u32> {
        let Some(value) = self.value(key) else { return Ok(default) };
        let number = value
            .as_ref()
            .as_integer()
            .and_then(|digits| u32::from_str_radix(&digits.as_str().replace('_', ""), digits.radix()).ok());
        match number {
            Some(number) if allowed.contains(&number) => Ok(number),
            Some(_) | None => {
                let allowed = format!("must be a whole number from {} to {}", allowed.start(), allowed.end());
                Err(self.reject(key, Some(value), &allowed))
            }
        }
    }

    /// `on` for true and `off` for false.
    pub(crate) fn choice<T>(&self, key: &'static str, default: T, on: T, off: T) -> Read<T> {
        let Some(value) = self.value(key) else { return Ok(default) };
        match value.as_ref().as_bool() {
            Some(true) => Ok(on),
            Some(false) => Ok(off),
            None => Err(self.reject(key, Some(value), "must be true or false")),
        }
    }

    /// A list of texts, each parsed; `default` when absent.
    pub(crate) fn list<T>(
        &self,
        key: &'static str,
        default: &[&str],
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Read<Vec<T>> {
        let Some(value) = self.value(key) else {
            let parsed = default.iter().map(|text| parse(text)).collect::<Result<_, _>>();
            return parsed.map_err(|allowed| self.reject(key, None, &allowed));
        };
        let Some(items) = value.as_ref().as_array() else {
            return Err(self.reject(key, Some(value), "must be a list of texts, such as [\"one\", \"two\"]"));
        };
        // Every item is looked at, so that every bad one is told.
        let parsed: Vec<Read<T>> = items
            .iter()
            .map(|item| match item.as_ref().as_str() {
                Some(text) => parse(text).map_err(|allowed| self.reject(key, Some(item), &allowed)),
                None => Err(self.reject(key, Some(item), "must be a list of texts")),
            })
            .collect();
        parsed.into_iter().collect()
    }

    /// Every entry of this section as text to text, for tables whose keys are free; the section is then all known.
    pub(crate) fn entries(&self) -> Read<Vec<(String, String)>> {
        let Some(table) = self.table else { return Ok(Vec::new()) };
        let entries: Vec<Read<(String, String)>> = table
            .iter()
            .map(|(key, value)| match value.as_ref().as_str() {
                Some(text) => Ok((key.as_ref().to_string(), text.to_owned())),
                None => Err(self.reject(key.as_ref(), Some(value), "must be a text in quotes")),
            })
            .collect();
        entries.into_iter().collect()
    }

    /// Whether the key stands in the file.
    pub(crate) fn has(&self, key: &'static str) -> bool {
        self.value(key).is_some()
    }

    /// Records that `key` does not go with the rest of the configuration.
    pub(crate) fn contradiction(&self, key: &'static str, message: &str) -> Noted {
        self.note(self.value(key), format!("{}{key}: {message}", self.path))
    }

    /// Ends the reading of this section: what was never asked for is unknown.
    pub(crate) fn finish(self) {
        let known = self.known.borrow();
        for (key, value) in self.table.into_iter().flat_map(DeTable::iter) {
            let name: &str = key.as_ref();
            if known.contains(&name) {
                continue;
            }
            let advice = match secret_advice(name, &known) {
                Some(advice) => advice,
                None => suggestion(name, &known),
            };
            let span = if value.as_ref().is_table() { value.span() } else { key.span() };
            self.findings.add(Problem {
                file: self.source.path.clone(),
                line: Some(self.source.line(&span)),
                message: format!("{}{name}: {advice}", self.path),
            });
        }
    }

    fn value(&self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        let mut known = self.known.borrow_mut();
        if !known.contains(&key) {
            known.push(key);
        }
        self.table.and_then(|table| table.get(key))
    }

    fn reject(&self, key: &str, value: Option<&Spanned<DeValue<'a>>>, allowed: &str) -> Noted {
        let seen = match value {
            Some(value) => format!(" {}", shown(key, value.as_ref())),
            None => String::new(),
        };
        self.note(value, format!("{}{key}:{seen} {allowed}", self.path))
    }

    fn note(&self, value: Option<&Spanned<DeValue<'a>>>, message: String) -> Noted {
        self.findings.add(Problem {
            file: self.source.path.clone(),
            line: value.map(|value| self.source.line(&value.span())),
            message,
        })
    }
}

/// The value as it may be shown: nothing of a key that could hold a secret, nor of an address with a password in it.
fn shown(key: &str, value: &DeValue<'_>) -> String {
    let secret = looks_secret(key) && !key.ends_with("_file") && !key.ends_with("_env");
    match value.as_str() {
        Some(text) if secret || text.contains('@') && text.contains("://") => "(not shown)".to_owned(),
        Some(text) => format!("{:?}", text.chars().take(80).collect::<String>()),
        None if secret => "(not shown)".to_owned(),
        None => match value.as_integer() {
            Some(digits) => digits.to_string(),
            None => format!("a value of type {}", value.type_str()),
        },
    }
}

fn looks_secret(key: &str) -> bool {
    ["secret", "password", "passwd", "token", "master_key", "private_key", "api_key", "credential"]
        .iter()
        .any(|word| key.contains(word))
}

fn secret_advice(name: &str, known: &[&str]) -> Option<String> {
    if !looks_secret(name) {
        return None;
    }
    let ways: Vec<String> = known
        .iter()
        .filter(|key| (key.ends_with("_file") || key.ends_with("_env")) && strsim::jaro_winkler(name, key) > 0.7)
        .map(|key| format!("`{key}`"))
        .collect();
    let ways = if ways.is_empty() { String::new() } else { format!("; use {}", ways.join(" or ")) };
    Some(format!("a secret never stands in the configuration itself, only in a file or in the environment{ways}"))
}

fn suggestion(name: &str, known: &[&str]) -> String {
    let nearest = known
        .iter()
        .map(|key| (strsim::damerau_levenshtein(name, key), *key))
        .min()
        .filter(|(distance, key)| *distance <= 3 && *distance < key.len());
    match nearest {
        Some((_, key)) => format!("no such key; did you mean `{key}`?"),
        None => format!("no such key; known here: {}", known.join(", ")),
    }
}

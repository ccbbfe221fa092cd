//! Finds communes by the beginning of their name, as people write it.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization as _;

use super::record::Row;
use crate::people::commune::CommuneCode;

/// Folded names, in order, each with the place of its commune.
#[derive(Debug)]
pub(super) struct Index {
    names: String,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    start: usize,
    end: usize,
    place: usize,
}

impl Index {
    pub(super) fn of(communes: &[Row<'_>]) -> Self {
        let mut index = Self { names: String::new(), entries: Vec::new() };
        for (place, row) in communes.iter().enumerate() {
            let start = index.names.len();
            index.names.push_str(&folded(row.name));
            let end = index.names.len();
            index.entries.push(Entry { start, end, place });
            let name = &index.names[start..end];
            if let Some((article @ ("le" | "la" | "les" | "l"), _)) = name.split_once(' ') {
                index.entries.push(Entry { start: start + article.len() + 1, end, place });
            }
        }
        index.names.shrink_to_fit();
        index.entries.shrink_to_fit();
        let Self { names, entries } = &mut index;
        entries.sort_unstable_by(|a, b| names[a.start..a.end].cmp(&names[b.start..b.end]));
        index
    }

    fn name(&self, entry: &Entry) -> &str {
        &self.names[entry.start..entry.end]
    }

    /// The communes whose name begins so.
    pub(super) fn search<'r, 'a>(&self, text: &str, communes: &'r [Row<'a>], most: usize) -> Vec<&'r Row<'a>> {
        let Asked { typed, beginning, departement } = Asked::read(text);
        if beginning.is_empty() {
            return Vec::new();
        }
        let first = self.entries.partition_point(|entry| self.name(entry) < beginning.as_str());
        let within = |row: &Row<'_>| {
            let own = CommuneCode::parse(row.code).map(|code| code.departement());
            departement.as_ref().is_none_or(|wanted| own.is_ok_and(|own| own.as_str() == wanted))
        };
        // Ordered as it is shown; of a commune that begins so twice, the better place counts.
        let found: BTreeSet<_> = self.entries[first..]
            .iter()
            .take_while(|entry| self.name(entry).starts_with(&beginning))
            .filter_map(|entry| Some((entry, communes.get(entry.place).filter(|row| within(row))?)))
            .map(|(entry, row)| {
                (row.name != typed, self.name(entry) != beginning, Reverse(row.inhabitants), entry.place)
            })
            .collect();
        let mut seen = BTreeSet::new();
        let once = found.into_iter().filter(|(.., place)| seen.insert(*place));
        once.take(most).filter_map(|(.., place)| communes.get(place)).collect()
    }
}

/// What somebody looks for.
struct Asked {
    /// The name to the letter: Vergne and Vergné are neighbours.
    typed: String,
    beginning: String,
    departement: Option<String>,
}

impl Asked {
    fn read(text: &str) -> Self {
        let typed = text.split_once(" (").map_or(text, |(name, _)| name).trim().nfc().collect();
        let text = folded(text);
        let mut words: Vec<&str> = text.split(' ').collect();
        let code = |word: &str| {
            let digits = word.bytes().all(|byte| byte.is_ascii_digit());
            matches!(word, "2a" | "2b") || digits && matches!(word.len(), 2 | 3)
        };
        let departement = match words.as_slice() {
            [_, .., last] if code(last) => words.pop().map(str::to_ascii_uppercase),
            _ => None,
        };
        // The last word may go on: `st` is the beginning of Strasbourg too.
        let whole = words.len().saturating_sub(usize::from(departement.is_none()));
        for word in words.iter_mut().take(whole) {
            match *word {
                "st" => *word = "saint",
                "ste" => *word = "sainte",
                _ => {}
            }
        }
        Self { typed, beginning: words.join(" "), departement }
    }
}

/// Letters without accents and case, words with one space between them.
fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.nfd().flat_map(char::to_lowercase) {
        match c {
            'œ' => folded.push_str("oe"),
            'æ' => folded.push_str("ae"),
            _ if c.is_alphanumeric() => folded.push(c),
            // An accent belongs to its letter.
            '\u{300}'..='\u{36F}' => {}
            _ if folded.is_empty() || folded.ends_with(' ') => {}
            _ => folded.push(' '),
        }
    }
    folded.truncate(folded.trim_end().len());
    folded
}

//! The figures as a file that the spreadsheet of a mairie opens with a double click: UTF-8 with a byte order mark,
//! semicolons, lines ended by CR LF (RFC 4180), whole numbers (decisions/0025).

use domain::cnie::indicators::{
    Cell, Certifies, CommuneFigures, CommuneReport, Day, DepartementFigures, Indicators, Targets, name_of,
};

use crate::pages::paris;

/// The media type of the files (RFC 7111, RFC 4180 §3).
pub(crate) const MEDIA_TYPE: &str = "text/csv; charset=utf-8; header=present";
/// Without it a French spreadsheet reads UTF-8 as Windows-1252.
const BYTE_ORDER_MARK: char = '\u{FEFF}';
/// What stands where small numbers are protected.
const WITHHELD: &str = "non communiqué";

const HEADINGS: [&str; 11] = [
    "niveau",
    "code",
    "nom",
    "communes inscrites",
    "communes qui certifient",
    "départements couverts",
    "agents formés",
    "identités créées",
    "identités certifiées aujourd’hui",
    "certifications depuis le début",
    "durée médiane en secondes",
];

/// The public figures: targets, country, months, départements, communes.
pub(crate) fn of_everyone(figures: &Indicators, targets: &Targets) -> String {
    let mut table = Table::begin(&HEADINGS);
    table.line(&target_line(targets));
    table.line(&[
        text("France"),
        Value::None,
        text("France"),
        Value::Number(figures.enrolled),
        Value::Number(figures.certifying),
        Value::Number(figures.covered),
        Value::Number(figures.trained),
        figures.created.into(),
        figures.certified.into(),
        figures.certifications.into(),
        figures.median.map(u64::from).into(),
    ]);
    for (month, cell) in &figures.months {
        let mut line = blank("mois", &format!("{:04}-{:02}", month.year, month.month), "");
        line[9] = (*cell).into();
        table.line(&line);
    }
    for departement in &figures.departements {
        table.line(&departement_line(departement));
    }
    for commune in figures.departements.iter().flat_map(|departement| &departement.communes) {
        table.line(&commune_line(commune));
    }
    table.end()
}

/// The figures of one commune, day by day.
pub(crate) fn of_report(report: &CommuneReport) -> String {
    let mut table = Table::begin(&["jour", "identités certifiées", "demandes refusées", "passages non terminés"]);
    let line = |name: &str, day: &Day| {
        [text(name), Value::Number(day.certified), Value::Number(day.refused), Value::Number(day.lapsed)]
    };
    for day in &report.days {
        table.line(&line(&paris::written(day.day), day));
    }
    table.line(&line("total", &report.total()));
    table.end()
}

fn target_line(targets: &Targets) -> [Value; 11] {
    let mut line = blank("objectif", "", "");
    for (at, target) in [
        (3, targets.communes_enrolled),
        (4, targets.communes_certifying),
        (5, targets.departements),
        (6, targets.agents_trained),
        (7, targets.identities_created),
        (8, targets.identities_certified),
        (10, targets.median_seconds),
    ] {
        line[at] = target.into();
    }
    line
}

fn departement_line(figures: &DepartementFigures) -> [Value; 11] {
    let mut line = blank("département", figures.code.as_str(), name_of(&figures.code));
    line[3] = Value::Number(figures.enrolled);
    line[4] = Value::Number(figures.certifying);
    line[6] = Value::Number(figures.trained);
    line[9] = figures.certifications.into();
    line[10] = figures.median.map(u64::from).into();
    line
}

fn commune_line(figures: &CommuneFigures) -> [Value; 11] {
    let commune = &figures.commune;
    let mut line = blank("commune", commune.code.as_str(), commune.name.as_str());
    line[4] = Value::Number(match figures.certifies {
        Certifies::Now => 1,
        Certifies::NotYet => 0,
    });
    line[9] = figures.certifications.into();
    line
}

fn blank(level: &str, code: &str, name: &str) -> [Value; 11] {
    let mut line = [const { Value::None }; 11];
    (line[0], line[1], line[2]) = (text(level), text(code), text(name));
    line
}

/// What a cell of a table holds.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    /// Words.
    Text(String),
    /// A number.
    Number(u64),
    /// A number that is not told.
    Withheld,
    /// Nothing.
    None,
}

/// Words.
pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

impl From<Cell> for Value {
    fn from(cell: Cell) -> Self {
        match cell {
            Cell::Shown(number) => Self::Number(number),
            Cell::Withheld => Self::Withheld,
        }
    }
}

impl From<Option<u64>> for Value {
    fn from(number: Option<u64>) -> Self {
        number.map_or(Self::None, Self::Number)
    }
}

/// A table as it is written.
pub(crate) struct Table(String);

impl Table {
    /// A table with these headings.
    pub(crate) fn begin(headings: &[&str]) -> Self {
        let mut table = Self(BYTE_ORDER_MARK.to_string());
        let headings: Vec<Value> = headings.iter().map(|heading| text(heading)).collect();
        table.line(&headings);
        table
    }

    /// One line more.
    pub(crate) fn line(&mut self, values: &[Value]) {
        for (at, value) in values.iter().enumerate() {
            if at > 0 {
                self.0.push(';');
            }
            match value {
                Value::Text(text) => self.0.push_str(&quoted(text)),
                Value::Number(number) => self.0.push_str(&number.to_string()),
                Value::Withheld => self.0.push_str(WITHHELD),
                Value::None => {}
            }
        }
        self.0.push_str("\r\n");
    }

    /// The file.
    pub(crate) fn end(self) -> String {
        self.0
    }
}

/// A text as a cell. One that a spreadsheet would take for a formula stands behind an apostrophe (CWE-1236), and what would
/// end the cell stands in quotation marks (RFC 4180 §2).
fn quoted(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '|', '%']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([';', '"', '\r', '\n', ',']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::samples;

    #[test]
    fn no_cell_becomes_a_formula_or_a_cell_of_its_own() {
        for (written, cell) in [
            ("Val-Fleuri", "Val-Fleuri"),
            ("=HYPERLINK(\"http://x\")", "\"'=HYPERLINK(\"\"http://x\"\")\""),
            ("+33", "'+33"),
            ("-1+1", "'-1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\tx", "'\tx"),
            ("a;b", "\"a;b\""),
            ("a\"b", "\"a\"\"b\""),
            ("a\r\nb", "\"a\r\nb\""),
            ("", ""),
        ] {
            assert_eq!(quoted(written), cell, "{written:?}");
        }
    }

    #[test]
    fn a_spreadsheet_finds_the_same_columns_in_every_line() {
        let csv = of_everyone(&samples::figures("Val;Fleuri"), &samples::targets());
        let lines: Vec<&str> = csv.strip_prefix(BYTE_ORDER_MARK).expect("marked").split_terminator("\r\n").collect();
        let columns = |line: &str| line.replace("\"Val;Fleuri\"", "name").matches(';').count();
        assert!(lines.iter().all(|line| columns(line) == 10), "{csv}");
        assert!(csv.ends_with("\r\n") && lines[0].starts_with("niveau;code;nom;"));
        assert_eq!(lines[1], "objectif;;;1000;600;101;2000;100000;50000;;180");
        assert_eq!(lines[2], "France;;France;4;3;2;8;1234;900;1133;190");
        assert!(lines.contains(&"mois;2026-11;;;;;;;;133;"), "{csv}");
        assert!(lines.contains(&"département;07;Ardèche;1;0;;2;;;0;"), "{csv}");
        assert!(lines.contains(&"commune;26362;\"Val;Fleuri\";;1;;;;;non communiqué;"), "{csv}");
    }
}

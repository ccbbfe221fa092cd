//! The figures of a service as a file, in the form of the public ones (decisions/0025): one table, told apart by its second
//! column, which a pivot table takes as it is.

use domain::habilitation::figures::{Figure, Line, Others, ServiceFigures};

use crate::indicators::csv::{Table, Value, text};

/// What a service is told.
pub(crate) fn of_service(figures: &ServiceFigures) -> String {
    let mut table = begun();
    for line in &figures.lines {
        table.line(&written(line));
    }
    for month in &figures.months {
        let when = format!("{:04}-{:02}", month.month.year, month.month.month);
        for (provider, many) in &month.providers {
            let words = text("connexions abouties par fournisseur");
            table.line(&[text(&when), words, text(provider.as_str()), Value::Number(*many)]);
        }
        if month.others == Others::Withheld {
            let words = text("connexions abouties par fournisseur");
            table.line(&[text(&when), words, text("autres"), Value::Withheld]);
        }
    }
    table.end()
}

/// All that is kept of a service, for the operator.
pub(crate) fn of_operator(lines: &[Line]) -> String {
    let mut table = begun();
    for line in lines {
        table.line(&written(line));
    }
    table.end()
}

fn begun() -> Table {
    Table::begin(&["période", "mesure", "détail", "nombre"])
}

fn written(line: &Line) -> [Value; 4] {
    let measure = match &line.figure {
        Figure::Started => "connexions commencées",
        Figure::Finished => "connexions abouties",
        Figure::Level(_) => "connexions abouties par niveau",
        Figure::Provider(_) => "connexions abouties par fournisseur",
        Figure::GivenUp(_) => "connexions abandonnées à l’étape",
        Figure::Failed(_) => "échecs",
    };
    [text(&line.day.written()), text(measure), text(line.figure.name()), Value::Number(line.count)]
}

//! Text in WinAnsi encoding (ISO 32000-1 annex D.2), and how wide it is in Helvetica.

/// The widths of the characters from the space to the tilde, in thousandths of the size (the metrics of Helvetica; those of
/// its bold face differ by a few per cent, which the margin takes).
const WIDTHS: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
    556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
    260, 334, 584,
];
/// The width of all others: that of most letters, and of none that is much wider.
const OTHER: u16 = 600;

/// The octet of a character; none when the encoding has none.
const fn octet(c: char) -> Option<u8> {
    Some(match c {
        ' '..='~' | '\u{a0}'..='ÿ' => c as u8,
        '€' => 0x80,
        '…' => 0x85,
        'Œ' => 0x8c,
        '‘' => 0x91,
        '’' => 0x92,
        '“' => 0x93,
        '”' => 0x94,
        '•' => 0x95,
        '–' => 0x96,
        '—' => 0x97,
        'œ' => 0x9c,
        _ => return None,
    })
}

/// The text, with a question mark for what the encoding has not.
pub(super) fn encoded(text: &str) -> Vec<u8> {
    text.chars().map(|c| octet(c).unwrap_or(b'?')).collect()
}

/// Lines of at most a width, in units of the size. A no-break space holds.
pub(super) fn wrapped(text: &str, width: f32) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if wide(line) + wide(" ") + wide(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    lines
}

fn wide(text: &str) -> f32 {
    let one = |c: char| {
        let at = usize::from(octet(c).unwrap_or(b'?')).checked_sub(32);
        at.and_then(|at| WIDTHS.get(at)).copied().unwrap_or(OTHER)
    };
    text.chars().map(|c| f32::from(one(c)) / 1000.0).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn french_is_encoded_and_what_the_encoding_has_not_is_a_question_mark() {
        assert_eq!(encoded("Été… l’œuvre « 5\u{a0}€ »"), b"\xc9t\xe9\x85 l\x92\x9cuvre \xab 5\xa0\x80 \xbb");
        assert_eq!(encoded("日\u{202e}x"), b"??x");
    }

    #[test]
    fn lines_are_no_wider_than_the_page_and_lose_no_word() {
        let text = "Dans les 24 heures qui suivent, présentez votre carte et votre code\u{a0}: c’est tout.";
        for width in [12.0, 20.0, 40.0] {
            let lines = wrapped(text, width);
            assert_eq!(lines.join(" "), text);
            assert!(lines.iter().all(|line| wide(line) <= width), "{lines:?}");
        }
        assert_eq!(wrapped("anticonstitutionnellement", 2.0).len(), 1, "a word is not broken");
        assert!((wide("Mm i") - (0.833 + 0.833 + 0.278 + 0.222)).abs() < 1e-6);
    }
}

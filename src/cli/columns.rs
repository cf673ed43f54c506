//! Tables for people: columns as wide as their widest cell, the last one as long as it is.

use std::io::{self, Write};

/// Writes a table. `indent` goes before each line; the columns in `right` are set to the right.
pub fn write<const N: usize>(
    out: &mut dyn Write,
    indent: &str,
    headings: [&str; N],
    rows: &[[String; N]],
    right: &[usize],
) -> io::Result<()> {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([headings[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let headings = headings.map(str::to_owned);
    for row in std::iter::once(&headings).chain(rows) {
        let mut line = indent.to_owned();
        for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
            if column > 0 {
                line += "  ";
            }
            line += &match right.contains(&column) {
                true => format!("{cell:>width$}"),
                false => format!("{cell:<width$}"),
            };
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// A text that somebody else wrote, on one line and without what a terminal would obey.
pub fn plain(text: &str) -> String {
    text.chars().map(|sign| if sign.is_control() { ' ' } else { sign }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut out = Vec::new();
        let rows = [["a", "7", ""], ["long name", "123", "why"]].map(|row| row.map(str::to_owned));
        write(&mut out, "  ", ["NAME", "N", "REASON"], &rows, &[1]).unwrap();
        let expected = "  NAME         N  REASON\n  a            7\n  long name  123  why\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn what_others_wrote_commands_no_terminal() {
        assert_eq!(plain("a\u{1b}[2Jb\nc\td é"), "a [2Jb c d é");
    }
}

//! What the demo prints: an introduction, tables while it runs, and a summary. It all goes to
//! standard output, the log too, so that it reads in the order in which it happened.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::Duration;

use super::TABLE_EVERY;
use super::seen::{PROMISED, Seen};
use crate::clock::{Time, elapsed};
use crate::plan::words::Span;
use crate::reconciler::status::Status;

/// Lines are broken at this width, so that tables and sentences keep their shape.
const WIDTH: usize = 100;

/// Below the sentence of a log line.
const LOG_INDENT: usize = 15;

/// Standard output. That nobody reads it any more stops nothing: the demo goes on to its end.
#[derive(Clone, Copy, Debug)]
pub struct Page;

impl Page {
    /// Prints whole lines.
    pub fn print(self, text: &str) {
        let mut out = io::stdout().lock();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }
}

/// Every line of the log comes in one piece.
impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        self.print(&text.lines().map(|line| wrap(line, LOG_INDENT)).collect::<String>());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What this is, what to try and what to look out for. `moved` tells that the usual port was taken.
pub fn introduction(address: SocketAddr, services: usize, moved: Option<SocketAddr>) -> String {
    let moved = moved.map_or_else(String::new, |usual| {
        format!("\n{usual} is taken by something else, so this demo listens on {address}.\n")
    });
    let base = format!("http://{address}");
    let tries: String = [
        (format!("curl {base}/api/v1/status"), "every service, and why"),
        (format!("curl '{base}/api/v1/status?verdict=hold'"), "only what is held"),
        (format!("curl {base}/metrics"), "for Prometheus"),
        (format!("curl {base}/healthz"), "does it make progress?"),
        (format!("curl {base}/readyz"), "has it looked at everything?"),
        ("cargo run -- demo --print-config".to_owned(), "the policies that are in force here"),
    ]
    .map(|(command, what)| format!("  {command:<56}{what}\n"))
    .concat();
    format!(
        "\
ecs-refresh demo: the real daemon and the real AWS SDK, with a simulated Amazon ECS in the process.
{services} services in two clusters, shop and data, whose tasks grow too old within minutes.
It needs no AWS account, no network and no files, and leaves nothing behind. Ctrl-C ends it.
{moved}
Try this in a second terminal:
{tries}
Look out for this in the next three minutes:
  shop/web, shop/cart   are refreshed one after the other: one waits for its turn
  shop/sessions         is not steady at first; then somebody deploys in the middle of its refresh
  shop/payments         gets an image that is not there: ECS rolls back, and the policy stops
  shop/gateway          is blue/green: its traffic moves stage by stage, and a person is waited for
  shop/catalog          is a canary: a tenth of its traffic moves first
  shop/checkout         is held by its owner's tag, until the tag is removed
  data/mailer           waits for its window, which opens in a minute or so
  data/etl              gets new tasks that never start: timed out after a minute
  data/reports          fails, and nothing happens to it until somebody deploys it anew
  data/thumbnails       is old too, but its image is gone: a refresh would break it
  data/search           is refreshed because AWS is about to retire its tasks; labs/wiki, which no
                        policy selects, and a task of no service are left to AWS
  all others            are held, frozen or have nothing to replace; the table says why

Times are UTC. The log follows, and a table every {} seconds.

",
        TABLE_EVERY.as_secs()
    )
}

/// Every service with its age, its verdict and the reason, a line for each.
pub fn table(status: &Status, began_at: Time, now: Time) -> String {
    let mut text = format!("\n{:<16}{:>7}  {:<9}REASON", "SERVICE", "AGE", "VERDICT");
    let clock =
        format!("[{}, {} into the demo]", now.format("%H:%M:%S"), Span(elapsed(began_at, now)));
    let room = WIDTH.saturating_sub(text.trim_start().chars().count());
    let _ = writeln!(text, "{clock:>room$}");
    for (service, verdict) in &status.plan.verdicts {
        let age = verdict.oldest_created_at.map(|at| Span(elapsed(at, now)).to_string());
        let row = format!(
            "{:<16}{:>7}  {:<9}{}",
            service.to_string(),
            age.as_deref().unwrap_or("-"),
            verdict.reason.kind(),
            verdict
        );
        let _ = writeln!(text, "{}", cut(row));
    }
    text.push('\n');
    text
}

/// What was seen of what was promised.
pub fn summary(seen: &Seen, running: Duration) -> String {
    let refreshes = match seen.refreshes() {
        1 => "1 refresh".to_owned(),
        many => format!("{many} refreshes"),
    };
    let mut text = format!("\nThat was the demo: {refreshes} in {}.\n\n", Span(running));
    let kinds: Vec<String> = seen.kinds().iter().map(ToString::to_string).collect();
    text += &wrap(&format!("  {:<28}{}", "verdicts", kinds.join(", ")), 30);
    let stages: Vec<String> =
        seen.stages().iter().map(|stage| stage.to_lowercase().replace('_', " ")).collect();
    text += &wrap(&format!("  {:<28}{}", "stages", stages.join(", ")), 30);
    for (sight, words) in PROMISED {
        let services: Vec<String> = seen.services(*sight).map(ToString::to_string).collect();
        let services = match services.as_slice() {
            [] => "not yet".to_owned(),
            services => services.join(", "),
        };
        text += &wrap(&format!("  {words:<28}{services}"), 30);
    }
    text += "\nNothing is left behind: the fleet and the ledger were in memory.\n\
             The same on your own services, without changing anything:\n\
             \x20 ecs-refresh plan --config PATH\n";
    text
}

/// A row of a table takes one line: the API and the log tell the whole sentence.
fn cut(row: String) -> String {
    if row.chars().count() <= WIDTH {
        return row;
    }
    row.chars().take(WIDTH - 3).chain("...".chars()).collect()
}

/// Breaks a line between words; what follows is indented. Escape sequences take no room.
fn wrap(line: &str, indent: usize) -> String {
    let mut text = String::new();
    let mut column = 0;
    for word in line.split_inclusive(' ') {
        if column + visible(word.trim_end()) > WIDTH && column > indent {
            text.truncate(text.trim_end().len());
            let _ = write!(text, "\n{:indent$}", "");
            column = indent;
        }
        text += word;
        column += visible(word);
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// How many columns a text takes: those of an escape sequence, from ESC to `m`, are not seen.
fn visible(text: &str) -> usize {
    let mut hidden = false;
    let mut columns = 0;
    for sign in text.chars() {
        match (hidden, sign) {
            (_, '\u{1b}') => hidden = true,
            (true, 'm') => hidden = false,
            (true, _) => {}
            (false, _) => columns += 1,
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_broken_between_words_and_indented() {
        let line = format!("12:00:00  INFO {} end", "word ".repeat(20).trim_end());
        let lines: Vec<String> = wrap(&line, 15).lines().map(str::to_owned).collect();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].len() <= WIDTH && lines[0].ends_with("word"), "{lines:?}");
        assert_eq!(lines[1], format!("{:15}word word word end", ""));
    }

    #[test]
    fn colours_take_no_room() {
        let line = format!("\u{1b}[2m12:00:00\u{1b}[0m {}", "x".repeat(WIDTH - 9));
        assert_eq!(wrap(&line, 15), format!("{line}\n"));
    }

    #[test]
    fn a_row_takes_one_line() {
        assert_eq!(cut("x".repeat(WIDTH)), "x".repeat(WIDTH));
        assert_eq!(cut("x".repeat(WIDTH + 1)), format!("{}...", "x".repeat(WIDTH - 3)));
    }

    #[test]
    fn the_introduction_fits_into_the_width() {
        let text = introduction("127.0.0.1:65535".parse().unwrap(), 14, None);
        for line in text.lines() {
            assert!(line.chars().count() <= WIDTH, "{line}");
        }
    }
}

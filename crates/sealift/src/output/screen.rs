//! Standard error: lines that stay, above a display that is drawn again and again.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anstream::{AutoStream, ColorChoice};
use terminal_size::{Height, Width, terminal_size_of};

use super::text::{self, WIDTH_DEFAULT};

/// Lines assumed when nothing says how high the terminal is.
const HEIGHT_DEFAULT: usize = 24;

/// Standard error. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Screen {
    region: Arc<Mutex<Region>>,
    /// Whether a display can be drawn.
    pub(crate) is_live: bool,
    has_colour: bool,
}

/// The lines of the display that stand above the cursor.
#[derive(Debug, Default)]
struct Region {
    /// Columns each of them takes.
    drawn: Vec<usize>,
}

impl Screen {
    /// The process's standard error; `is_dumb` when the terminal understands no cursor movement.
    pub(crate) fn new(is_dumb: bool) -> Self {
        Self {
            region: Arc::default(),
            is_live: io::stderr().is_terminal() && !is_dumb,
            has_colour: AutoStream::choice(&io::stderr()) != ColorChoice::Never,
        }
    }

    /// Columns and lines.
    pub(crate) fn size(&self) -> (usize, usize) {
        match terminal_size_of(io::stderr()) {
            Some((Width(columns), Height(lines))) if columns > 0 && lines > 0 => {
                (usize::from(columns), usize::from(lines))
            }
            Some(_) | None => (WIDTH_DEFAULT, HEIGHT_DEFAULT),
        }
    }

    /// Writes a text that stays; a display is drawn anew below it at its next turn.
    pub(crate) fn tell(&self, text: &str) {
        self.write(&mut self.lock(), &[text.trim_end_matches('\n')], true);
    }

    /// Draws a display in place of the last one.
    pub(crate) fn draw(&self, lines: &[String]) {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        self.write(&mut self.lock(), &lines, false);
    }

    /// Replaces what is drawn by `lines`, which stay if `for_good`.
    fn write(&self, region: &mut Region, lines: &[&str], for_good: bool) {
        let mut out = self.erasure(region);
        region.drawn.clear();
        for line in lines {
            let plain = anstream::adapter::strip_str(line).to_string();
            out.push_str(if self.has_colour { line } else { &plain });
            out.push('\n');
            if !for_good {
                region.drawn.push(text::width(&plain));
            }
        }
        // Standard error is the last resort: when it is gone there is nobody left to tell.
        drop(io::stderr().lock().write_all(out.as_bytes()));
    }

    /// What moves the cursor up to where the display began and clears from there. A display drawn in a
    /// wider terminal takes more lines in a narrower one.
    fn erasure(&self, region: &Region) -> String {
        if region.drawn.is_empty() {
            return String::new();
        }
        format!("\x1b[{}A\r\x1b[J", rows_taken(&region.drawn, self.size().0))
    }

    fn lock(&self) -> MutexGuard<'_, Region> {
        self.region.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Terminal rows that lines of these widths take in so many columns.
fn rows_taken(widths: &[usize], columns: usize) -> usize {
    widths.iter().map(|width| width.div_ceil(columns.max(1)).max(1)).sum()
}

/// For logs: each write is one event.
impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.tell(&String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_display_takes_more_rows_after_the_terminal_got_narrower() {
        assert_eq!(rows_taken(&[79, 40, 0], 80), 3);
        assert_eq!(rows_taken(&[79, 40, 0], 40), 4);
        assert_eq!(rows_taken(&[79, 40, 0], 39), 6);
    }
}

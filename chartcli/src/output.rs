//! Standard output is data: whole, and nothing else.

use std::fmt;
use std::io::Write;
use std::path::Path;

use chartcore::data::{Value, json};

use crate::commands::Failure;

/// Writes to standard output. A reader that has gone away ends the program quietly.
pub(crate) fn print(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    if out.write_all(bytes).and_then(|()| out.flush()).is_err() {
        std::process::exit(1);
    }
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people.
    Table,
    /// For programs.
    Json,
}

impl Format {
    /// Reads `--output`.
    pub(crate) fn of(text: Option<&str>) -> Result<Self, Failure> {
        match text {
            None | Some("" | "table") => Ok(Self::Table),
            Some("json") => Ok(Self::Json),
            Some(other) => {
                Err(Failure::Usage(format!("invalid format type {other:?}: must be \"table\" or \"json\"")))
            }
        }
    }
}

/// Prints a value as one line of JSON.
pub(crate) fn print_json(value: &Value) -> Result<(), Failure> {
    let mut text = json::write(value).map_err(|error| Failure::Usage(error.to_string()))?;
    text.push(b'\n');
    print(&text);
    Ok(())
}

/// Writes a file whole or not at all, with the folders above it: a reader never meets half of it.
pub(crate) fn write_file(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(parent)?;
    let mut temporary = tempfile::NamedTempFile::new_in(parent)?;
    temporary.write_all(content)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        temporary.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    temporary.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// A table as Helm draws it: columns padded with spaces and parted by tabs.
#[derive(Debug)]
pub(crate) struct Table {
    widest: usize,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table whose cells are cut at `widest` letters.
    pub(crate) fn new(widest: usize) -> Self {
        Self { widest, rows: Vec::new() }
    }

    /// Adds a row.
    pub(crate) fn row<T: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.rows.push(cells.into_iter().map(|cell| cell.as_ref().to_owned()).collect());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let widths = self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
            widths.max().unwrap_or(0).min(self.widest)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for (index, row) in self.rows.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            for (column, cell) in row.iter().enumerate() {
                if column > 0 {
                    f.write_str("\t")?;
                }
                let (width, length) = (widths[column], cell.chars().count());
                if length > width {
                    let kept: String = cell.chars().take(width.saturating_sub(3).max(1)).collect();
                    write!(f, "{kept}...")?;
                } else {
                    write!(f, "{cell}{}", " ".repeat(width - length))?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn tables_are_padded_and_cut() {
        let mut table = Table::new(10);
        table.row(["NAME", "REPOSITORY", "STATUS"]);
        table.row(["averyveryverylongname", "https://example.com", "missing"]);
        assert_eq!(table.to_string(), "NAME      \tREPOSITORY\tSTATUS \naveryve...\thttps:/...\tmissing");
    }
}

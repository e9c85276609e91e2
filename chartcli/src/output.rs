//! Standard output is data: whole, and nothing else.

use std::fmt;
use std::io::Write;
use std::path::Path;

use chartcore::data::{Map, Value, json, yaml};

use crate::commands::{Context, Failure, Outcome};

/// Writes to standard output. A reader that has gone away ends the program quietly.
pub(crate) fn print(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    if out.write_all(bytes).and_then(|()| out.flush()).is_err() {
        std::process::exit(1);
    }
}

/// As [`print()`], for what is not there in one piece.
pub(crate) fn stream(write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) {
    /// As much as a pipe takes at once.
    const BUFFER: usize = 64 << 10;
    let mut out = std::io::BufWriter::with_capacity(BUFFER, std::io::stdout().lock());
    if write(&mut out).and_then(|()| out.flush()).is_err() {
        std::process::exit(1);
    }
}

/// Writes a file whole or not at all, with the folders above it: a reader never meets half of it.
pub(crate) fn write_file(path: &Path, content: &[u8]) -> std::io::Result<()> {
    write_with_mode(path, content, 0o644)
}

/// As [`write_file`], for the user's eyes alone.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> std::io::Result<()> {
    write_with_mode(path, content, 0o600)
}

#[cfg_attr(not(unix), allow(unused_variables, reason = "only Unix has modes"))]
fn write_with_mode(path: &Path, content: &[u8], mode: u32) -> std::io::Result<()> {
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
        temporary.as_file().set_permissions(std::fs::Permissions::from_mode(mode))?;
    }
    temporary.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// What `-o` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Table,
    Json,
    Yaml,
}

/// A field of a row.
#[derive(Debug, Clone)]
pub(crate) enum Cell {
    Text(String),
    Number(u64),
    Group(Row),
    List(Vec<Row>),
}

/// The fields of a row in the order JSON has them.
pub(crate) type Row = Vec<(&'static str, Cell)>;

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Cell {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl Cell {
    fn to_value(&self) -> Value {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::Number(number) => i64::try_from(*number).unwrap_or(i64::MAX).into(),
            Self::Group(row) => row_value(row),
            Self::List(rows) => rows.iter().map(row_value).collect::<Vec<_>>().into(),
        }
    }
}

fn row_value(row: &Row) -> Value {
    row.iter().map(|(key, cell)| ((*key).into(), cell.to_value())).collect::<Map>().into()
}

fn push_json(out: &mut Vec<u8>, row: &Row) -> Result<(), Failure> {
    let failed = |error: json::Error| Failure::Usage(format!("unable to write JSON output: {error}"));
    for (index, (key, cell)) in row.iter().enumerate() {
        out.push(if index == 0 { b'{' } else { b',' });
        json::write_into(out, &(*key).into()).map_err(failed)?;
        out.push(b':');
        match cell {
            Cell::Group(row) => push_json(out, row)?,
            Cell::List(rows) => push_list(out, rows)?,
            cell => json::write_into(out, &cell.to_value()).map_err(failed)?,
        }
    }
    out.push(b'}');
    Ok(())
}

fn push_list(out: &mut Vec<u8>, rows: &[Row]) -> Result<(), Failure> {
    out.push(b'[');
    for (index, row) in rows.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        push_json(out, row)?;
    }
    out.push(b']');
    Ok(())
}

impl Encoding {
    /// Reads `-o`.
    pub(crate) fn of(context: &Context<'_>) -> Result<Self, Failure> {
        match context.given.text("output") {
            None | Some("table") => Ok(Self::Table),
            Some("json") => Ok(Self::Json),
            Some("yaml") => Ok(Self::Yaml),
            Some(other) => Err(Failure::Usage(format!(
                "invalid argument {other:?} for \"-o, --output\" flag: invalid format type"
            ))),
        }
    }

    /// Prints rows; a table is not for here.
    pub(crate) fn print(self, rows: &[Row]) -> Outcome {
        if self == Self::Yaml {
            let list: Vec<Value> = rows.iter().map(row_value).collect();
            let failed = |error: yaml::Error| format!("unable to write YAML output: {error}");
            print(&yaml::write(&list.into()).map_err(failed)?);
            return Ok(());
        }
        let mut out = Vec::new();
        push_list(&mut out, rows)?;
        out.push(b'\n');
        print(&out);
        Ok(())
    }

    /// Prints one row.
    pub(crate) fn print_one(self, row: &Row) -> Outcome {
        let failed = |error: yaml::Error| format!("unable to write YAML output: {error}");
        match self {
            Self::Yaml => print(&yaml::write(&row_value(row)).map_err(failed)?),
            _ => {
                let mut out = Vec::new();
                push_json(&mut out, row)?;
                out.push(b'\n');
                print(&out);
            }
        }
        Ok(())
    }
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

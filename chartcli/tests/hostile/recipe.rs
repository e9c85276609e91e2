//! `fixtures/hostile`: input made to hurt, written as recipes, because most of it is too large, too odd or
//! not a file at all. Shared by the test, which runs `chart` on it, and by `cargo xtask hostile`, which
//! asks both Helms.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use toml::{Table, Value};

/// What runs without `args`.
const RENDER: [&str; 3] = ["template", "x", "c"];

/// One hostile input. How each part is written is told in `fixtures/hostile/README.md`.
pub(crate) struct Case {
    pub(crate) id: String,
    table: Table,
}

/// What a program made of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The exit code, or how the program came to its end.
    pub(crate) status: String,
    /// Without an error, length and checksum of standard output; with one, its first line.
    pub(crate) said: String,
}

impl Outcome {
    pub(crate) fn succeeded(&self) -> bool {
        self.status == "0"
    }
}

/// What a run may use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Address space, in KiB.
    pub(crate) memory: u64,
    /// The main thread's stack, in KiB.
    pub(crate) stack: u64,
    /// How long until the run counts as hanging.
    pub(crate) patience: Duration,
}

/// Every case, in the order of file names and of the lines in them.
pub(crate) fn load(folder: &Path) -> Vec<Case> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "toml"));
    files.sort();
    let mut cases = Vec::new();
    for file in files {
        let area = file.file_stem().unwrap().to_str().unwrap();
        let text = fs::read_to_string(&file).unwrap();
        let table: Table = text.parse().unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        for case in table["case"].as_array().unwrap() {
            let table = case.as_table().unwrap().clone();
            let id = format!("{area}/{}", table["id"].as_str().unwrap());
            for key in table.keys() {
                const KEYS: [&str; 14] = [
                    "id", "cve", "args", "set", "stdin", "files", "template", "values", "schema", "chart",
                    "differs", "ours", "why", "memory",
                ];
                assert!(KEYS.contains(&key.as_str()), "{id}: what is `{key}`?");
            }
            cases.push(Case { id, table });
        }
    }
    cases
}

impl Case {
    /// Why we do not do as Helm does, when we do not.
    pub(crate) fn differs(&self) -> Option<&str> {
        self.table.get("differs").and_then(Value::as_str)
    }

    /// What we say instead in `profile`: the first line, or the empty text for success.
    pub(crate) fn ours(&self, profile: &str) -> Option<&str> {
        match self.table.get("ours")? {
            Value::Table(by_profile) => by_profile.get(profile).and_then(Value::as_str),
            text => text.as_str(),
        }
    }

    /// How much memory the case may use where that is more than the others may, in MiB.
    pub(crate) fn memory(&self) -> Option<u64> {
        u64::try_from(self.table.get("memory")?.as_integer()?).ok()
    }

    /// The vulnerabilities of Helm that the case goes back to.
    pub(crate) fn vulnerabilities(&self) -> Vec<&str> {
        let listed = self.table.get("cve").and_then(Value::as_array);
        listed.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// Makes the files of the case in `folder`.
    fn make(&self, folder: &Path) -> io::Result<()> {
        let shorthands = [
            ("chart", "c/Chart.yaml"),
            ("values", "c/values.yaml"),
            ("schema", "c/values.schema.json"),
            ("template", "c/templates/a.yaml"),
        ];
        let files = self.table.get("files").and_then(Value::as_table).cloned().unwrap_or_default();
        for (key, name) in shorthands {
            if let Some(content) = self.table.get(key) {
                put(folder, name, content)?;
            }
        }
        for (name, content) in &files {
            put(folder, name, content)?;
        }
        let chart = folder.join("c");
        let metadata = chart.join("Chart.yaml");
        if chart.is_dir() && fs::symlink_metadata(&metadata).is_err() {
            fs::write(metadata, "apiVersion: v2\nname: c\nversion: 0.1.0\n")?;
        }
        Ok(())
    }

    /// The command line.
    fn words(&self) -> Vec<OsString> {
        let mut words: Vec<OsString> = match self.table.get("args") {
            Some(args) => args.as_array().unwrap().iter().map(|word| os_text(bytes(word))).collect(),
            None => RENDER.iter().map(OsString::from).collect(),
        };
        for text in self.table.get("set").and_then(Value::as_array).into_iter().flatten() {
            words.extend(["--set".into(), os_text(bytes(text))]);
        }
        if words[0] == "template" {
            words.extend(["--kube-version".into(), "1.34.0".into()]);
        }
        words
    }

    /// Runs `program` on the case in a new folder under `scratch`, which is gone afterwards.
    pub(crate) fn run(&self, program: &Path, more: &[&str], bounds: Bounds, scratch: &Path) -> Outcome {
        let folder = scratch.join(self.id.replace('/', "-"));
        let (home, work) = (folder.join("home"), folder.join("work"));
        fs::create_dir_all(&home).unwrap();
        fs::create_dir_all(&work).unwrap();
        self.make(&work).unwrap_or_else(|error| panic!("{}: {error}", self.id));
        fs::write(folder.join("in"), self.table.get("stdin").map(bytes).unwrap_or_default()).unwrap();
        let limits = format!(
            "ulimit -c 0; ulimit -s {}; ulimit -v {}; exec \"$0\" \"$@\"",
            bounds.stack, bounds.memory
        );
        let mut child = Command::new("sh")
            .args(["-c", &limits])
            .arg(program)
            .args(self.words())
            .args(more)
            .current_dir(&work)
            .env_clear()
            .envs([("HOME", home.as_os_str()), ("TZ", "UTC".as_ref()), ("PATH", "/usr/bin:/bin".as_ref())])
            .stdin(File::open(folder.join("in")).unwrap())
            .stdout(File::create(folder.join("out")).unwrap())
            .stderr(File::create(folder.join("err")).unwrap())
            .spawn()
            .unwrap();
        let start = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break describe(status);
            }
            if start.elapsed() > bounds.patience {
                child.kill().unwrap();
                child.wait().unwrap();
                break "hangs".to_owned();
            }
            thread::sleep(Duration::from_millis(3));
        };
        let said = match status.as_str() {
            "0" => checksum(&fs::read(folder.join("out")).unwrap()),
            _ => first_line(&fs::read(folder.join("err")).unwrap(), &work),
        };
        fs::remove_dir_all(&folder).unwrap();
        Outcome { status, said }
    }
}

fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => code.to_string(),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "gone".to_owned(),
    }
}

/// The first line of the message, of at most 300 letters; the folder is written `{dir}`.
fn first_line(text: &[u8], folder: &Path) -> String {
    let text = String::from_utf8_lossy(text).replace(folder.to_str().unwrap(), "{dir}");
    let line = text.lines().find(|line| line.starts_with("Error: "));
    let crash =
        || text.lines().find(|line| ["panic: ", "fatal error: "].iter().any(|word| line.starts_with(word)));
    let line = line.or_else(crash).or_else(|| text.lines().find(|line| !line.is_empty())).unwrap_or_default();
    let line = line.strip_prefix("Error: ").unwrap_or(line);
    let mut shown: String = line.chars().take(300).collect();
    if shown.len() < line.len() {
        shown.push('…');
    }
    shown.replace('\t', "\\t")
}

/// Length and FNV-1a of the bytes.
fn checksum(bytes: &[u8]) -> String {
    let sum = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{} bytes, {sum:016x}", bytes.len())
}

fn os_text(bytes: Vec<u8>) -> OsString {
    OsString::from_vec(bytes)
}

/// Puts what a recipe makes at `name`; a name may hold `%XX` for a byte.
fn put(folder: &Path, name: &str, content: &Value) -> io::Result<()> {
    let path = folder.join(os_text(unescape(name)));
    fs::create_dir_all(path.parent().unwrap())?;
    let kind = content.as_table().and_then(|table| table.iter().next());
    match kind {
        Some((key, Value::String(target))) if key == "symlink" => symlink(target, path),
        Some((key, _)) if key == "folder" => fs::create_dir_all(path),
        Some((key, _)) if key == "pipe" => {
            let status = Command::new("mkfifo").arg(&path).stdin(Stdio::null()).status()?;
            assert!(status.success());
            Ok(())
        }
        // A name with `{n}` makes as many files as `copies` says.
        Some((key, Value::Integer(count))) if key == "copies" => {
            let text = bytes(&content["of"]);
            for index in 0..*count {
                let path = folder.join(name.replace("{n}", &index.to_string()));
                fs::create_dir_all(path.parent().unwrap())?;
                fs::write(path, &text)?;
            }
            Ok(())
        }
        _ => fs::write(path, bytes(content)),
    }
}

fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|code| std::str::from_utf8(code).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(code) if byte == b'%' => {
                out.push(code);
                rest = &after[2..];
            }
            _ => {
                out.push(byte);
                rest = after;
            }
        }
    }
    out
}

/// The bytes a recipe makes: a text, a list of recipes one after the other, or one of the tables below.
fn bytes(recipe: &Value) -> Vec<u8> {
    match recipe {
        Value::String(text) => text.clone().into_bytes(),
        Value::Array(parts) => parts.iter().flat_map(bytes).collect(),
        Value::Table(table) => table_bytes(table),
        other => panic!("{other} makes no bytes"),
    }
}

fn number(table: &Table, key: &str) -> Option<usize> {
    table.get(key).map(|value| value.as_integer().unwrap().try_into().unwrap())
}

fn table_bytes(table: &Table) -> Vec<u8> {
    let mut out = if let Some(part) = table.get("repeat") {
        bytes(part).repeat(number(table, "times").unwrap())
    } else if let Some(text) = table.get("count") {
        let text = text.as_str().unwrap();
        let line =
            |index: usize| text.replace("{n}", &index.to_string()).replace("{n+1}", &(index + 1).to_string());
        (0..number(table, "times").unwrap()).map(line).collect::<String>().into_bytes()
    } else if let Some(codes) = table.get("hex") {
        let codes: String = codes.as_str().unwrap().split_whitespace().collect();
        let pairs = codes.as_bytes().chunks(2);
        pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    } else if let Some(part) = table.get("gzip") {
        gzip(&bytes(part))
    } else if let Some(entries) = table.get("tar") {
        tar(entries.as_array().unwrap())
    } else if let Some(entries) = table.get("tgz") {
        gzip(&tar(entries.as_array().unwrap()))
    } else {
        panic!("{table} makes no bytes")
    };
    if let Some(length) = number(table, "cut") {
        out.truncate(length);
    }
    if let Some(count) = number(table, "drop") {
        out.truncate(out.len() - count);
    }
    if let Some(at) = number(table, "flip") {
        out[at] ^= 0xff;
    }
    out
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// An archive of entries `{name, text, type, link, size, sum}`: `type` is the header's letter, `size` and
/// `sum` replace what would be right. With `copies`, `{n}` in the name counts.
fn tar(entries: &[Value]) -> Vec<u8> {
    let mut out = Vec::new();
    for entry in entries {
        let entry = entry.as_table().unwrap();
        let name = entry["name"].as_str().unwrap();
        for index in 0..number(entry, "copies").unwrap_or(1) {
            tar_entry(&mut out, entry, &unescape(&name.replace("{n}", &index.to_string())));
        }
    }
    out.extend([0; 1024]);
    out
}

fn tar_entry(out: &mut Vec<u8>, entry: &Table, name: &[u8]) {
    let text = entry.get("text").map(bytes).unwrap_or_default();
    let word = |key: &str| entry.get(key).and_then(Value::as_str);
    let mut header = [0_u8; 512];
    let mut set = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    set(0, &name[..name.len().min(100)]);
    set(100, b"0000644\x000000000\x000000000\x00");
    match word("size") {
        Some(field) => set(124, field.as_bytes()),
        None => set(124, format!("{:011o}\0", text.len()).as_bytes()),
    }
    set(136, b"00000000000\0");
    set(148, b"        ");
    set(156, word("type").unwrap_or("0").as_bytes());
    let link = word("link").unwrap_or_default().as_bytes();
    set(157, &link[..link.len().min(100)]);
    set(257, b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    let sum = word("sum").map_or_else(|| format!("{sum:06o}\0 "), str::to_owned);
    header[148..148 + sum.len()].copy_from_slice(sum.as_bytes());
    out.extend_from_slice(&header);
    out.extend_from_slice(&text);
    out.resize(out.len().div_ceil(512) * 512, 0);
}

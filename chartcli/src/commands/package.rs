//! `chart package`.

use std::io::{BufRead, BufReader, IsTerminal};
use std::path::{Path, PathBuf};

use chartcore::archive::provenance::{EXTENSION, Keyring, SigningKey};
use chartcore::archive::{self, Archive, Listing, PackOptions};
use chartcore::chart::{self, LoadOptions};
use chartcore::data::{Map, Value};
use chartcore::files::clean_path;
use chartcore::files::directory::{self, PathKind, Symlinks, io_error};
use chartcore::{Compat, Error, ErrorKind};

use super::{Context, Failure, Outcome};
use crate::flags::{Flag, Kind};
use crate::output::{self, Format, Table};
use crate::settings::Role;

pub(crate) const FLAGS: &[Flag] = &[
    Flag::new("app-version", Kind::Text("string"), "set the appVersion on the chart to this version"),
    Flag::new(
        "dependency-update",
        Kind::Switch,
        "update dependencies from \"Chart.yaml\" to dir \"charts/\" before packaging",
    )
    .short('u'),
    Flag::new("destination", Kind::Text("dir"), "location to write the chart (default \".\")").short('d'),
    Flag::new("key", Kind::Text("string"), "name of the key to use when signing. Used if --sign is true"),
    Flag::new("keyring", Kind::Text("file"), "location of the keyring with the signing key"),
    Flag::new("list", Kind::Switch, "write nothing; list what goes in, and what .helmignore leaves out"),
    Flag::new("output", Kind::Text("table|json"), "how to print what was packed or listed (default table)")
        .short('o'),
    Flag::new(
        "passphrase-file",
        Kind::Text("file"),
        "file which contains the passphrase for the signing key; \"-\" reads it from stdin",
    ),
    Flag::new("sign", Kind::Switch, "use a PGP private key to sign this package"),
    Flag::new("version", Kind::Text("string"), "set the version on the chart to this semver version"),
];

/// The longest passphrase that is read.
const LONGEST_PASSPHRASE: u64 = 4096;

/// Packs charts. Helm: pkg/cmd/package.go, pkg/action/package.go.
pub(crate) fn run(context: &Context<'_>) -> Outcome {
    let given = &context.given;
    let paths = given.positionals();
    if paths.is_empty() {
        return Err(Failure::Usage("need at least one argument, the path to the chart".to_owned()));
    }
    let format = Format::of(given.text("output"))?;
    let options = options(context)?;
    let mut signer = Signer::of(context)?;
    let mut packed = Vec::new();
    for path in &paths {
        let path = Path::new(path);
        directory::kind_of(path)?;
        let path = directory::absolute(path)?;
        if given.switch("dependency-update") {
            super::dependency::update_for(context, &path, false)?;
        }
        check_is_folder(&path, context.settings.compat)?;
        if given.switch("list") {
            let listing = archive::list(&path, &load_options(context), &options)?;
            match format {
                Format::Table => output::print(table(&listing).as_bytes()),
                Format::Json => packed.push(listed(&listing)),
            }
            continue;
        }
        let chart = chart::load(&path, &load_options(context))?;
        crate::report::warnings(context.settings, chart.warnings());
        let archive = archive::pack(&chart, &options)?;
        let place = place(given.text("destination").unwrap_or("."), &archive)?;
        let provenance = signer.as_mut().map(|signer| signer.sign(&archive)).transpose()?;
        // The signature first: nobody shall find an archive whose signature is that of its predecessor.
        let provenance =
            provenance.map(|text| (PathBuf::from(format!("{}{EXTENSION}", place.display())), text));
        if let Some((path, text)) = &provenance {
            write(path, text.as_bytes())?;
        }
        write(&place, archive.bytes())?;
        match format {
            Format::Table => {
                let place = place.display();
                output::print(format!("Successfully packaged chart and saved it to: {place}\n").as_bytes());
            }
            Format::Json => packed.push(described(&archive, &place, provenance.map(|(path, _)| path))),
        }
    }
    if format == Format::Json {
        output::print_json(&Value::from(packed))?;
    }
    Ok(())
}

fn options(context: &Context<'_>) -> Result<PackOptions, Failure> {
    let given = &context.given;
    let mut options = PackOptions::new();
    if let Some(version) = given.text("version").filter(|version| !version.is_empty()) {
        options = options.version(version)?;
    }
    if let Some(version) = given.text("app-version").filter(|version| !version.is_empty()) {
        options = options.app_version(version);
    }
    if let Some(time) = context.settings.archive_time()? {
        options = options.mtime(time);
    }
    Ok(options)
}

fn load_options(context: &Context<'_>) -> LoadOptions {
    let options = LoadOptions::new(context.settings.compat);
    match context.settings.role {
        Role::DropIn => options.symlinks(Symlinks::Follow),
        Role::Native => options,
    }
}

/// Only folders are packed; Helm finds no Chart.yaml below a file.
fn check_is_folder(path: &Path, compat: Compat) -> Outcome {
    if directory::kind_of(path)? == PathKind::Folder {
        return Ok(());
    }
    let message = match compat {
        Compat::Helm3 => "Chart.yaml file is missing".to_owned(),
        Compat::Helm4 => {
            let file = path.join("Chart.yaml");
            let file = file.display();
            format!("unable to detect chart at {file}: open {file}: not a directory")
        }
    };
    Err(Error::new(ErrorKind::Chart, message).into())
}

/// Where the archive goes. The folder is made when it is not there. Helm: `Save`.
fn place(destination: &str, archive: &Archive) -> Result<PathBuf, Failure> {
    let folder = match destination {
        "." => directory::absolute(Path::new("."))?,
        destination => PathBuf::from(clean_path(destination)),
    };
    let failed = |error: Error| error.prefixed("failed to save: ");
    match directory::kind_of(&folder) {
        Ok(PathKind::Folder) => {}
        Ok(_) => {
            let message = format!("failed to save: is not a directory: {}", folder.display());
            return Err(Error::new(ErrorKind::Io, message).into());
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            std::fs::create_dir_all(&folder).map_err(|error| failed(io_error("mkdir", &folder, error)))?
        }
        Err(error) => return Err(failed(error.prefixed(format_args!("stat {}: ", folder.display()))).into()),
    }
    // A relative folder stays relative in what is printed, without `./`.
    Ok(if folder.as_os_str() == "." { archive.file_name().into() } else { folder.join(archive.file_name()) })
}

fn write(path: &Path, bytes: &[u8]) -> Outcome {
    output::write_file(path, bytes)
        .map_err(|error| io_error("open", path, error).prefixed("failed to save: ").into())
}

fn described(archive: &Archive, place: &Path, provenance: Option<PathBuf>) -> Value {
    let mut map = Map::new();
    map.insert("name", archive.name().into());
    map.insert("version", archive.version().into());
    map.insert("path", place.display().to_string().into());
    map.insert("size", (archive.bytes().len() as i64).into());
    map.insert("digest", archive.digest().to_string().into());
    if let Some(path) = provenance {
        map.insert("provenance", path.display().to_string().into());
    }
    map.into()
}

fn listed(listing: &Listing) -> Value {
    let entry = |name: &str, size: u64| {
        let mut map = Map::new();
        map.insert("name", name.into());
        map.insert("size", (size as i64).into());
        map
    };
    let files: Vec<Value> = listing.files.iter().map(|file| entry(&file.name, file.size).into()).collect();
    let ignored = listing.ignored.iter().map(|ignored| {
        let mut map = entry(&ignored.name, ignored.size);
        map.insert("files", (ignored.files as i64).into());
        Value::from(map)
    });
    let mut map = Map::new();
    map.insert("name", listing.name.as_str().into());
    map.insert("version", listing.version.as_str().into());
    map.insert("size", (listing.size() as i64).into());
    map.insert("files", files.into());
    map.insert("ignored", ignored.collect::<Vec<_>>().into());
    map.into()
}

fn table(listing: &Listing) -> String {
    let mut table = Table::new(120);
    table.row(["FILE", "SIZE", "PACKED"]);
    for file in &listing.files {
        table.row([&file.name, &file.size.to_string(), "yes"]);
    }
    for ignored in &listing.ignored {
        let name = format!("{}/{}", listing.name, ignored.name);
        table.row([name, ignored.size.to_string(), "no: .helmignore".to_owned()]);
    }
    let (files, size) = (listing.files.len(), listing.size());
    let plural = if files == 1 { "" } else { "s" };
    format!("{table}\n{}-{}: {files} file{plural}, {size} bytes\n", listing.name, listing.version)
}

/// The key that signs every archive of one call; it is read and unlocked when the first is ready.
struct Signer<'a> {
    context: &'a Context<'a>,
    key: Option<SigningKey>,
}

impl<'a> Signer<'a> {
    fn of(context: &'a Context<'a>) -> Result<Option<Self>, Failure> {
        if !context.given.switch("sign") {
            return Ok(None);
        }
        if context.given.text("key").is_none_or(str::is_empty) {
            return Err(Failure::Usage("--key is required for signing a package".to_owned()));
        }
        if context.given.text("keyring").is_some_and(str::is_empty) {
            return Err(Failure::Usage("--keyring is required for signing a package".to_owned()));
        }
        Ok(Some(Self { context, key: None }))
    }

    fn sign(&mut self, archive: &Archive) -> Result<String, Failure> {
        let settings = self.context.settings;
        let key = match &mut self.key {
            Some(key) => key,
            empty => empty.insert(signing_key(self.context)?),
        };
        let time = settings.archive_time()?.unwrap_or(settings.now);
        Ok(key.sign(archive.bytes(), &archive.file_name(), settings.compat, time)?)
    }
}

fn signing_key(context: &Context<'_>) -> Result<SigningKey, Failure> {
    let given = &context.given;
    let keyring = given.text("keyring").unwrap_or(&context.settings.keyring);
    let mut key = Keyring::read(Path::new(keyring))?.signing_key(given.text("key").unwrap_or_default())?;
    let file = given.text("passphrase-file").filter(|file| !file.is_empty());
    let from_file = file.map(passphrase).transpose()?;
    if key.is_locked() {
        let passphrase = match from_file {
            Some(passphrase) => passphrase,
            None => ask(key.name())?,
        };
        key.unlock(&passphrase)?;
    }
    Ok(key)
}

/// The first line of a file, or of standard input for `-`.
fn passphrase(file: &str) -> Result<Vec<u8>, Failure> {
    if file == "-" {
        let stdin = std::io::stdin();
        if stdin.is_terminal() {
            let message = "specified reading passphrase from stdin, without input on stdin";
            return Err(Failure::Usage(message.to_owned()));
        }
        return first_line(stdin.lock(), Path::new("/dev/stdin"));
    }
    let path = Path::new(file);
    let file = std::fs::File::open(path).map_err(|error| io_error("open", path, error))?;
    first_line(BufReader::new(file), path)
}

fn first_line(input: impl BufRead, path: &Path) -> Result<Vec<u8>, Failure> {
    let mut line = Vec::new();
    input
        .take(LONGEST_PASSPHRASE)
        .read_until(b'\n', &mut line)
        .map_err(|error| io_error("read", path, error))?;
    if line.is_empty() {
        return Err(Failure::Usage("EOF".to_owned()));
    }
    if line.ends_with(b"\n") {
        line.pop();
        if line.ends_with(b"\r") {
            line.pop();
        }
    }
    Ok(line)
}

/// Asks the person at the terminal, without showing what is typed.
fn ask(name: &str) -> Result<Vec<u8>, Failure> {
    let prompt = format!("Password for key {name:?} >  ");
    let typed = rpassword::prompt_password(prompt).map_err(|error| {
        Failure::Usage(format!("the key is locked and there is no --passphrase-file: {error}"))
    })?;
    Ok(typed.into_bytes())
}

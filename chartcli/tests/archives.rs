//! `package`, `verify` and `digest` through the binary: the same bytes in any surroundings, whole files or none, and
//! clear words about hostile archives, signatures and keyrings within 256 MB.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures").canonicalize().unwrap()
}

fn ring(name: &str) -> String {
    fixtures().join("provenance/rings").join(name).display().to_string()
}

/// How a run ended.
#[derive(Debug)]
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Said {
    fn message(&self) -> &str {
        let line = self.err.lines().find(|line| line.starts_with("Error: ")).unwrap_or_default();
        line.strip_prefix("Error: ").unwrap_or_default()
    }
}

struct Run<'a> {
    folder: &'a Path,
    words: &'a [&'a str],
    environment: &'a [(&'a str, &'a str)],
    stdin: &'a [u8],
    /// Put before the program: limits, another user.
    shell: &'a str,
}

impl<'a> Run<'a> {
    fn new(folder: &'a Path, words: &'a [&'a str]) -> Self {
        Self { folder, words, environment: &[("SOURCE_DATE_EPOCH", "1710000000")], stdin: b"", shell: "" }
    }

    fn go(&self) -> Said {
        let mut child = Command::new("sh")
            .args(["-c", &format!("{} exec \"$0\" \"$@\"", self.shell)])
            .arg(env!("CARGO_BIN_EXE_chart"))
            .args(self.words)
            .current_dir(self.folder)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.folder)
            .envs(self.environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A run that fails early does not read.
        let _ = child.stdin.take().unwrap().write_all(self.stdin);
        let ended = child.wait_with_output().unwrap();
        Said {
            code: ended.status.code(),
            out: String::from_utf8_lossy(&ended.stdout).into_owned(),
            err: String::from_utf8_lossy(&ended.stderr).into_owned(),
        }
    }
}

fn run(folder: &Path, words: &[&str]) -> Said {
    Run::new(folder, words).go()
}

fn must(folder: &Path, words: &[&str]) -> String {
    let said = run(folder, words);
    assert_eq!(said.code, Some(0), "{words:?}: {}", said.err);
    said.out
}

/// A chart with twelve charts below it, written in the order that `turn` says.
fn write_twelve(folder: &Path, turn: usize) {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    files.insert("Chart.yaml".into(), "apiVersion: v2\nname: twelve\nversion: 1.0.0+build.5\n".into());
    files.insert("values.yaml".into(), "a: 1\n".into());
    files.insert("templates/a.yaml".into(), "a: {{ .Values.a }}\n".into());
    files.insert("files/\u{e9}.txt".into(), "\u{e9}\n".repeat(100));
    for index in 0..12 {
        let chart = format!("charts/sub-{index}");
        files.insert(
            format!("{chart}/Chart.yaml"),
            format!("apiVersion: v2\nname: sub-{index}\nversion: 0.{index}.0\n"),
        );
        files.insert(format!("{chart}/templates/b.yaml"), format!("b: {}\n", "x".repeat(index * 1_000)));
    }
    let mut files: Vec<_> = files.into_iter().collect();
    let count = files.len();
    files.rotate_left(turn * 7 % count);
    if turn % 2 == 1 {
        files.reverse();
    }
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        let modes = [0o644, 0o600, 0o755, 0o444, 0o664];
        fs::set_permissions(&path, fs::Permissions::from_mode(modes[turn % modes.len()])).unwrap();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000 + 86_399 * turn as u64);
        File::options().read(true).open(&path).unwrap().set_modified(time).unwrap();
    }
}

fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().any(|line| line.starts_with("Uid:\t0\t"))
}

#[test]
fn surroundings_do_not_change_archives() {
    const LOCALES: [&str; 4] = ["C", "C.UTF-8", "tr_TR.UTF-8", "ja_JP.eucJP"];
    const ZONES: [&str; 4] = ["UTC", "Asia/Kathmandu", "America/St_Johns", "Pacific/Kiritimati"];
    let scratch = tempfile::tempdir().unwrap();
    fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let mut digests = BTreeMap::new();
    for turn in 0..50 {
        let place = scratch.path().join(format!("{}{turn}", "deeper/".repeat(turn % 3)));
        let chart = place.join(["twelve", "t", "other name"][turn % 3]);
        write_twelve(&chart, turn);
        fs::set_permissions(&place, fs::Permissions::from_mode(0o777)).unwrap();
        // The folder has another name than the chart; the archive has the chart's.
        let path = chart.display().to_string();
        let shell = match turn % 5 {
            0 => "umask 077;",
            1 => "umask 000;",
            // As another user: what it cannot read it could not pack, so only turns whose files are for all.
            2 if is_root() => {
                "umask 022; exec setpriv --reuid=65534 --regid=65534 --clear-groups \"$0\" \"$@\";"
            }
            _ => "umask 022;",
        };
        let threads = ["1", "2", "32"][turn % 3];
        let environment = [
            ("LC_ALL", LOCALES[turn % 4]),
            ("TZ", ZONES[turn % 4]),
            ("USER", threads),
            ("RAYON_NUM_THREADS", threads),
        ];
        let out = place.join("out");
        fs::create_dir_all(&out).unwrap();
        fs::set_permissions(&out, fs::Permissions::from_mode(0o777)).unwrap();
        let words = ["package", &path, "-d", out.to_str().unwrap(), "-o", "json"];
        let said = Run { environment: &environment, shell, ..Run::new(&place, &words) }.go();
        assert_eq!(said.code, Some(0), "turn {turn}: {}", said.err);
        let digest = said.out.split("\"digest\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let archive = out.join("twelve-1.0.0+build.5.tgz");
        let mode = fs::metadata(&archive).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o644, "turn {turn}");
        assert!(
            must(&place, &["digest", archive.to_str().unwrap()]).ends_with(&format!("archive {digest}\n"))
        );
        digests.entry(digest).or_insert_with(Vec::new).push(turn);
    }
    let wanted = "sha256:9a5e6051e89c75dec0dd1cedadbaf1031ad7348d75ed57d51075504028f011c8";
    assert_eq!(digests.keys().map(String::as_str).collect::<Vec<_>>(), [wanted], "{digests:?}");
}

/// The first of each pair is what `sha256sum` says of what Helm 4.3.1 packs, by the words of
/// `chartcore::archive::content_digest_of_archive`; the second must only never change.
#[test]
fn digests_are_these() {
    let charts = fixtures().join("charts");
    for (chart, content, archive) in [
        (
            "serving-stack",
            "20c3628f54e1d097ff4911933b23dd23d08935f14726018f9fe630fdde23ab8f",
            "6736f4701dc763eeb9438ae0e1786daaa73fcf0f823233c2bd48f52495914eed",
        ),
        (
            "tgz-subchart",
            "3dc7718ecec99eae9dfcfa6a330e18c3b2a56829761d0e81c5b9bf7226cd7df8",
            "68a3afe41d69335806ba7aff84fed04da35cf512ab65904945e04622bccf0586",
        ),
        (
            "requirements-v1",
            "0563f65a468ee048089ef0b6337d797e9d7c3bcd56b11a2e378c5f5b99e36f9e",
            "4c0d9fe2bee8d8eb716d2aac9407c78502fec042a66b0b1f6ce159320feabf63",
        ),
    ] {
        let said = Run { environment: &[], ..Run::new(&charts, &["digest", chart]) }.go();
        assert_eq!(said.out, format!("content sha256:{content}\narchive sha256:{archive}\n"), "{chart}");
    }
}

#[test]
fn a_folder_and_its_archive_have_one_digest() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path();
    let charts = fixtures().join("charts");
    let chart = charts.join("serving-stack");
    let out = folder.to_str().unwrap();
    let packed = must(folder, &["package", chart.to_str().unwrap(), "-d", out]);
    let archive = packed.trim_end().rsplit(": ").next().unwrap().to_owned();
    let of_folder = must(folder, &["digest", chart.to_str().unwrap()]);
    assert_eq!(of_folder, must(folder, &["digest", &archive]));
    // Another date makes another archive of the same content.
    let words = ["digest", chart.to_str().unwrap()];
    let later =
        Run { environment: &[("SOURCE_DATE_EPOCH", "1710000001")], ..Run::new(folder, &words) }.go().out;
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let (first, second) = (lines(&of_folder), lines(&later));
    assert_eq!(first[0], second[0]);
    assert_ne!(first[1], second[1]);
    // sha256sum says the same of the unpacked files.
    let command = format!(
        "tar -xzf '{archive}' && cd serving-stack && \
         find . -type f -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum"
    );
    let ended = Command::new("sh").args(["-c", &command]).current_dir(folder).output().unwrap();
    let sum = String::from_utf8_lossy(&ended.stdout);
    assert_eq!(first[0], format!("content sha256:{}", sum.split(' ').next().unwrap()));
    let json = must(folder, &["digest", &archive, "--output", "json"]);
    assert!(json.starts_with("{\"archive\":\"sha256:") && json.contains(",\"content\":\"sha256:"), "{json}");
    assert_eq!(run(folder, &["digest", "nowhere"]).message(), "stat nowhere: no such file or directory");
    let wrong = run(folder, &["digest", &archive, "-o", "xml"]);
    assert_eq!(wrong.message(), "invalid format type \"xml\": must be \"table\" or \"json\"");
}

#[test]
fn listings_name_what_goes_in_and_what_does_not() {
    let scratch = tempfile::tempdir().unwrap();
    let chart = scratch.path().join("c");
    for (name, text) in [
        ("Chart.yaml", "apiVersion: v2\nname: listed\nversion: 1.0.0\n"),
        ("values.yaml", "a: 1\n"),
        (".helmignore", "*.bak\nlarge/\n"),
        ("old.bak", "12345"),
        ("large/a", "1234567890"),
        ("large/deep/b", "1"),
        ("templates/a.yaml", "a: 1\n"),
        ("templates/.hidden", "x"),
        ("README.md", "# c\n"),
        ("charts/s/Chart.yaml", "apiVersion: v2\nname: s\nversion: 1.0.0\n"),
    ] {
        let path = chart.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let table = must(scratch.path(), &["package", "c", "--list"]);
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split('\t').map(str::trim).collect()).collect();
    let wanted: &[&[&str]] = &[
        &["FILE", "SIZE", "PACKED"],
        &["listed/Chart.yaml", "43", "yes"],
        &["listed/values.yaml", "5", "yes"],
        &["listed/templates/a.yaml", "5", "yes"],
        &["listed/.helmignore", "13", "yes"],
        &["listed/README.md", "4", "yes"],
        &["listed/charts/s/Chart.yaml", "38", "yes"],
        &["listed/large/", "11", "no: .helmignore"],
        &["listed/old.bak", "5", "no: .helmignore"],
        &["listed/templates/.hidden", "1", "no: .helmignore"],
        &["listed-1.0.0: 6 files, 108 bytes"],
    ];
    assert_eq!(rows, wanted);
    let json = must(scratch.path(), &["package", "c", "--list", "-o", "json", "--version", "2.0.0"]);
    assert!(json.contains("{\"files\":2,\"name\":\"large/\",\"size\":11}"), "{json}");
    assert!(json.contains("\"version\":\"2.0.0\""), "{json}");
    let files: Vec<_> =
        fs::read_dir(scratch.path()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(files, ["c"], "a listing writes nothing");
}

#[test]
fn signatures_are_made_and_verified() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path();
    let names = ["one", "two"];
    for name in names {
        fs::create_dir(folder.join(name)).unwrap();
        let text = format!("apiVersion: v2\nname: {name}\nversion: 1.0.0\n");
        fs::write(folder.join(name).join("Chart.yaml"), text).unwrap();
    }
    fs::write(folder.join("passphrase"), "open sesame\nsecond line\n").unwrap();
    fs::write(folder.join("wrong"), "open barley\n").unwrap();
    fs::write(folder.join("empty"), "").unwrap();
    let (secret, locked, public) = (ring("secret.gpg"), ring("secret-locked.gpg"), ring("public.gpg"));
    let sign = |more: &[&str], stdin: &[u8]| {
        let mut words = vec!["package", "one", "two", "--sign"];
        words.extend_from_slice(more);
        Run { stdin, ..Run::new(folder, &words) }.go()
    };
    let left = || {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().flatten().map(|entry| entry.file_name()).collect();
        names.retain(|name| name.to_str().is_some_and(|name| name.contains(".tgz") || name.starts_with('.')));
        names.sort();
        names
    };
    // Whatever is wrong with the key, nothing is written.
    for (more, wanted) in [
        (&["--key", "nobody", "--keyring", &secret][..], "private key not found"),
        (&["--key", "chart.test", "--keyring", &secret], "more than one key contain the id \"chart.test\""),
        (
            &["--key", "rsa@chart.test", "--keyring", &public],
            "provided key is not a private key. Try providing a keyring with secret keys",
        ),
        (
            &["--key", "locked", "--keyring", &locked, "--passphrase-file", "wrong"],
            "openpgp: invalid data: private key checksum failure",
        ),
        (&["--key", "locked", "--keyring", &locked, "--passphrase-file", "empty"], "EOF"),
        (
            &["--key", "locked", "--keyring", &locked, "--passphrase-file", "nowhere"],
            "open nowhere: no such file or directory",
        ),
        (&["--key", "", "--keyring", &secret], "--key is required for signing a package"),
        (&["--key", "x", "--keyring", ""], "--keyring is required for signing a package"),
        (&["--key", "x", "--keyring", "nowhere"], "open nowhere: no such file or directory"),
    ] {
        let said = sign(more, b"");
        assert_eq!((said.code, said.message()), (Some(1), wanted), "{more:?}");
        assert!(left().is_empty(), "{more:?}: {:?}", left());
    }
    let mut texts = Vec::new();
    for (more, stdin) in [
        (&["--key", "locked", "--keyring", &locked, "--passphrase-file", "passphrase"][..], &b""[..]),
        // Read once for both charts.
        (&["--key", "locked", "--keyring", &locked, "--passphrase-file", "-"], b"open sesame\n"),
        (&["--key", "ed25519@chart.test", "--keyring", &secret], b""),
        (&["--key", "p256@chart.test", "--keyring", &secret], b""),
        (&["--key", "rsa@chart.test", "--keyring", &ring("secret.asc")], b""),
    ] {
        let said = sign(more, stdin);
        assert_eq!(said.code, Some(0), "{more:?}: {}", said.err);
        assert_eq!(said.out.lines().count(), 2);
        assert_eq!(left(), ["one-1.0.0.tgz", "one-1.0.0.tgz.prov", "two-1.0.0.tgz", "two-1.0.0.tgz.prov"]);
        for name in names {
            let archive = format!("{name}-1.0.0.tgz");
            for public in ["public.gpg", "public.asc", "pubring.kbx"] {
                let shown = must(folder, &["verify", &archive, "--keyring", &ring(public)]);
                assert!(shown.starts_with("Signed by: Test Key "), "{shown}");
                let digest = must(folder, &["digest", &archive]);
                let digest = digest.trim_end().rsplit(' ').next().unwrap();
                assert!(shown.ends_with(&format!("Chart Hash Verified: {digest}\n")), "{shown}");
            }
        }
        texts.push(fs::read_to_string(folder.join("one-1.0.0.tgz.prov")).unwrap());
    }
    // The same key, archive and time.
    assert_eq!(texts[0], texts[1]);
    assert_ne!(texts[0], texts[2]);
    // A changed archive, and a signature that has gone: no, never "not signed, so fine".
    fs::write(folder.join("one-1.0.0.tgz"), "changed").unwrap();
    let said = run(folder, &["verify", "one-1.0.0.tgz", "--keyring", &public]);
    assert!(said.message().starts_with("sha256 sum does not match for one-1.0.0.tgz: "), "{}", said.err);
    fs::remove_file(folder.join("two-1.0.0.tgz.prov")).unwrap();
    let said = run(folder, &["verify", "two-1.0.0.tgz", "--keyring", &public]);
    assert!(
        said.message().starts_with("could not load provenance file two-1.0.0.tgz.prov: "),
        "{}",
        said.err
    );
}

#[test]
fn files_are_written_whole_or_not_at_all() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path();
    fs::create_dir(folder.join("c")).unwrap();
    fs::write(folder.join("c/Chart.yaml"), "apiVersion: v2\nname: c\nversion: 1.0.0\n").unwrap();
    let place = folder.join("c-1.0.0.tgz");
    // Something is there already: it stays until the new one is ready, and a folder stays altogether.
    fs::write(&place, "old").unwrap();
    must(folder, &["package", "c"]);
    assert_ne!(fs::read(&place).unwrap(), b"old");
    fs::remove_file(&place).unwrap();
    fs::create_dir(&place).unwrap();
    let said = run(folder, &["package", "c"]);
    assert_eq!(said.code, Some(1));
    assert!(said.message().starts_with("failed to save: open "), "{}", said.err);
    let names: Vec<_> = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    fs::remove_dir(&place).unwrap();
    // A full disk.
    let said = Run { shell: "ulimit -f 0; trap '' XFSZ;", ..Run::new(folder, &["package", "c"]) }.go();
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.message().starts_with("failed to save: "), "{}", said.err);
    assert!(!place.exists());
    let names: Vec<_> = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(names, ["c"], "nothing half-written stays");
}

#[test]
fn the_epoch_is_checked() {
    let scratch = tempfile::tempdir().unwrap();
    fs::create_dir(scratch.path().join("c")).unwrap();
    fs::write(scratch.path().join("c/Chart.yaml"), "apiVersion: v2\nname: c\nversion: 1.0.0\n").unwrap();
    for (epoch, wanted) in [
        ("abc", "invalid SOURCE_DATE_EPOCH: strconv.ParseInt: parsing \"abc\": invalid syntax"),
        ("-1", "invalid SOURCE_DATE_EPOCH: must not be negative"),
        (
            "99999999999999999999",
            "invalid SOURCE_DATE_EPOCH: strconv.ParseInt: parsing \"99999999999999999999\": value out of range",
        ),
        ("99999999999", "time 99999999999 is too far in the future for an archive"),
        ("", ""),
        ("0", ""),
    ] {
        let environment = [("SOURCE_DATE_EPOCH", epoch)];
        let said = Run { environment: &environment, ..Run::new(scratch.path(), &["package", "c"]) }.go();
        assert_eq!(said.message(), wanted);
    }
}

/// Data that may be held at once: 256 MB, and a small stack.
const LIMITS: &str = "ulimit -c 0; ulimit -s 2048; ulimit -d 262144;";

/// Runs jobs on every core; complaints come back.
fn in_parallel<T: Sync>(jobs: &[T], check: impl Fn(&T) -> Option<String> + Sync) -> Vec<String> {
    let (next, complaints) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) * 2 {
            scope.spawn(|| {
                while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Some(complaint) = check(job) {
                        complaints.lock().unwrap().push(complaint);
                    }
                }
            });
        }
    });
    complaints.into_inner().unwrap()
}

/// What is wrong with how a run ended, or nothing.
fn end_of(said: &Said) -> Option<String> {
    match said.code {
        Some(0) => None,
        Some(1) if !said.message().is_empty() => None,
        code => Some(format!("ended with {code:?}: {}", said.err.lines().next().unwrap_or_default())),
    }
}

/// A gzip stream over a tar whose files are made of zeros.
fn bomb(files: &[(&str, u64, u64)]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    let chart = b"apiVersion: v2\nname: c\nversion: 0.1.0\n";
    let mut write = |name: &str, said: u64, real: u64, data: &[u8]| {
        let mut block = [0; 512];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[100..108].copy_from_slice(b"0000644\0");
        block[124..136].copy_from_slice(format!("{said:011o}\0").as_bytes());
        block[156] = b'0';
        block[257..265].copy_from_slice(b"ustar\x0000");
        block[148..156].fill(b' ');
        let sum: u64 = block.iter().map(|&byte| u64::from(byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        out.write_all(&block).unwrap();
        out.write_all(data).unwrap();
        let mut left = real.next_multiple_of(512) - data.len() as u64;
        let zeros = [0; 1 << 16];
        while left > 0 {
            let step = left.min(zeros.len() as u64);
            out.write_all(&zeros[..step as usize]).unwrap();
            left -= step;
        }
    };
    write("c/Chart.yaml", chart.len() as u64, chart.len() as u64, chart);
    for (name, said, real) in files {
        write(name, *said, *real, b"");
    }
    out.write_all(&[0; 1_024]).unwrap();
    out.finish().unwrap()
}

#[test]
fn hostile_archives_end_in_clear_words_within_256_mb() {
    const MB: u64 = 1 << 20;
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path();
    let mut archives: Vec<PathBuf> = fs::read_dir(fixtures().join("archives"))
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "tgz"))
        .collect();
    archives.sort();
    assert!(archives.len() >= 130, "the fixtures have shrunk");
    let many: Vec<String> = (0..150_000).map(|index| format!("c/{index}")).collect();
    let many: Vec<(&str, u64, u64)> = many.iter().map(|name| (name.as_str(), 0, 0)).collect();
    for (name, files) in [
        ("bomb-one-file.tgz", &[("c/x", 101 * MB, 101 * MB)][..]),
        ("bomb-gigabyte.tgz", &[("c/x", 1024 * MB, 200 * MB)]),
        ("bomb-said-only.tgz", &[("c/x", 8191 * MB, 0)]),
        ("bomb-many-large.tgz", &[("c/a", 60 * MB, 60 * MB), ("c/b", 60 * MB, 60 * MB)]),
        ("bomb-many-files.tgz", &many),
    ] {
        fs::write(folder.join(name), bomb(files)).unwrap();
        archives.push(folder.join(name));
    }
    let key = ring("public.gpg");
    let mut jobs: Vec<(Vec<String>, String, bool)> = Vec::new();
    for archive in &archives {
        let (path, name) =
            (archive.display().to_string(), archive.file_name().unwrap().to_str().unwrap().to_owned());
        let is_bomb = name.starts_with("bomb");
        for words in [
            &["template", "x", &path][..],
            &["template", "x", &path, "--compat", "helm3"],
            &["show", "chart", &path],
            &["lint", &path],
            &["digest", &path],
            &["verify", &path, "--keyring", &key],
        ] {
            jobs.push((words.iter().map(|word| (*word).to_owned()).collect(), name.clone(), is_bomb));
        }
        // Below a good chart, where `package` unpacks it.
        let chart = folder.join(format!("{name}.chart"));
        fs::create_dir_all(chart.join("charts")).unwrap();
        fs::write(chart.join("Chart.yaml"), "apiVersion: v2\nname: top\nversion: 1.0.0\n").unwrap();
        fs::copy(archive, chart.join("charts").join(&name)).unwrap();
        let out = chart.join("out").display().to_string();
        let words = ["package", &chart.display().to_string(), "-d", &out];
        jobs.push((words.iter().map(|word| (*word).to_owned()).collect(), name.clone(), is_bomb));
    }
    let complaints = in_parallel(&jobs, |(words, name, is_bomb)| {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let said = Run { shell: LIMITS, ..Run::new(folder, &words) }.go();
        let wrong = end_of(&said)
            .or_else(|| (*is_bomb && said.code != Some(1)).then(|| "a bomb was taken".to_owned()));
        wrong.map(|wrong| format!("{} {name}: {wrong}", words[0]))
    });
    assert!(complaints.is_empty(), "{} of {}:\n{}", complaints.len(), jobs.len(), complaints.join("\n"));
}

#[test]
fn hostile_signatures_and_keyrings_end_in_clear_words_within_256_mb() {
    let scratch = tempfile::tempdir().unwrap();
    let provenance = fixtures().join("provenance");
    let listed = |folder: &str| {
        let mut paths: Vec<PathBuf> =
            fs::read_dir(provenance.join(folder)).unwrap().flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.is_file() && path.extension().is_some_and(|ending| ending != "tgz"));
        paths.sort();
        paths
    };
    let archive = provenance.join("files/signed-0.1.0.tgz");
    let (good, public) = (provenance.join("files/gpg-rsa.prov"), provenance.join("rings/public.gpg"));
    let huge = scratch.path().join("huge");
    File::create(&huge).unwrap().set_len(3 << 30).unwrap();
    let mut jobs: Vec<(PathBuf, PathBuf)> = Vec::new();
    jobs.extend(listed("files").into_iter().map(|prov| (prov, public.clone())));
    jobs.extend(listed("rings-bad").into_iter().map(|ring| (good.clone(), ring)));
    jobs.extend([(huge.clone(), public.clone()), (good.clone(), huge), (good.clone(), archive.clone())]);
    jobs.extend(["/dev/zero", "/dev/null", "/"].map(|ring| (good.clone(), PathBuf::from(ring))));
    let numbered: Vec<(usize, (PathBuf, PathBuf))> = jobs.into_iter().enumerate().collect();
    let refused = AtomicUsize::new(0);
    let complaints = in_parallel(&numbered, |(index, (prov, ring))| {
        let place = scratch.path().join(index.to_string());
        fs::create_dir(&place).unwrap();
        fs::copy(&archive, place.join("signed-0.1.0.tgz")).unwrap();
        std::os::unix::fs::symlink(prov, place.join("signed-0.1.0.tgz.prov")).unwrap();
        let ring = ring.display().to_string();
        let mut wrong = None;
        let sign = ["package", "nowhere", "--sign", "--key", "x", "--keyring", &ring];
        for words in [&["verify", "signed-0.1.0.tgz", "--keyring", &ring][..], &sign] {
            let said = Run { shell: LIMITS, ..Run::new(&place, words) }.go();
            wrong = wrong.or_else(|| end_of(&said));
            refused.fetch_add(usize::from(words[0] == "verify" && said.code == Some(1)), Ordering::Relaxed);
        }
        wrong.map(|wrong| format!("{} with {ring}: {wrong}", prov.display()))
    });
    assert!(complaints.is_empty(), "{} of {}:\n{}", complaints.len(), numbered.len(), complaints.join("\n"));
    assert!(refused.into_inner() >= 90, "too few were refused");
}

/// Commands and what they print, from the blocks of a page.
fn examples(page: &str) -> Vec<(String, String)> {
    let mut examples: Vec<(String, String)> = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| inside) {
            examples.push((command.to_owned(), String::new()));
        } else if inside && let Some((_, output)) = examples.last_mut() {
            output.push_str(line);
            output.push('\n');
        }
    }
    examples
}

#[test]
fn the_page_on_packaging_is_true() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path();
    for (name, text) in [
        ("demo/Chart.yaml", "apiVersion: v2\nname: demo\nversion: 0.1.0\n"),
        ("demo/values.yaml", "a: 1\n"),
        ("demo/.helmignore", "*.bak\n"),
        ("demo/old.bak", "old\n"),
        ("demo/templates/note.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Values.a }}\n"),
    ] {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    std::os::unix::fs::symlink(fixtures().join("provenance/rings"), folder.join("keys")).unwrap();
    fs::create_dir(folder.join("bin")).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_chart"), folder.join("bin/chart")).unwrap();
    let page = fs::read_to_string(fixtures().join("../docs/packaging.md")).unwrap();
    let examples = examples(&page);
    assert!(examples.len() >= 12);
    let path = format!("{}:/usr/bin:/bin", folder.join("bin").display());
    for (command, wanted) in examples {
        let ended = Command::new("sh")
            .args(["-c", &command])
            .current_dir(folder)
            .env_clear()
            .envs([("PATH", path.as_str()), ("HOME", folder.to_str().unwrap())])
            .output()
            .unwrap();
        let (out, err) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
        assert!(ended.status.success(), "$ {command}\n{err}");
        assert_eq!(out, wanted, "$ {command}");
    }
}

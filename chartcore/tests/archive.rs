//! Archives: hostile ones against what Helm says of them, and packing against what Helm packs.
//!
//! fixtures/archives/expected.jsonl and fixtures/archives/packed were written by running Helm 3.22.0 and 4.3.1.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use chartcore::Compat;
use chartcore::archive::{PackOptions, pack};
use chartcore::chart::{Chart, File, LoadOptions, VersionCheck, load, load_archive, load_files, scaffold};
use chartcore::error::ErrorKind;
use chartcore::files::Limits;
use serde_json::Value;

/// Where we differ on purpose: the file, what we say of it, why.
const DIFFERENCES: [(&str, &str, &str); 1] = [(
    "tar-sparse-gnu.tgz",
    "archive holds a sparse file, which is not supported",
    "no chart has holes; refusing them keeps sizes honest",
)];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/archives")
}

fn table(name: &str) -> Vec<Value> {
    let text = fs::read_to_string(fixtures().join(name)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn listed(chart: &Chart) -> String {
    let mut files: Vec<_> = chart.files().iter().map(|file| (file.name(), file.data().len())).collect();
    files.sort();
    // Of files with one name a template sees the last.
    files.reverse();
    files.dedup_by_key(|file| file.0);
    files.reverse();
    files.iter().map(|(name, size)| format!("{name}={size};")).collect()
}

#[test]
fn hostile_archives_are_told_as_in_helm() {
    let commands = [
        ("template3", Compat::Helm3, VersionCheck::First),
        ("show3", Compat::Helm3, VersionCheck::Skip),
        ("template4", Compat::Helm4, VersionCheck::First),
        ("show4", Compat::Helm4, VersionCheck::Skip),
    ];
    let cases = table("expected.jsonl");
    assert!(cases.len() >= 130, "the table has shrunk");
    for case in cases {
        let name = case["file"].as_str().unwrap();
        let path = fixtures().join(name);
        for (command, compat, version_check) in commands {
            let loaded = load(&path, &LoadOptions::new(compat).version_check(version_check));
            let known = DIFFERENCES.iter().find(|difference| difference.0 == name);
            let wanted = match known {
                Some((_, ours, _)) if command != "template4" => Some(*ours),
                _ => case[command].as_str(),
            };
            match (loaded, wanted) {
                (Ok(chart), None) => {
                    if let Some(names) = case["files"].as_str() {
                        assert_eq!(listed(&chart), names, "{command} of {name}");
                    }
                }
                (Err(error), Some(wanted)) => {
                    let message = error.message().replace(path.to_str().unwrap(), "$FILE");
                    assert_eq!(message, wanted, "{command} of {name}");
                }
                (Ok(_), Some(wanted)) => panic!("{command} of {name}: loaded, but wanted {wanted}"),
                (Err(error), None) => panic!("{command} of {name}: {error}"),
            }
        }
    }
}

/// A header of the plainest kind.
fn header(name: &str, size: u64, kind: u8) -> [u8; 512] {
    let mut block = [0; 512];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[100..108].copy_from_slice(b"0000644\0");
    block[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
    block[156] = kind;
    block[257..265].copy_from_slice(b"ustar\x0000");
    block[148..156].fill(b' ');
    let sum: u64 = block.iter().map(|&byte| u64::from(byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

const CHART_YAML: &[u8] = b"apiVersion: v2\nname: c\nversion: 0.1.0\n";

/// Compresses a tar whose entries are written by `write`; contents are zeros unless given.
struct Bomb(flate2::write::GzEncoder<Vec<u8>>);

impl Bomb {
    fn new() -> Self {
        let mut bomb = Self(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(1)));
        bomb.file("c/Chart.yaml", CHART_YAML);
        bomb
    }

    fn file(&mut self, name: &str, data: &[u8]) {
        self.header(name, data.len() as u64, b'0');
        self.0.write_all(data).unwrap();
        self.zeros(data.len().next_multiple_of(512) - data.len());
    }

    fn header(&mut self, name: &str, size: u64, kind: u8) {
        self.0.write_all(&header(name, size, kind)).unwrap();
    }

    fn zeros(&mut self, count: usize) {
        let zeros = [0; 64 * 1024];
        let mut left = count;
        while left > 0 {
            let step = left.min(zeros.len());
            self.0.write_all(&zeros[..step]).unwrap();
            left -= step;
        }
    }

    fn large_file(&mut self, name: &str, size: usize) {
        self.header(name, size as u64, b'0');
        self.zeros(size.next_multiple_of(512));
    }

    fn finish(mut self) -> Vec<u8> {
        self.zeros(1_024);
        self.0.finish().unwrap()
    }
}

const MEBIBYTE: usize = 1024 * 1024;

fn bomb(build: impl FnOnce(&mut Bomb)) -> Vec<u8> {
    let mut bomb = Bomb::new();
    build(&mut bomb);
    bomb.finish()
}

/// What both profiles say, Helm 4 without its first look; nothing when it loads.
fn verdicts(bytes: &[u8], limits: Option<fn(&mut Limits)>) -> [Option<String>; 2] {
    [Compat::Helm3, Compat::Helm4].map(|compat| {
        let mut options = LoadOptions::new(compat).version_check(VersionCheck::Skip);
        if let Some(change) = limits {
            change(&mut options.limits);
        }
        load_archive(bytes, &options).err().map(|error| {
            assert_eq!(error.kind(), ErrorKind::Limit, "{error}");
            error.to_string()
        })
    })
}

fn same(message: &str) -> [Option<String>; 2] {
    [Some(message.to_string()), Some(message.to_string())]
}

#[test]
fn bombs_are_refused_while_they_unpack() {
    let too_large = [
        Some("decompressed chart is larger than the maximum file size 104857600".to_string()),
        Some("decompressed chart is larger than the maximum size 104857600".to_string()),
    ];
    // The texts of these five are Helm's.
    let huge = bomb(|bomb| bomb.large_file("c/x", 101 * MEBIBYTE));
    assert_eq!(verdicts(&huge, None), too_large);
    let said_huge = bomb(|bomb| bomb.header("c/x", 1 << 32, b'0'));
    assert_eq!(verdicts(&said_huge, None), too_large);
    let one_large = bomb(|bomb| bomb.large_file("c/x", 6 * MEBIBYTE));
    let message = "decompressed chart file \"c/x\" is larger than the maximum file size 5242880";
    assert_eq!(verdicts(&one_large, None), [Some(message.to_string()), None]);
    let many = bomb(|bomb| {
        (0..21).for_each(|index| bomb.large_file(&format!("c/{index}"), 5 * MEBIBYTE));
    });
    assert_eq!(verdicts(&many, None), too_large);
    let just = bomb(|bomb| {
        bomb.large_file("c/x", 5 * MEBIBYTE - CHART_YAML.len());
        (0..19).for_each(|index| bomb.large_file(&format!("c/{index}"), 5 * MEBIBYTE));
    });
    assert_eq!(verdicts(&just, None), too_large);
    // Helm unpacks these, each on its own account.
    let nested = bomb(|top| {
        let inner =
            bomb(|inner| (0..12).for_each(|index| inner.large_file(&format!("s/{index}"), 5 * MEBIBYTE)));
        top.file("c/charts/a.tgz", &inner);
        top.file("c/charts/b.tgz", &inner);
    });
    for (verdict, text) in verdicts(&nested, None).into_iter().zip(&too_large) {
        let text = text.as_deref().unwrap();
        assert_eq!(verdict.unwrap(), format!("error unpacking subchart b.tgz in c: {text}"));
    }
    // Helm takes these as long as there is memory and time.
    let folders = bomb(|bomb| (0..401).for_each(|_| bomb.header("c/x/", 0, b'5')));
    assert_eq!(
        verdicts(&folders, Some(|limits| limits.files = 100)),
        same("archive has more than 400 entries")
    );
    let files = bomb(|bomb| (0..101).for_each(|index| bomb.header(&format!("c/{index}"), 0, b'0')));
    assert_eq!(
        verdicts(&files, Some(|limits| limits.files = 100)),
        same("archive and the archives in it hold too many files")
    );
    let extended = bomb(|bomb| (0..300).for_each(|_| bomb.large_file_of("c/x", MEBIBYTE, b'L')));
    assert_eq!(verdicts(&extended, None), same("archive unpacks to more than 209715200 bytes"));
    let zeros_after_the_end = bomb(|bomb| bomb.zeros(300 * MEBIBYTE));
    assert_eq!(verdicts(&zeros_after_the_end, None), [None, None]);
    if let Some(peak) = peak_memory() {
        assert!(peak < 512 * MEBIBYTE, "{peak} bytes at the peak");
    }
}

impl Bomb {
    fn large_file_of(&mut self, name: &str, size: usize, kind: u8) {
        self.header(name, size as u64, kind);
        self.zeros(size);
    }
}

/// The most memory this process has held, where the system tells it.
fn peak_memory() -> Option<usize> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<usize>().ok().map(|kibibytes| kibibytes * 1024)
}

#[test]
fn archives_in_archives_end() {
    let mut bytes = bomb(|_| {});
    for depth in 1..=40 {
        let inner = bytes;
        bytes = bomb(|bomb| bomb.file("c/charts/c.tgz", &inner));
        let loaded = load_archive(&bytes, &LoadOptions::default());
        if depth <= 32 {
            assert!(loaded.is_ok(), "{depth}");
        } else {
            let error = loaded.unwrap_err();
            assert!(error.message().ends_with(": charts are nested more than 32 deep"), "{error}");
        }
    }
}

#[test]
fn bytes_of_any_kind_never_panic() {
    // A good archive with every byte of its first kilobyte of tar changed, one at a time.
    let good = bomb(|bomb| bomb.file("c/values.yaml", b"a: 1\n"));
    let mut tar = Vec::new();
    flate2::read::GzDecoder::new(&*good).read_to_end(&mut tar).unwrap();
    for index in 0..1_024.min(tar.len()) {
        let mut changed = tar.clone();
        changed[index] ^= 0x55;
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(1));
        packed.write_all(&changed).unwrap();
        let _ = load_archive(&packed.finish().unwrap(), &LoadOptions::default());
    }
    for index in 0..good.len() {
        let mut changed = good.clone();
        changed[index] ^= 0x55;
        let _ = load_archive(&changed, &LoadOptions::default());
        let _ = load_archive(&good[..index], &LoadOptions::default());
    }
}

fn unpacked(bytes: &[u8]) -> Vec<u8> {
    let mut tar = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut tar).unwrap();
    tar
}

fn pack_case(case: &Value, compat: Compat) -> chartcore::Result<(String, Vec<u8>)> {
    let top = Path::new(env!("CARGO_TARGET_TMPDIR")).join("archive");
    let chart = top.join("c");
    let _ = fs::remove_dir_all(&chart);
    for (name, text) in case["files"].as_object().unwrap() {
        let path = chart.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text.as_str().unwrap()).unwrap();
    }
    let shown = chart.to_str().unwrap().to_string();
    let mut options = PackOptions::new().mtime(1_700_000_000);
    let flags: Vec<_> = case["flags"].as_array().unwrap().iter().map(|flag| flag.as_str().unwrap()).collect();
    for flag in flags.chunks(2) {
        match flag {
            ["--version", version] => options.version = Some(version.to_string()),
            ["--app-version", version] => options = options.app_version(*version),
            flag => panic!("{flag:?}"),
        }
    }
    let packed = load(&chart, &LoadOptions::new(compat)).and_then(|chart| pack(&chart, &options));
    match packed {
        Ok(archive) => Ok((archive.file_name(), archive.into_bytes())),
        Err(error) => Err(chartcore::Error::new(error.kind(), error.message().replace(&shown, "$CHART"))),
    }
}

#[test]
fn packed_charts_equal_helms() {
    for case in table("packed/cases.jsonl") {
        let name = case["name"].as_str().unwrap();
        for (profile, compat) in [("3", Compat::Helm3), ("4", Compat::Helm4)] {
            match pack_case(&case, compat) {
                Err(error) => assert_eq!(error.message(), case[format!("error{profile}")], "{name}"),
                Ok((file_name, bytes)) => {
                    assert!(case[format!("error{profile}")].is_null(), "{name}: packed");
                    assert_eq!(file_name, case["file_name"], "{name}");
                    if compat == Compat::Helm3 {
                        continue;
                    }
                    let helm = fs::read(fixtures().join(format!("packed/{name}.tgz"))).unwrap();
                    assert!(unpacked(&bytes) == unpacked(&helm), "{name}: the tar differs");
                    // Signature, flags, no time, extra field and comment; then comes deflate.
                    assert_eq!(bytes[..61], helm[..61], "{name}");
                }
            }
        }
    }
}

#[test]
fn packed_bytes_never_change() {
    let files = scaffold::create("demo", Compat::Helm4).unwrap().files;
    let demo = load_files(files, &LoadOptions::default()).unwrap();
    let large: Vec<u8> =
        (0..300_000_u32).flat_map(|index| (index.wrapping_mul(index) % 977).to_le_bytes()).collect();
    let nested = Chart::builder("top")
        .version("1.0.0+build")
        .template("a.yaml", "a: {{ .Values.a }}\n")
        .file("é/large", large)
        .dependency(Chart::builder("z").build().unwrap())
        .dependency(Chart::builder("b").file("n".repeat(200), *b"x").build().unwrap())
        .build()
        .unwrap();
    let loaded = load(fixtures().join("nested-good.tgz"), &LoadOptions::new(Compat::Helm3)).unwrap();
    for (chart, digest) in [
        (demo, "sha256:25b42e253143b5974f36b849d16aa5ec80bc8f67f68544c926c83b6678cce2e6"),
        (nested, "sha256:88f7c2de6f8a994d2fbfb75b4b04393c69557c0a421559b1d88f174ff418dc4e"),
        (loaded, "sha256:8abaa14f355c37ab7b4929ef1fb62d45724ce72a58ec4aae5b5a016cff045e2e"),
    ] {
        let archive = pack(&chart, &PackOptions::new()).unwrap();
        assert_eq!(archive.digest().to_string(), digest, "{}", chart.name());
    }
}

#[test]
fn a_packed_chart_loads_again_and_packs_to_the_same_bytes() {
    let files = vec![
        File::new("Chart.yaml", CHART_YAML),
        File::new("values.yaml", *b"a: 1\n"),
        File::new("templates/a.yaml", *b"a: 1\n"),
        File::new("charts/z/Chart.yaml", *b"apiVersion: v1\nname: a\nversion: 1.0.0\n"),
        File::new("charts/b/Chart.yaml", *b"apiVersion: v1\nname: b\nversion: 1.0.0\n"),
        File::new("docs/x", *b"x"),
    ];
    let first = pack(&load_files(files, &LoadOptions::default()).unwrap(), &PackOptions::new()).unwrap();
    let again = load_archive(first.bytes(), &LoadOptions::default()).unwrap();
    let second = pack(&again, &PackOptions::new()).unwrap();
    assert_eq!(first.digest(), second.digest());
    let late = pack(&again, &PackOptions::new().mtime(1 << 33)).unwrap_err();
    assert_eq!(late.kind(), ErrorKind::Usage);
}

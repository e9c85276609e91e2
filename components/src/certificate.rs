//! Certificates for servers under test, made by the functions that make them in charts.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use chartcore::Compat;
use chartcore::template::{self, Any, Host, Limits, SystemHost, Templates};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Whether a certificate is valid now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    /// From now for a year.
    Now,
    /// It ended a year ago.
    Expired,
}

/// A self-signed certificate for `127.0.0.1`, `localhost` and the names given, in files.
#[derive(Debug)]
pub struct Certificate {
    folder: tempfile::TempDir,
    pem: String,
    key: String,
}

/// The system's randomness at another time.
struct At(i64);

impl Host for At {
    fn now(&self) -> (i64, u32) {
        (self.0, 0)
    }

    fn random(&self, bytes: &mut [u8]) {
        SystemHost::new().random(bytes);
    }
}

const YEAR: i64 = 365 * 24 * 3600;

impl Certificate {
    /// Makes one.
    pub fn new(validity: Validity, names: &[&str]) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let now = i64::try_from(now).unwrap_or(0);
        let start = match validity {
            Validity::Now => now - 3600,
            Validity::Expired => now - 2 * YEAR,
        };
        let names: String = names.iter().map(|name| format!(" {name:?}")).collect();
        let source = format!(
            "{{{{ $made := genSelfSignedCertWithKey \"localhost\" (list \"127.0.0.1\") (list \"localhost\"{names}) 365 \
             (genPrivateKey \"ecdsa\") }}}}{{{{ $made.Cert }}}}====\n{{{{ $made.Key }}}}"
        );
        let text = run(&source, &At(start));
        let (pem, key) = text.split_once("====\n").expect("a certificate and a key");
        let folder = tempfile::tempdir().expect("a folder for a certificate");
        fs::write(folder.path().join("cert.pem"), pem).expect("a certificate file");
        fs::write(folder.path().join("key.pem"), key).expect("a key file");
        Self { folder, pem: pem.to_owned(), key: key.to_owned() }
    }

    /// The certificate's file, which serves as CA file too.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("cert.pem")
    }

    /// The key's file.
    pub fn key_file(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }

    /// What a TLS server needs of it.
    pub(crate) fn server_config(&self) -> Arc<ServerConfig> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(self.pem.as_bytes())
            .map(|found| found.expect("a certificate"))
            .collect();
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).expect("a key");
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("protocol versions")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("a certificate and its key");
        Arc::new(config)
    }
}

/// A line of an htpasswd file.
pub(crate) fn htpasswd_line(user: &str, password: &str) -> String {
    run(&format!("{{{{ htpasswd {user:?} {password:?} }}}}"), &SystemHost::new())
}

/// Writes the htpasswd file of one user.
pub(crate) fn write_htpasswd(path: &Path, user: &str, password: &str) {
    fs::write(path, format!("{}\n", htpasswd_line(user, password))).expect("an htpasswd file");
}

fn run(source: &str, host: &dyn Host) -> String {
    let parsed = template::parse(source.as_bytes(), Compat::Helm4).expect("a template");
    let mut templates = Templates::new(Compat::Helm4);
    templates.add("made", parsed);
    let mut out = Vec::new();
    templates
        .executor(host, Limits::default())
        .execute("made", &Any::Nil, &mut out)
        .expect("a rendered text");
    String::from_utf8(out).expect("text")
}

//! Certificates: which to believe, and which to show.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use crate::error::{Error, ErrorKind, Result};
use crate::quote::quoted;

/// Which certificate authorities are believed when no file names others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Roots {
    /// The system's, as Go finds them (`SSL_CERT_FILE` and `SSL_CERT_DIR` included).
    #[default]
    System,
    /// None.
    None,
}

/// Helm's TLS flags. Helm: internal/tlsutil/tls.go.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TlsOptions {
    /// PEM certificates to believe instead of the system's (`--ca-file`).
    pub ca_file: Option<PathBuf>,
    /// PEM certificate to show to servers (`--cert-file`).
    pub cert_file: Option<PathBuf>,
    /// Its PEM key (`--key-file`).
    pub key_file: Option<PathBuf>,
    /// Believes every certificate (`--insecure-skip-tls-verify`).
    pub insecure_skip_verify: bool,
    /// What is believed without `ca_file`.
    pub roots: Roots,
}

/// The TLS side of a client; the system's roots are read when the first connection needs them.
pub(super) struct Tls {
    options: TlsOptions,
    believed: Option<Vec<CertificateDer<'static>>>,
    shown: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
    config: OnceLock<Arc<ClientConfig>>,
}

impl Tls {
    /// Reads the files; what is wrong with them is said at once, in Helm's words.
    pub(super) fn new(options: &TlsOptions) -> Result<Self> {
        let believed = options.ca_file.as_deref().map(authorities).transpose()?;
        let given = |file: &Option<PathBuf>| {
            file.as_deref().filter(|path| !path.as_os_str().is_empty()).map(Path::to_owned)
        };
        let shown = match (given(&options.cert_file), given(&options.key_file)) {
            (None, None) => None,
            (cert, key) => Some(identity(&cert.unwrap_or_default(), &key.unwrap_or_default())?),
        };
        let tls = Self { options: options.clone(), believed, shown, config: OnceLock::new() };
        if tls.shown.is_some() {
            // A key that does not fit its certificate is the caller's mistake, not a server's.
            tls.config()?;
        }
        Ok(tls)
    }

    /// The configuration of every connection.
    pub(super) fn config(&self) -> Result<Arc<ClientConfig>> {
        if let Some(config) = self.config.get() {
            return Ok(Arc::clone(config));
        }
        let built = Arc::new(self.build()?);
        Ok(Arc::clone(self.config.get_or_init(|| built)))
    }

    fn build(&self) -> Result<ClientConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let wrong = |error: rustls::Error| {
            Error::new(ErrorKind::Network, format!("can't create TLS config for client: {error}"))
        };
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(wrong)?
            .dangerous();
        let builder = if self.options.insecure_skip_verify {
            builder.with_custom_certificate_verifier(Arc::new(BelieveAll { provider }))
        } else {
            builder.with_custom_certificate_verifier(Arc::new(self.verifier(provider)?))
        };
        match &self.shown {
            Some((chain, key)) => builder
                .with_client_auth_cert(chain.clone(), key.clone_key())
                .map_err(|error| wrong(error).prefixed("unable to load cert from key pair: ")),
            None => Ok(builder.with_no_client_auth()),
        }
    }

    fn verifier(&self, provider: Arc<CryptoProvider>) -> Result<BelieveNamed> {
        let named = self.believed.clone().unwrap_or_default();
        let mut store = RootCertStore::empty();
        if self.believed.is_some() {
            store.add_parsable_certificates(named.iter().cloned());
        } else if self.options.roots == Roots::System {
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        // A machine without roots can still talk to nobody over TLS; the handshake says so.
        let inner = if store.is_empty() {
            None
        } else {
            let built =
                WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(&provider)).build();
            Some(built.map_err(|error| {
                Error::new(ErrorKind::Network, format!("can't create TLS config for client: {error}"))
            })?)
        };
        Ok(BelieveNamed { named, inner, provider })
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("options", &self.options).finish_non_exhaustive()
    }
}

fn read(path: &Path, what: &str) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| {
        let reason = match error.kind() {
            std::io::ErrorKind::NotFound => "no such file or directory".to_owned(),
            std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
            _ => error.to_string(),
        };
        let path = path.display().to_string();
        let message = format!("{what}: {}: open {path}: {reason}", quoted(path.as_bytes()));
        Error::new(ErrorKind::NotFound, format!("can't create TLS config for client: {message}"))
    })
}

fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let text = read(path, "can't read CA file")?;
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&text).filter_map(|found| found.ok()).collect();
    if certificates.is_empty() {
        let message = "can't create TLS config for client: failed to append certificates from pem block";
        return Err(Error::new(ErrorKind::Usage, message));
    }
    Ok(certificates)
}

fn identity(cert: &Path, key: &Path) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
    let cert_text = read(cert, "unable to read cert file")?;
    let key_text = read(key, "unable to read key file")?;
    let wrong = |what: &str| {
        let message =
            format!("can't create TLS config for client: unable to load cert from key pair: tls: {what}");
        Error::new(ErrorKind::Usage, message)
    };
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&cert_text).filter_map(|found| found.ok()).collect();
    if chain.is_empty() {
        return Err(wrong("failed to find any PEM data in certificate input"));
    }
    let key = PrivateKeyDer::from_pem_slice(&key_text)
        .map_err(|_| wrong("failed to find any PEM data in key input"))?;
    Ok((chain, key))
}

/// The usual rules, and one of Go's: a server's certificate that is itself named in the CA file is believed
/// even when it says of itself that it is an authority, as `openssl req -x509` makes them.
#[derive(Debug)]
struct BelieveNamed {
    named: Vec<CertificateDer<'static>>,
    inner: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for BelieveNamed {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        let Some(inner) = &self.inner else {
            return Err(CertificateError::UnknownIssuer.into());
        };
        let verdict = inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        // The dates are looked at before the role, so only the role and the name are open here.
        let only_the_role = matches!(
            &verdict,
            Err(rustls::Error::InvalidCertificate(CertificateError::Other(other)))
                if other.to_string().contains("CaUsedAsEndEntity")
        );
        if only_the_role && self.named.iter().any(|named| named == end_entity) {
            verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
            return Ok(ServerCertVerified::assertion());
        }
        verdict
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Asks nothing; the signatures of the handshake still have to be right.
#[derive(Debug)]
struct BelieveAll {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for BelieveAll {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

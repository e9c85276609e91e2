//! X.509 certificates. Sprig: crypto.go; Go: `x509.CreateCertificate`.

use std::any::Any as Downcast;
use std::net::IpAddr;

use sha2::{Digest, Sha256};

use super::der::{self, Reader};
use super::key::PrivateKey;
use crate::data::{Map, Str, Value};
use crate::quote::quoted;
use crate::template::funcs::random::Chance;
use crate::template::funcs::{arguments, date, encoding};
use crate::template::{Any, Fault, Host, Object, Scope, Type, print};

const NAME: &str = "sprig.certificate";
pub(super) const CERTIFICATE: Type = Type::Named(NAME);

/// Bits of the RSA keys made for certificates.
const KEY_BITS: u32 = 2_048;

pub(super) fn gen_ca(scope: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    Request::of_authority(arguments).self_signed(scope.host, &new_key(scope)?)
}

pub(super) fn gen_ca_with_key(scope: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let key = given_key(arguments, 2)?;
    Request::of_authority(arguments).self_signed(scope.host, &key)
}

pub(super) fn gen_self_signed(scope: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let key = new_key(scope)?;
    Request::of_server(arguments)?.self_signed(scope.host, &key)
}

pub(super) fn gen_self_signed_with_key(scope: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let key = given_key(arguments, 4)?;
    Request::of_server(arguments)?.self_signed(scope.host, &key)
}

pub(super) fn gen_signed(scope: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    signed(scope, arguments, &new_key(scope)?)
}

pub(super) fn gen_signed_with_key(scope: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    signed(scope, arguments, &given_key(arguments, 5)?)
}

/// A certificate and its key, both in PEM: `sprig.certificate`.
#[derive(Debug)]
struct Certificate {
    cert: Str,
    key: Str,
}

impl Object for Certificate {
    fn type_name(&self) -> &str {
        NAME
    }

    fn kind(&self) -> &'static str {
        "struct"
    }

    fn field(&self, name: &[u8]) -> Option<Any> {
        match name {
            b"Cert" => Some(Any::Str(self.cert.clone())),
            b"Key" => Some(Any::Str(self.key.clone())),
            _ => None,
        }
    }

    fn print(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        print::write_v(out, &Any::Str(self.cert.clone()));
        out.push(b' ');
        print::write_v(out, &Any::Str(self.key.clone()));
        out.push(b'}');
    }

    fn fields(&self) -> Option<Vec<(&'static str, Any)>> {
        Some(vec![("Cert", Any::Str(self.cert.clone())), ("Key", Any::Str(self.key.clone()))])
    }

    fn to_value(&self) -> Value {
        let entries = [("Cert", &self.cert), ("Key", &self.key)];
        Value::from(
            entries.map(|(name, text)| (name.into(), text.clone().into())).into_iter().collect::<Map>(),
        )
    }

    fn as_any(&self) -> &dyn Downcast {
        self
    }
}

fn new_key(scope: &Scope<'_>) -> Result<PrivateKey, Fault> {
    PrivateKey::rsa(&Chance::new(scope.host), KEY_BITS)
        .map_err(|problem| Fault::new(format!("error generating rsa key: {problem}")))
}

fn given_key(arguments: &[Any], index: usize) -> Result<PrivateKey, Fault> {
    PrivateKey::from_pem(arguments::text(arguments, index))
        .map_err(|problem| Fault::new(format!("parsing private key: {problem}")))
}

/// The DER of a certificate in PEM.
fn certificate_der(text: &[u8]) -> Option<Vec<u8>> {
    der::from_pem(text, |letters| encoding::decode_base64(letters).ok()).map(|(_, der)| der)
}

/// What of a certificate its issuing of others needs.
struct Issuer {
    /// The name, as it stands there.
    subject: Vec<u8>,
    /// `SubjectPublicKeyInfo`, as it stands there.
    public: Vec<u8>,
    key_id: Vec<u8>,
}

impl Issuer {
    fn from_der(der: &[u8]) -> Result<Self, &'static str> {
        let mut outer = Reader::new(der);
        let mut fields = outer.sequence().ok_or("x509: malformed certificate")?;
        if !outer.is_empty() {
            return Err("x509: trailing data");
        }
        let mut tbs = fields.sequence().ok_or("x509: malformed tbs certificate")?;
        if tbs.peek() == Some(der::context(0, true)) {
            tbs.read(der::context(0, true)).ok_or("x509: malformed version")?;
        }
        tbs.read(der::INTEGER).ok_or("x509: malformed serial number")?;
        tbs.read(der::SEQUENCE).ok_or("x509: malformed signature algorithm identifier")?;
        tbs.read(der::SEQUENCE).ok_or("x509: malformed issuer")?;
        tbs.read(der::SEQUENCE).ok_or("x509: malformed validity")?;
        let subject = tbs.whole(der::SEQUENCE).ok_or("x509: malformed issuer")?;
        let public = tbs.whole(der::SEQUENCE).ok_or("x509: malformed spki")?;
        let mut key_id = Vec::new();
        while let Some(tag) = tbs.peek() {
            let content = tbs.read(tag).ok_or("x509: malformed extensions")?;
            if tag == der::context(3, true) {
                key_id = subject_key_id(content).ok_or("x509: malformed extensions")?;
            }
        }
        fields.read(der::SEQUENCE).ok_or("x509: malformed algorithm identifier")?;
        fields.bit_string().ok_or("x509: malformed signature")?;
        Ok(Self { subject: subject.to_vec(), public: public.to_vec(), key_id })
    }
}

/// The key identifier among the extensions; nothing when there is none.
fn subject_key_id(extensions: &[u8]) -> Option<Vec<u8>> {
    let mut list = Reader::new(extensions).sequence()?;
    let mut found = Vec::new();
    while !list.is_empty() {
        let mut extension = list.sequence()?;
        let name = extension.read(der::OBJECT)?;
        if extension.peek() == Some(der::BOOLEAN) {
            extension.read(der::BOOLEAN)?;
        }
        let value = extension.read(der::OCTET_STRING)?;
        if name == SUBJECT_KEY_ID {
            found = Reader::new(value).read(der::OCTET_STRING)?.to_vec();
        }
    }
    Some(found)
}

/// What a certificate shall say.
struct Request {
    common_name: Str,
    addresses: Vec<IpAddr>,
    host_names: Vec<Str>,
    days: i64,
    is_authority: bool,
}

impl Request {
    /// `NAME DAYS ...`
    fn of_authority(arguments: &[Any]) -> Self {
        Self {
            common_name: arguments::text(arguments, 0).clone(),
            addresses: Vec::new(),
            host_names: Vec::new(),
            days: arguments::int(arguments, 1),
            is_authority: true,
        }
    }

    /// `NAME ADDRESSES HOST-NAMES DAYS ...`
    fn of_server(arguments: &[Any]) -> Result<Self, Fault> {
        let items = |index| match arguments::any(arguments, index) {
            Any::List(list) => list.items().to_vec(),
            _ => Vec::new(),
        };
        let shown = |value: &Any| String::from_utf8_lossy(&print::to_bytes(value)).into_owned();
        let address = |value: &Any| match value {
            Any::Str(text) => {
                let parsed = text.as_str().and_then(|text| text.parse::<IpAddr>().ok());
                parsed.ok_or_else(|| Fault::new(format!("error parsing ip: {text}")))
            }
            other => Err(Fault::new(format!("error parsing ip: {} is not a string", shown(other)))),
        };
        let host_name = |value: &Any| match value {
            Any::Str(text) => Ok(text.clone()),
            other => {
                let problem =
                    format!("error processing alternate dns name: {} is not a string", shown(other));
                Err(Fault::new(problem))
            }
        };
        Ok(Self {
            common_name: arguments::text(arguments, 0).clone(),
            addresses: items(1).iter().map(address).collect::<Result<_, _>>()?,
            host_names: items(2).iter().map(host_name).collect::<Result<_, _>>()?,
            days: arguments::int(arguments, 3),
            is_authority: false,
        })
    }

    fn self_signed(&self, host: &dyn Host, key: &PrivateKey) -> Result<Any, Fault> {
        self.issue(host, key, None, key)
    }

    /// The certificate, signed with the issuer's key; without an issuer it is its own.
    ///
    /// Go: `x509.CreateCertificate`, with its order of extensions.
    fn issue(
        &self,
        host: &dyn Host,
        key: &PrivateKey,
        issuer: Option<&Issuer>,
        issuer_key: &PrivateKey,
    ) -> Result<Any, Fault> {
        let refused = |problem: &str| Fault::new(format!("error creating certificate: {problem}"));
        let mut serial = [0; 16];
        Chance::new(host).fill(&mut serial);
        let algorithm = issuer_key.signature_algorithm().map_err(refused)?;
        let (bits, info) = key.public().map_err(refused)?;
        let subject = self.subject().map_err(refused)?;
        let issuer_name = issuer.map_or(&subject, |issuer| &issuer.subject);
        let authority_key_id = issuer
            .filter(|issuer| *issuer_name != subject && !issuer.key_id.is_empty())
            .map(|issuer| issuer.key_id.as_slice());
        if let Some(issuer) = issuer
            && issuer_key.public().map_err(refused)?.1 != issuer.public
        {
            return Err(refused("x509: provided PrivateKey doesn't match parent's PublicKey"));
        }
        let (now, _) = host.now();
        // Go counts the validity in nanoseconds, which overflow after 292 years.
        let validity = self.days.wrapping_mul(24 * 3_600 * 1_000_000_000).div_euclid(1_000_000_000);
        let until = now.saturating_add(validity);
        let extensions =
            self.extensions(&bits, authority_key_id, subject.len() == 2).map_err(|it| refused(&it))?;
        let tbs = der::sequence(&[
            &der::element(der::context(0, true), der::integer(&[2])),
            &der::integer(&serial),
            &algorithm,
            issuer_name,
            &der::sequence(&[&time(now).map_err(refused)?, &time(until).map_err(refused)?]),
            &subject,
            &info,
            &der::element(der::context(3, true), der::element(der::SEQUENCE, extensions)),
        ]);
        let signature = issuer_key.sign(&tbs).map_err(refused)?;
        let certificate = der::sequence(&[&tbs, &algorithm, &der::bit_string(&signature)]);
        Ok(Any::object(Certificate {
            cert: der::to_pem("CERTIFICATE", &certificate).into(),
            key: key.to_pem().into(),
        }))
    }

    /// A name with the common name alone, or nothing at all.
    fn subject(&self) -> Result<Vec<u8>, &'static str> {
        if self.common_name.is_empty() {
            return Ok(der::element(der::SEQUENCE, []));
        }
        let Some(text) = self.common_name.as_str() else { return Err("asn1: string not valid UTF-8") };
        let printable = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+,-./ :=?".contains(&byte);
        let tag = if text.bytes().all(printable) { der::PRINTABLE_STRING } else { der::UTF8_STRING };
        let name = der::sequence(&[&der::element(der::OBJECT, COMMON_NAME), &der::element(tag, text)]);
        Ok(der::sequence(&[&der::element(der::SET, name)]))
    }

    fn extensions(
        &self,
        public_bits: &[u8],
        authority_key_id: Option<&[u8]>,
        is_nameless: bool,
    ) -> Result<Vec<u8>, String> {
        let extension = |name: &[u8], critical: bool, value: &[u8]| {
            let flag = if critical { der::element(der::BOOLEAN, [0xff]) } else { Vec::new() };
            der::sequence(&[&der::element(der::OBJECT, name), &flag, &der::element(der::OCTET_STRING, value)])
        };
        // Digital signature, key encipherment, and for authorities the signing of certificates.
        let usage: [u8; 2] = if self.is_authority { [2, 0b1010_0100] } else { [5, 0b1010_0000] };
        let purposes = [SERVER, CLIENT].map(|purpose| der::element(der::OBJECT, purpose)).concat();
        let authority = if self.is_authority { der::element(der::BOOLEAN, [0xff]) } else { Vec::new() };
        let mut out = [
            extension(KEY_USAGE, true, &der::element(der::BIT_STRING, usage)),
            extension(EXTENDED_KEY_USAGE, false, &der::element(der::SEQUENCE, purposes)),
            extension(BASIC_CONSTRAINTS, true, &der::element(der::SEQUENCE, authority)),
        ]
        .concat();
        if self.is_authority {
            // RFC 7093, method 1.
            let id = der::element(der::OCTET_STRING, &Sha256::digest(public_bits)[..20]);
            out.extend(extension(SUBJECT_KEY_ID, false, &id));
        }
        if let Some(id) = authority_key_id {
            let id = der::sequence(&[&der::element(der::context(0, false), id)]);
            out.extend(extension(AUTHORITY_KEY_ID, false, &id));
        }
        if !self.host_names.is_empty() || !self.addresses.is_empty() {
            let mut names = Vec::new();
            for name in &self.host_names {
                if !name.is_ascii() {
                    return Err(format!("x509: {} cannot be encoded as an IA5String", quoted(name)));
                }
                names.extend(der::element(der::context(2, false), name));
            }
            for address in &self.addresses {
                let bytes = match address.to_canonical() {
                    IpAddr::V4(address) => address.octets().to_vec(),
                    IpAddr::V6(address) => address.octets().to_vec(),
                };
                names.extend(der::element(der::context(7, false), bytes));
            }
            out.extend(extension(ALTERNATIVE_NAMES, is_nameless, &der::element(der::SEQUENCE, names)));
        }
        Ok(out)
    }
}

const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const SUBJECT_KEY_ID: &[u8] = &[0x55, 0x1d, 0x0e];
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1d, 0x11];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
const AUTHORITY_KEY_ID: &[u8] = &[0x55, 0x1d, 0x23];
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
const SERVER: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];
const CLIENT: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02];

/// A moment, with two digits for the year where they are clear.
fn time(seconds: i64) -> Result<Vec<u8>, &'static str> {
    let (year, rest) = date::year_and_rest(seconds);
    match year {
        1950..2050 => Ok(der::element(der::UTC_TIME, format!("{:02}{rest}Z", year % 100))),
        0..10_000 => Ok(der::element(der::GENERALIZED_TIME, format!("{year:04}{rest}Z"))),
        _ => Err("asn1: structure error: cannot represent time as GeneralizedTime"),
    }
}

fn signed(scope: &Scope<'_>, arguments: &[Any], key: &PrivateKey) -> Result<Any, Fault> {
    let authority: Option<&Certificate> = arguments::any(arguments, 4).downcast();
    let Some(der) = authority.and_then(|authority| certificate_der(&authority.cert)) else {
        return Err(Fault::new("unable to decode certificate"));
    };
    let issuer = Issuer::from_der(&der).map_err(|problem| {
        Fault::new(format!("error parsing certificate: decodedSignerCert.Bytes: {problem}"))
    })?;
    let issuer_key = PrivateKey::from_pem(authority.map_or(&Str::EMPTY, |authority| &authority.key))
        .map_err(|problem| Fault::new(format!("error parsing private key: {problem}")))?;
    Request::of_server(arguments)?.issue(scope.host, key, Some(&issuer), &issuer_key)
}

/// `buildCustomCert CERTIFICATE KEY`, both PEM in base64: checks them and puts them together.
pub(super) fn build_custom(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let decoded = |index, what: &str| {
        encoding::decode_base64(arguments::text(arguments, index))
            .map_err(|_| Fault::new(format!("unable to decode base64 {what}")))
    };
    let (cert, key) = (decoded(0, "certificate")?, decoded(1, "private key")?);
    let Some(der) = certificate_der(&cert) else { return Err(Fault::new("unable to decode certificate")) };
    Issuer::from_der(&der)
        .map_err(|problem| Fault::new(format!("error parsing certificate: decodedCert.Bytes: {problem}")))?;
    PrivateKey::from_pem(&key)
        .map_err(|problem| Fault::new(format!("error parsing private key: {problem}")))?;
    Ok(Any::object(Certificate { cert: cert.into(), key: key.into() }))
}

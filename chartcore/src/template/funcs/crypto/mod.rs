//! Keys, certificates, passwords, AES. Sprig: crypto.go.
//!
//! Everything random comes from the host, so that a seed repeats keys and certificates as well. That rules
//! out the libraries that bring their own chance; see [`prime`].

mod aes;
mod certificate;
mod der;
mod dsa;
mod key;
mod montgomery;
mod password;
mod prime;
mod rsa;

use self::certificate::CERTIFICATE;
use self::key::PrivateKey;
use super::arguments;
use super::random::Chance;
use crate::template::{Any, Fault, Function, Scope, Type};

const TWO: &[Type] = &[Type::String, Type::String];
/// Name, addresses, host names, days; then a certificate, a key, or both.
const SERVER: &[Type] = &[NAME, ADDRESSES, HOST_NAMES, DAYS];
const NAME: Type = Type::String;
const ADDRESSES: Type = Type::List;
const HOST_NAMES: Type = Type::List;
const DAYS: Type = Type::Int;

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("bcrypt", &[Type::String], password::bcrypt),
    Function::new("buildCustomCert", TWO, certificate::build_custom),
    Function::new("decryptAES", TWO, aes::decrypt),
    Function::new(
        "derivePassword",
        &[Type::Named("uint32"), Type::String, Type::String, Type::String, Type::String],
        password::derive,
    ),
    Function::new("encryptAES", TWO, aes::encrypt),
    Function::new("genCA", &[NAME, DAYS], certificate::gen_ca),
    Function::new("genCAWithKey", &[NAME, DAYS, Type::String], certificate::gen_ca_with_key),
    Function::new("genPrivateKey", &[Type::String], gen_private_key),
    Function::new("genSelfSignedCert", SERVER, certificate::gen_self_signed),
    Function::new(
        "genSelfSignedCertWithKey",
        &[NAME, ADDRESSES, HOST_NAMES, DAYS, Type::String],
        certificate::gen_self_signed_with_key,
    ),
    Function::new(
        "genSignedCert",
        &[NAME, ADDRESSES, HOST_NAMES, DAYS, CERTIFICATE],
        certificate::gen_signed,
    ),
    Function::new(
        "genSignedCertWithKey",
        &[NAME, ADDRESSES, HOST_NAMES, DAYS, CERTIFICATE, Type::String],
        certificate::gen_signed_with_key,
    ),
    Function::new("htpasswd", TWO, password::htpasswd),
];

/// `genPrivateKey KIND`: a key in PEM, or what is wrong as its text.
fn gen_private_key(scope: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let chance = Chance::new(scope.host);
    let kind = arguments::text(arguments, 0);
    let key = match kind.as_bytes() {
        b"" | b"rsa" => PrivateKey::rsa(&chance, 4_096),
        b"dsa" => PrivateKey::dsa(&chance),
        b"ecdsa" => PrivateKey::ecdsa(&chance),
        b"ed25519" => Ok(PrivateKey::ed25519(&chance)),
        other => return Ok(Any::Str([b"Unknown type ", other].concat().into())),
    };
    Ok(Any::str(match key {
        Ok(key) => key.to_pem(),
        Err(problem) => format!("failed to generate private key: {problem}"),
    }))
}

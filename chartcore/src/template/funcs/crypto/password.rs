//! Passwords: bcrypt hashes, and those derived from a master password.

use blowfish::Blowfish;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::template::funcs::arguments;
use crate::template::funcs::random::Chance;
use crate::template::{Any, Fault, Host, Scope};

pub(super) fn bcrypt(scope: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    Ok(Any::str(hashed(scope.host, arguments::text(arguments, 0))))
}

/// `htpasswd USER PASSWORD`: a line for Apache's file of passwords.
pub(super) fn htpasswd(scope: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let (user, password) = (arguments::text(arguments, 0), arguments::text(arguments, 1));
    if user.contains(&b':') {
        return Ok(Any::Str([b"invalid username: ", user.as_bytes()].concat().into()));
    }
    let hash = hashed(scope.host, password);
    Ok(Any::Str([user.as_bytes(), b":", hash.as_bytes()].concat().into()))
}

/// The bcrypt hash of a password, of cost 10. Go: golang.org/x/crypto/bcrypt.
fn hashed(host: &dyn Host, password: &[u8]) -> String {
    const COST: u32 = 10;
    /// The longest password that counts; Go refuses longer ones.
    const LENGTH_LIMIT: usize = 72;
    if password.len() > LENGTH_LIMIT {
        let problem = "bcrypt: password length exceeds 72 bytes";
        return format!("failed to encrypt string with bcrypt: {problem}");
    }
    let mut salt = [0; 16];
    Chance::new(host).fill(&mut salt);
    let key = [password, &[0]].concat();
    let mut state: Blowfish = Blowfish::bc_init_state();
    state.salted_expand_key(&salt, &key);
    for _ in 0..1 << COST {
        state.bc_expand_key(&key);
        state.bc_expand_key(&salt);
    }
    // What is encrypted: "OrpheanBeholderScryDoubt", of which the last byte is dropped.
    let mut words = [0x4f72_7068, 0x6561_6e42, 0x6568_6f6c, 0x6465_7253, 0x6372_7944, 0x6f75_6274];
    for pair in words.chunks_exact_mut(2) {
        let mut block = [pair[0], pair[1]];
        for _ in 0..64 {
            block = state.bc_encrypt(block);
        }
        pair.copy_from_slice(&block);
    }
    let digest: Vec<u8> = words.iter().flat_map(|word: &u32| word.to_be_bytes()).take(23).collect();
    format!("$2a${COST}${}{}", radix64(&salt), radix64(&digest))
}

/// Base64 with bcrypt's alphabet, without padding.
fn radix64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut out = String::new();
    for group in bytes.chunks(3) {
        let value = group.iter().fold(0_u32, |value, byte| value << 8 | u32::from(*byte));
        let value = value << (8 * (3 - group.len()));
        for index in 0..=group.len() {
            out.push(char::from(LETTERS[(value >> (18 - 6 * index) & 63) as usize]));
        }
    }
    out
}

/// The templates of each type of password, whose letters stand for the classes of [`class`].
fn templates(kind: &[u8]) -> Option<&'static [&'static str]> {
    Some(match kind {
        b"maximum" => &["anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"],
        b"long" => &[
            "CvcvnoCvcvCvcv",
            "CvcvCvcvnoCvcv",
            "CvcvCvcvCvcvno",
            "CvccnoCvcvCvcv",
            "CvccCvcvnoCvcv",
            "CvccCvcvCvcvno",
            "CvcvnoCvccCvcv",
            "CvcvCvccnoCvcv",
            "CvcvCvccCvcvno",
            "CvcvnoCvcvCvcc",
            "CvcvCvcvnoCvcc",
            "CvcvCvcvCvccno",
            "CvccnoCvccCvcv",
            "CvccCvccnoCvcv",
            "CvccCvccCvcvno",
            "CvcvnoCvccCvcc",
            "CvcvCvccnoCvcc",
            "CvcvCvccCvccno",
            "CvccnoCvcvCvcc",
            "CvccCvcvnoCvcc",
            "CvccCvcvCvccno",
        ],
        b"medium" => &["CvcnoCvc", "CvcCvcno"],
        b"short" => &["Cvcn"],
        b"basic" => &["aaanaaan", "aannaaan", "aaannaaa"],
        b"pin" => &["nnnn"],
        _ => return None,
    })
}

/// The letters a letter of a template stands for.
fn class(letter: u8) -> &'static [u8] {
    match letter {
        b'V' => b"AEIOU",
        b'C' => b"BCDFGHJKLMNPQRSTVWXYZ",
        b'v' => b"aeiou",
        b'c' => b"bcdfghjklmnpqrstvwxyz",
        b'a' => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz",
        b'n' => b"0123456789",
        b'o' => b"@&%?,=[]_:-+*$#!'^~;()/.",
        _ => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
    }
}

/// `derivePassword COUNTER TYPE PASSWORD USER SITE`: the algorithm of Master Password.
pub(super) fn derive(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    const DOMAIN: &[u8] = b"com.lyndir.masterpassword";
    let counter = arguments::int(arguments, 0) as u32;
    let [kind, password, user, site] = [1, 2, 3, 4].map(|index| arguments::text(arguments, index).as_bytes());
    let Some(templates) = templates(kind) else {
        return Ok(Any::Str([b"cannot find password template ", kind].concat().into()));
    };
    let failed = |problem: &str| Fault::new(format!("failed to derive password: {problem}"));
    let length = |text: &[u8]| (text.len() as u32).to_be_bytes();
    let salt = [DOMAIN, &length(user), user].concat();
    let mut key = [0; 64];
    let params = scrypt::Params::new(15, 8, 2).map_err(|_| failed("scrypt: parameters are too large"))?;
    scrypt::scrypt(password, &salt, &params, &mut key).map_err(|_| failed("scrypt: bad length"))?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| failed("hmac: bad length"))?;
    mac.update(&[DOMAIN, &length(site), site, &counter.to_be_bytes()].concat());
    let seed = mac.finalize().into_bytes();
    let template = templates[usize::from(seed[0]) % templates.len()];
    let letters = template.bytes().zip(&seed[1..]).map(|(letter, &byte)| {
        let class = class(letter);
        char::from(class[usize::from(byte) % class.len()])
    });
    Ok(Any::str(letters.collect::<String>()))
}

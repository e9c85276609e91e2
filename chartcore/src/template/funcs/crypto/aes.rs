//! AES-256 in CBC mode, as Sprig uses it: the password padded with zeros is the key.

use aes::Aes256;
use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};

use crate::template::funcs::random::Chance;
use crate::template::funcs::{arguments, encoding, limits};
use crate::template::{Any, Fault, Scope};

const BLOCK: usize = 16;

fn cipher(password: &[u8]) -> Aes256 {
    let mut key = [0; 32];
    let length = password.len().min(key.len());
    key[..length].copy_from_slice(&password[..length]);
    Aes256::new(&key.into())
}

pub(super) fn encrypt(scope: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let text = arguments::text(arguments, 1);
    if text.is_empty() {
        return Ok(Any::str(""));
    }
    limits::check_text(text.len().saturating_mul(2))?;
    let cipher = cipher(arguments::text(arguments, 0));
    let padding = BLOCK - text.len() % BLOCK;
    let mut last = [0; BLOCK];
    Chance::new(scope.host).fill(&mut last);
    let mut out = last.to_vec();
    let padded = [text.as_bytes(), &vec![padding as u8; padding]].concat();
    for chunk in padded.chunks_exact(BLOCK) {
        for (byte, plain) in last.iter_mut().zip(chunk) {
            *byte ^= plain;
        }
        let mut block = last.into();
        cipher.encrypt_block(&mut block);
        last = block.into();
        out.extend_from_slice(&last);
    }
    encoding::encode_base64(&out)
}

pub(super) fn decrypt(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let text = arguments::text(arguments, 1);
    if text.is_empty() {
        return Ok(Any::str(""));
    }
    let data = encoding::decode_base64(text)
        .map_err(|offset| Fault::new(format!("illegal base64 data at input byte {offset}")))?;
    // Sprig checks nothing; these are the runtime's words.
    let broken = |problem: String| Err(Fault::new(format!("runtime error: {problem}")));
    let Some((first, rest)) = data.split_at_checked(BLOCK) else {
        // A slice reaches up to the capacity its bytes were decoded into.
        let capacity = text.len() / 4 * 3;
        if capacity < BLOCK {
            return broken(format!("slice bounds out of range [:{BLOCK}] with capacity {capacity}"));
        }
        return broken(format!("slice bounds out of range [{BLOCK}:{}]", data.len()));
    };
    if rest.len() % BLOCK != 0 {
        return Err(Fault::new("crypto/cipher: input not full blocks"));
    }
    let cipher = cipher(arguments::text(arguments, 0));
    let mut out = Vec::with_capacity(rest.len());
    let mut last = first;
    for chunk in rest.chunks_exact(BLOCK) {
        let mut bytes = [0; BLOCK];
        bytes.copy_from_slice(chunk);
        let mut block = bytes.into();
        cipher.decrypt_block(&mut block);
        out.extend(block.iter().zip(last).map(|(byte, before)| byte ^ before));
        last = chunk;
    }
    let Some(&padding) = out.last() else { return broken("index out of range [-1]".to_owned()) };
    let Some(length) = out.len().checked_sub(usize::from(padding)) else {
        let length = out.len() as i64 - i64::from(padding);
        return broken(format!("slice bounds out of range [:{length}]"));
    };
    out.truncate(length);
    Ok(Any::Str(out.into()))
}

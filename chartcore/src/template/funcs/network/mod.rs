//! Host names and URLs.

mod address;
mod url;

use super::{arguments, lists};
use crate::data::Str;
use crate::template::{Any, Fault, Function, Map, MapType, Scope, Type};
use url::{Url, UserInfo};

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("getHostByName", &[Type::String], get_host_by_name),
    Function::new("urlJoin", &[Type::Map], url_join),
    Function::new("urlParse", &[Type::String], url_parse),
];

/// Asks the host, which gives the empty text unless DNS is on.
fn get_host_by_name(scope: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    Ok(Any::str(scope.host.resolve_host(&arguments::text(arguments, 0).to_text())))
}

fn url_parse(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let url = Url::parse(arguments::text(arguments, 0))
        .map_err(|text| Fault::new(format!("unable to parse url: {text}")))?;
    let user = url.user.as_ref().map(UserInfo::to_bytes).unwrap_or_default();
    let entries: Vec<(Str, Any)> = vec![
        ("fragment".into(), Any::str(url.fragment)),
        ("hostname".into(), Any::str(url::host_name(&url.host))),
        ("host".into(), Any::str(url.host)),
        ("opaque".into(), Any::str(url.opaque)),
        ("path".into(), Any::str(url.path)),
        ("query".into(), Any::str(url.query)),
        ("scheme".into(), Any::str(url.scheme)),
        ("userinfo".into(), Any::str(user)),
    ];
    Ok(Any::Map(Map::typed(MapType::Any, entries)))
}

fn url_join(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let part = |key: &str| match arguments::map(arguments, 0).and_then(|map| map.get(key)) {
        None => Ok(Vec::new()),
        Some(Any::Str(text)) => Ok(text.to_vec()),
        Some(Any::Nil) => Err(Fault::new(lists::NIL_TYPE)),
        Some(other) => Err(Fault::new(format!(
            "unable to parse {key} key, must be of type string, but {} found",
            other.kind()
        ))),
    };
    let mut url = Url {
        scheme: part("scheme")?,
        host: part("host")?,
        path: part("path")?,
        query: part("query")?,
        opaque: part("opaque")?,
        fragment: part("fragment")?,
        user: None,
    };
    let user = part("userinfo")?;
    if !user.is_empty() {
        // Sprig reads it out of a URL made for the purpose.
        let around = Url::parse(&[b"proto://", &user[..], b"@host"].concat())
            .map_err(|text| Fault::new(format!("unable to parse userinfo in dict: {text}")))?;
        url.user = around.user;
    }
    Ok(Any::str(url.to_bytes()))
}

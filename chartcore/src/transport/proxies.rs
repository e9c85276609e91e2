//! Which proxy a URL goes through, by Go's rules.

use std::fmt;
use std::net::IpAddr;

use super::Url;
use super::url::redacted;

/// The values of `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, as the caller found them.
///
/// Go: golang.org/x/net/http/httpproxy. Loopback addresses and `localhost` never go through a proxy.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    /// For `http://`: a URL, or `host:port`.
    pub http: String,
    /// For `https://`.
    pub https: String,
    /// Hosts that are reached directly: names, `.suffixes`, addresses, CIDR blocks, `*`; commas between.
    pub no_proxy: String,
}

impl Proxies {
    /// No proxies at all.
    pub fn none() -> Self {
        Self::default()
    }

    /// The proxy for `url`, if it goes through one.
    pub fn proxy_for(&self, url: &Url) -> Option<&str> {
        let proxy = match url.scheme() {
            "https" => self.https.as_str(),
            "http" => self.http.as_str(),
            _ => "",
        };
        (!proxy.is_empty() && self.uses_proxy(url)).then_some(proxy)
    }

    fn uses_proxy(&self, url: &Url) -> bool {
        let host = url.host().trim_start_matches('[').trim_end_matches(']');
        let address = host.parse::<IpAddr>().ok();
        if host == "localhost" || address.is_some_and(|address| address.to_canonical().is_loopback()) {
            return false;
        }
        !self
            .no_proxy
            .split(',')
            .any(|entry| matches(&entry.trim().to_ascii_lowercase(), host, address, url.port()))
    }
}

/// Whether one entry of `NO_PROXY` names the host.
fn matches(entry: &str, host: &str, address: Option<IpAddr>, port: u16) -> bool {
    if entry.is_empty() {
        return false;
    }
    if entry == "*" {
        return true;
    }
    if let Some((network, bits)) = entry.split_once('/')
        && let (Ok(network), Ok(bits)) = (network.parse::<IpAddr>(), bits.parse::<u32>())
        && bits <= if network.is_ipv4() { 32 } else { 128 }
    {
        return address.is_some_and(|address| in_network(address.to_canonical(), network, bits));
    }
    let (name, wanted_port) = split_host_port(entry);
    let port_fits = wanted_port.is_none_or(|wanted| wanted == port.to_string());
    if name.is_empty() {
        return false;
    }
    if let Ok(named) = name.parse::<IpAddr>() {
        return port_fits && address.is_some_and(|address| address.to_canonical() == named.to_canonical());
    }
    if address.is_some() {
        return false;
    }
    let name = match name.strip_prefix('*') {
        Some(rest) if rest.starts_with('.') => rest,
        _ => name,
    };
    let fits = match name.strip_prefix('.') {
        Some(_) => host.ends_with(name),
        None => host == name || host.strip_suffix(name).is_some_and(|front| front.ends_with('.')),
    };
    port_fits && fits
}

fn split_host_port(entry: &str) -> (&str, Option<&str>) {
    let bare = |name: &'_ str| -> usize { usize::from(name.starts_with('[') && name.ends_with(']')) };
    match entry.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') || bare(name) == 1 => {
            (name.trim_start_matches('[').trim_end_matches(']'), Some(port))
        }
        _ => (entry, None),
    }
}

fn in_network(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
            address.to_bits() & mask == network.to_bits() & mask
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
            address.to_bits() & mask == network.to_bits() & mask
        }
        _ => false,
    }
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxies")
            .field("http", &redacted(&self.http))
            .field("https", &redacted(&self.https))
            .field("no_proxy", &self.no_proxy)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checked against golang.org/x/net/http/httpproxy.
    #[test]
    fn no_proxy_is_gos() {
        for (no_proxy, url, through) in [
            ("", "http://example.com/", true),
            ("", "http://localhost/", false),
            ("", "http://127.0.0.1:8080/", false),
            ("", "http://127.9.9.9/", false),
            ("", "http://[::1]:8080/", false),
            ("", "http://localhost.example.com/", true),
            ("*", "http://example.com/", false),
            ("example.com", "http://example.com/", false),
            ("example.com", "http://www.example.com/", false),
            ("example.com", "http://wwwexample.com/", true),
            (".example.com", "http://example.com/", true),
            (".example.com", "http://www.example.com/", false),
            ("*.example.com", "http://example.com/", true),
            ("*.example.com", "http://a.b.example.com/", false),
            ("EXAMPLE.com", "http://Example.COM/", false),
            ("foo.com, example.com ,bar.com", "http://example.com/", false),
            ("example.com:80", "http://example.com/", false),
            ("example.com:81", "http://example.com/", true),
            ("example.com:443", "https://example.com/", false),
            ("10.0.0.1", "http://10.0.0.1/", false),
            ("10.0.0.1:81", "http://10.0.0.1/", true),
            ("10.0.0.1:81", "http://10.0.0.1:81/", false),
            ("10.0.0.0/8", "http://10.200.3.4/", false),
            ("10.0.0.0/8", "http://11.0.0.1/", true),
            ("10.0.0.0/33", "http://10.0.0.1/", true),
            ("0.0.0.0/0", "http://11.0.0.1/", false),
            ("0.0.0.0/0", "http://example.com/", true),
            ("fd00::/8", "http://[fd12::1]/", false),
            ("fd00::1", "http://[fd00::1]:5000/", false),
            ("[fd00::1]:5000", "http://[fd00::1]:5000/", false),
            ("[fd00::1]:5001", "http://[fd00::1]:5000/", true),
            (":80", "http://example.com/", true),
            (",,", "http://example.com/", true),
            ("ample.com", "http://example.com/", true),
            ("1", "http://10.0.0.1/", true),
        ] {
            let proxies = Proxies { http: "p:1".into(), https: "p:2".into(), no_proxy: no_proxy.into() };
            let found = proxies.proxy_for(&url.parse().unwrap()).is_some();
            assert_eq!(found, through, "NO_PROXY={no_proxy} {url}");
        }
    }

    #[test]
    fn each_scheme_has_its_own() {
        let proxies = Proxies { http: "http://u:secret@plain:1".into(), ..Proxies::none() };
        assert_eq!(proxies.proxy_for(&"http://h/".parse().unwrap()), Some("http://u:secret@plain:1"));
        assert_eq!(proxies.proxy_for(&"https://h/".parse().unwrap()), None);
        assert!(!format!("{proxies:?}").contains("secret"));
    }
}

//! HTTP as charts travel by it: TLS, credentials kept to their host, proxies, retries.

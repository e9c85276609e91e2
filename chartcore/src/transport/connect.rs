//! How a connection comes about: straight or through a proxy, then TLS.

use std::fmt;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};
use std::io::{Read, Write};
use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport, TransportAdapter,
};

use super::tls::Tls;

/// Wraps connections to `https` in TLS by our own rules of trust.
#[derive(Debug)]
pub(super) struct TlsConnector {
    tls: Arc<Tls>,
}

impl TlsConnector {
    pub(super) fn new(tls: Arc<Tls>) -> Self {
        Self { tls }
    }
}

impl<In: Transport> Connector<In> for TlsConnector {
    type Out = Either<In, TlsTransport>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        let Some(transport) = chained else {
            return Ok(None);
        };
        if !details.needs_tls() || transport.is_tls() {
            return Ok(Some(Either::A(transport)));
        }
        let config = self.tls.config().map_err(|error| Error::Other(Box::new(error)))?;
        let host = details.uri.host().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(host.to_owned()).map_err(|_| Error::Tls("invalid server name"))?;
        let mut session = ClientConnection::new(config, name)?;
        let mut socket = TransportAdapter::new(
            Box::new(transport) as Box<dyn Transport>,
            Arc::clone(&details.current_time),
        );
        socket.set_timeout(details.timeout);
        while session.is_handshaking() {
            let (read, written) = session.complete_io(&mut socket)?;
            if read == 0 && written == 0 {
                return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
            }
        }
        let buffers =
            LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Some(Either::B(TlsTransport { buffers, stream: StreamOwned::new(session, socket) })))
    }
}

/// A connection inside TLS.
pub(super) struct TlsTransport {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter>,
}

impl Transport for TlsTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.stream.sock.set_timeout(timeout);
        let output = self.buffers.output().get(..amount).unwrap_or_default();
        self.stream.write_all(output)?;
        self.stream.flush()?;
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.stream.sock.set_timeout(timeout);
        let amount = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.sock.get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

impl fmt::Debug for TlsTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsTransport")
    }
}

/// Leads every connection to the proxy.
#[derive(Debug)]
pub(super) struct ProxyResolver {
    proxy: Uri,
}

impl ProxyResolver {
    pub(super) fn new(proxy: Uri) -> Self {
        Self { proxy }
    }
}

impl Resolver for ProxyResolver {
    fn resolve(&self, _: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        DefaultResolver::default().resolve(&self.proxy, config, timeout)
    }
}

/// Asks a proxy for whole URLs, as it is done for `http`: many proxies open tunnels to port 443 only.
pub(super) struct ForwardConnector {
    authorization: Option<String>,
}

impl ForwardConnector {
    pub(super) fn new(authorization: Option<String>) -> Self {
        Self { authorization }
    }
}

impl<In: Transport> Connector<In> for ForwardConnector {
    type Out = ForwardTransport<In>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        let Some(transport) = chained else {
            return Ok(None);
        };
        let authority = details.uri.authority().map_or("", |authority| authority.as_str());
        let header = self
            .authorization
            .as_ref()
            .map_or_else(String::new, |value| format!("Proxy-Authorization: {value}\r\n"));
        Ok(Some(ForwardTransport {
            buffers: LazyBuffers::new(
                details.config.input_buffer_size(),
                details.config.output_buffer_size(),
            ),
            stream: TransportAdapter::new(transport, Arc::clone(&details.current_time)),
            place: format!("http://{authority}").into_bytes(),
            header: header.into_bytes(),
            at_start: true,
        }))
    }
}

impl fmt::Debug for ForwardConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ForwardConnector")
    }
}

/// A connection to a proxy whose request lines name the server.
pub(super) struct ForwardTransport<T: Transport> {
    buffers: LazyBuffers,
    stream: TransportAdapter<T>,
    place: Vec<u8>,
    header: Vec<u8>,
    /// Whether the next bytes out begin a request: nothing has been sent since the last answer.
    at_start: bool,
}

impl<T: Transport> Transport for ForwardTransport<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.stream.set_timeout(timeout);
        let output = self.buffers.output().get(..amount).unwrap_or_default();
        if !self.at_start {
            self.stream.write_all(output)?;
            return Ok(());
        }
        self.at_start = false;
        // `GET /path HTTP/1.1` and its line's end.
        let target = output.iter().position(|byte| *byte == b' ').map_or(0, |space| space + 1);
        let line = output.windows(2).position(|pair| pair == b"\r\n").map_or(target, |end| end + 2);
        let mut head = Vec::with_capacity(output.len() + self.place.len() + self.header.len());
        head.extend_from_slice(output.get(..target).unwrap_or_default());
        head.extend_from_slice(&self.place);
        head.extend_from_slice(output.get(target..line).unwrap_or_default());
        head.extend_from_slice(&self.header);
        head.extend_from_slice(output.get(line..).unwrap_or_default());
        self.stream.write_all(&head)?;
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.stream.set_timeout(timeout);
        self.at_start = true;
        let amount = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.get_mut().is_open()
    }
}

impl<T: Transport> fmt::Debug for ForwardTransport<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ForwardTransport")
    }
}

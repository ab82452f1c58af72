//! Step three: the TLS handshake. It is always carried to its end, whatever the certificate: whether that would be trusted is
//! part of the answer, not a reason to stop. Nothing secret is ever sent.
//!
//! Proxies differ in what they check (nginx: nothing unless `proxy_ssl_verify on`), so a certificate that is not good is
//! told from a handshake that fails.

use std::net::TcpStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme, StreamOwned,
};
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use crate::options::Options;
use crate::report::{Certificate, TlsStep};
use crate::wire::{Timed, Wire};

/// What is trusted. Made once for a probe.
#[derive(Debug, Clone)]
pub(crate) struct Trust {
    provider: Arc<CryptoProvider>,
    roots: Option<Arc<WebPkiServerVerifier>>,
    /// What was wrong with the file that was given.
    pub problem: Option<String>,
}

impl Trust {
    pub(crate) fn load(options: &Options) -> Trust {
        let provider = Arc::new(ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let mut problem = None;
        if let Some(path) = &options.ca_file {
            let read = std::fs::read(path).map_err(|e| e.to_string()).and_then(|pem| {
                CertificateDer::pem_slice_iter(&pem)
                    .collect::<Result<Vec<_>, _>>()
                    .map_err(|e| format!("{e:?}"))
            });
            match read {
                Ok(certs) if certs.is_empty() => {
                    problem = Some(format!("{}: no certificate in it", path.display()))
                }
                Ok(certs) => {
                    roots.add_parsable_certificates(certs);
                }
                Err(e) => problem = Some(format!("{}: {e}", path.display())),
            }
        }
        let roots =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().ok();
        Trust { provider, roots, problem }
    }
}

/// Accepts every certificate, and remembers it with what a strict client would have said.
#[derive(Debug)]
struct Witness {
    trust: Trust,
    seen: Mutex<Option<Certificate>>,
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let chained =
            self.trust.roots.as_ref().map(|r| r.verify_server_cert(end, chain, name, ocsp, now).err());
        let named = ParsedCertificate::try_from(end).and_then(|c| verify_server_name(&c, name)).is_ok();
        let certificate = describe(end, chain.len() + 1, named, chained, name);
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(certificate);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.trust.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.trust.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.trust.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// `chained`: what the check against the roots said, or nothing where there are no roots.
fn describe(
    end: &CertificateDer<'_>,
    chain: usize,
    named: bool,
    chained: Option<Option<rustls::Error>>,
    name: &ServerName<'_>,
) -> Certificate {
    let mut c = Certificate {
        subject: String::new(),
        issuer: String::new(),
        names: Vec::new(),
        not_before: String::new(),
        not_after: String::new(),
        days_left: 0,
        chain,
        problem: None,
        text: None,
    };
    let mut say = |problem: &str, text: String| (c.problem, c.text) = (Some(problem.to_owned()), Some(text));
    let parsed = match x509_cert::Certificate::from_der(end) {
        Ok(parsed) => parsed.tbs_certificate,
        Err(e) => {
            say("unreadable", format!("the certificate cannot be read: {e}"));
            return c;
        }
    };
    let seconds = |t: &x509_cert::time::Time| t.to_unix_duration().as_secs() as i64;
    let rfc3339 = |s: i64| {
        chrono::DateTime::from_timestamp(s, 0)
            .map(|t| t.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
            .unwrap_or_default()
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() as i64;
    let (from, until) = (seconds(&parsed.validity.not_before), seconds(&parsed.validity.not_after));
    // The problem that a reader should hear of first: dates, then the name, then trust.
    if until < now {
        say("expired", format!("the certificate expired at {}", rfc3339(until)));
    } else if from > now {
        say("not-yet-valid", format!("the certificate is valid only from {} on", rfc3339(from)));
    } else if !named {
        say("wrong-name", format!("the certificate is not for {}", name.to_str()));
    } else if let Some(Some(e)) = chained {
        say("untrusted", format!("no authority that is trusted here vouches for the certificate: {e}"));
    }
    c.subject = parsed.subject.to_string();
    c.issuer = parsed.issuer.to_string();
    (c.not_before, c.not_after) = (rfc3339(from), rfc3339(until));
    c.days_left = (until - now).div_euclid(86_400);
    if let Ok(Some((_, names))) = parsed.get::<SubjectAltName>() {
        c.names = names.0.iter().filter_map(general_name).take(20).collect();
    }
    c
}

fn general_name(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(n) => Some(n.as_str().to_owned()),
        GeneralName::IpAddress(octets) => {
            let v4: Option<[u8; 4]> = octets.as_bytes().try_into().ok();
            let v6: Option<[u8; 16]> = octets.as_bytes().try_into().ok();
            v4.map(|o| std::net::IpAddr::from(o).to_string())
                .or_else(|| v6.map(|o| std::net::IpAddr::from(o).to_string()))
        }
        _ => None,
    }
}

/// Shakes hands on a connection; the wire too, if that worked.
pub(crate) fn handshake(
    stream: TcpStream,
    name: &str,
    trust: &Trust,
    deadline: Instant,
) -> (TlsStep, Option<Wire>) {
    let started = Instant::now();
    let mut step = TlsStep {
        outcome: "ok".to_owned(),
        error: None,
        server_name: name.to_owned(),
        version: None,
        cipher: None,
        certificate: None,
        took_s: 0.0,
    };
    let witness = Arc::new(Witness { trust: trust.clone(), seen: Mutex::new(None) });
    let connection = ClientConfig::builder_with_provider(Arc::clone(&trust.provider))
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())
        .and_then(|b| {
            let verifier: Arc<dyn ServerCertVerifier> = Arc::clone(&witness) as _;
            let mut config = b.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            let name = ServerName::try_from(name.to_owned()).map_err(|e| e.to_string())?;
            ClientConnection::new(Arc::new(config), name).map_err(|e| e.to_string())
        });
    let mut connection = match connection {
        Ok(c) => c,
        Err(e) => {
            (step.outcome, step.error) = ("failed".to_owned(), Some(e));
            return (step, None);
        }
    };
    let mut wire = Timed { stream, deadline };
    let mut result = Ok(());
    while result.is_ok() && connection.is_handshaking() {
        result = connection.complete_io(&mut wire).map(|_| ());
    }
    step.took_s = started.elapsed().as_secs_f64();
    step.certificate = witness.seen.lock().unwrap_or_else(PoisonError::into_inner).take();
    step.version = connection.protocol_version().and_then(|v| v.as_str().map(|s| s.replace('_', ".")));
    step.cipher = connection.negotiated_cipher_suite().and_then(|c| c.suite().as_str().map(str::to_owned));
    match result {
        Ok(()) => (step, Some(Wire::Tls(Box::new(StreamOwned::new(connection, wire))))),
        Err(e) => {
            step.outcome = outcome(&e).to_owned();
            step.error = Some(match step.outcome.as_str() {
                "timeout" => "no answer to the handshake in time".to_owned(),
                "closed" => format!("the connection was closed during the handshake ({e})"),
                _ => e.to_string(),
            });
            (step, None)
        }
    }
}

fn outcome(e: &std::io::Error) -> &'static str {
    use std::io::ErrorKind as K;
    let inner = e.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match (inner, e.kind()) {
        (Some(rustls::Error::InvalidMessage(_)), _) => "not-tls",
        (Some(rustls::Error::AlertReceived(_)), _) => "alert",
        (Some(rustls::Error::PeerIncompatible(_)), _) => "incompatible",
        (_, K::TimedOut | K::WouldBlock) => "timeout",
        (_, K::UnexpectedEof | K::ConnectionReset | K::ConnectionAborted | K::BrokenPipe) => "closed",
        _ => "failed",
    }
}

//! The endpoint over TLS: trusted by the system's certificates, and refused without them.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::json;

use super::{asked, service};

/// Set in the process that trusts the endpoint's certificate.
const TRUSTED: &str = "RFQ_TEST_TRUSTED_PRICE_SERVICE";

#[test]
fn a_certificate_that_the_system_trusts_is_needed() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    if let Ok(url) = std::env::var(TRUSTED) {
        let price = runtime.block_on(asked(&service(&url, json!({ "timeout_ms": 3000 }))));
        assert!(price.unwrap().is_sold());
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (certificate, key) = (dir.path().join("certificate.pem"), dir.path().join("key.pem"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-days", "2", "-out"])
        .arg(&certificate)
        .arg("-keyout")
        .arg(&key)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let chain = vec![CertificateDer::from_pem_file(&certificate).unwrap()];
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, PrivateKeyDer::from_pem_file(&key).unwrap())
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let url = format!("https://localhost:{port}/price");
    std::thread::spawn(move || serve(&listener, &Arc::new(tls)));

    // One that trusts another certificate, so that it does not depend on what the system has.
    let distrusting = dir.path().join("other.pem");
    let other = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"])
        .args(["-subj", "/CN=other", "-keyout", "/dev/null", "-out"])
        .arg(&distrusting)
        .output()
        .unwrap();
    assert!(other.status.success());
    let run = |roots: &std::path::Path| {
        let name = std::thread::current().name().unwrap().to_owned();
        Command::new(std::env::current_exe().unwrap())
            .args([&name, "--exact", "--nocapture"])
            .env(TRUSTED, &url)
            .env("SSL_CERT_FILE", roots)
            .env_remove("SSL_CERT_DIR")
            .output()
            .unwrap()
    };
    let trusting = run(&certificate);
    assert!(trusting.status.success(), "{}", String::from_utf8_lossy(&trusting.stderr));
    assert!(String::from_utf8_lossy(&trusting.stdout).contains("1 passed"), "it ran");
    let refused = run(&distrusting);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("UnknownIssuer"), "{said}");
}

fn serve(listener: &TcpListener, tls: &Arc<ServerConfig>) {
    while let Ok((stream, _)) = listener.accept() {
        let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(tls)).unwrap(), stream);
        let mut request = Vec::new();
        let mut buffer = [0; 4096];
        while !request.ends_with(b"}") {
            match stream.read(&mut buffer) {
                Ok(read) if read > 0 => request.extend_from_slice(&buffer[..read]),
                Ok(_) | Err(_) => break,
            }
        }
        let body = r#"{"unit_price_usd":9.99}"#;
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n";
        let length = body.len();
        let _ = write!(stream, "{head}content-length: {length}\r\n\r\n{body}");
    }
}

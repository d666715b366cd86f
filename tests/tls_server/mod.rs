//! A server over TLS, whose certificate is from the tests' own authority.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/tls");

/// The certificate of the authority.
pub(crate) const CA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/tls/ca.pem");

/// Starts a server with the crypto of ring. Returns its URL. Its replies have the text `trusted` and the cipher suite of the
/// connection.
pub(crate) fn start() -> String {
    let chain = CertificateDer::pem_file_iter(format!("{FOLDER}/localhost.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(format!("{FOLDER}/localhost.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(chain.map(Result::unwrap).collect(), key).unwrap();
    let (config, listener) = (Arc::new(config), TcpListener::bind("127.0.0.1:0").unwrap());
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut tls = rustls::StreamOwned::new(connection, stream.unwrap());
            // A client that does not trust the certificate ends here.
            if tls.read(&mut [0; 16 * 1024]).is_ok() {
                let suite = tls.conn.negotiated_cipher_suite().unwrap().suite();
                let body = format!(r#"{{"content":[{{"type":"text","text":"trusted, {suite:?}"}}]}}"#);
                let head =
                    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}", body.len());
                let _ = tls.write_all(format!("{head}\r\nconnection: close\r\n\r\n{body}").as_bytes());
                tls.conn.send_close_notify();
                let _ = tls.flush();
            }
        }
    });
    format!("https://localhost:{port}")
}

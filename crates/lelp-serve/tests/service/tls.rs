//! TLS, with a certificate made for these tests alone (valid for a hundred years, trusted by no one else).

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use lelp_serve::{ServeError, ServeSettings, Server, TlsFiles, no_log};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::Running;
use crate::client::read_response;
use crate::models::Folder;

fn certificate(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/certificate").join(file)
}

fn files() -> TlsFiles {
    TlsFiles { certificates: certificate("certificate.pem"), key: certificate("key.pem") }
}

#[test]
fn a_client_that_trusts_the_certificate_is_answered() {
    let folder = Folder::of_texts(&["no", "yes"]);
    let service = Running::with(&folder.path, |settings| settings.tls = Some(files()));
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificate("certificate.pem")).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(connection, service.client.connect());
    stream.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
    let answer = read_response(&mut stream).unwrap();
    assert_eq!(answer.status, 200);
}

#[test]
fn files_that_hold_no_certificate_or_key_are_named() {
    let folder = Folder::of_texts(&["no", "yes"]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let bind = |tls: TlsFiles| {
        let mut settings = ServeSettings::new(folder.path.clone());
        settings.address.set_port(0);
        settings.tls = Some(tls);
        let bound = runtime.block_on(Server::bind(settings, std::num::NonZeroUsize::MIN, no_log()));
        bound.err().unwrap()
    };
    let swapped = TlsFiles { certificates: certificate("key.pem"), key: certificate("certificate.pem") };
    let missing = TlsFiles { certificates: certificate("none.pem"), ..files() };
    for (files, what) in [(swapped, "private key"), (missing, "certificate")] {
        let error = bind(files);
        assert!(matches!(error, ServeError::Tls { what: found, .. } if found == what), "{error}");
    }
}

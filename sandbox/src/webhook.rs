//! Delivers events to registered addresses, signed as Stripe signs them.

use std::time::Duration;

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use sha2::Sha256;
use tokio::net::TcpStream;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::json::Json;

/// How long an endpoint may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// One event on its way to one address.
#[derive(Debug)]
pub(crate) struct Delivery {
    url: String,
    signature: String,
    body: String,
}

impl Delivery {
    pub(crate) fn new(url: &str, secret: &str, sent_at: i64, event: &Json) -> Self {
        let body = serde_json::to_string_pretty(event).unwrap_or_default();
        Self {
            url: url.to_owned(),
            signature: sign(secret, sent_at, &body),
            body,
        }
    }
}

/// The `Stripe-Signature` header: HMAC-SHA256 of time and body, keyed with the
/// whole secret, `whsec_` included. `sent_at` in Unix seconds.
pub fn sign(secret: &str, sent_at: i64, body: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(format!("{sent_at}.{body}").as_bytes());
    format!("t={sent_at},v1={}", hex::encode(mac.finalize().into_bytes()))
}

/// Delivers what arrives, one after the other, until the world is gone. A
/// failed delivery is logged and not repeated.
pub(crate) async fn deliver(mut deliveries: UnboundedReceiver<Delivery>, undelivered: watch::Sender<usize>) {
    while let Some(delivery) = deliveries.recv().await {
        match timeout(PATIENCE, send(&delivery)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(url = delivery.url, %error, "webhook not delivered"),
            Err(_elapsed) => tracing::debug!(url = delivery.url, "webhook not answered in time"),
        }
        undelivered.send_modify(|count| *count -= 1);
    }
}

async fn send(delivery: &Delivery) -> Result<(), Failure> {
    let uri: Uri = delivery.url.parse()?;
    let host = uri.host().ok_or("the address names no host")?;
    let port = uri.port_u16().unwrap_or(80);
    let stream = TcpStream::connect((host, port)).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let request = Request::post(path)
        .header(HOST, format!("{host}:{port}"))
        .header(CONTENT_TYPE, "application/json; charset=utf-8")
        .header("Stripe-Signature", &delivery.signature)
        .body(Full::new(Bytes::from(delivery.body.clone())))?;
    let exchange = async move {
        let response = sender.send_request(request).await?;
        tracing::debug!(status = %response.status(), "webhook delivered");
        Ok::<(), Failure>(())
    };
    tokio::select! {
        answered = exchange => answered,
        ended = connection => Ok(ended?),
    }
}

#[cfg(test)]
mod tests {
    use super::sign;

    #[test]
    fn a_signature_covers_time_and_body() {
        let first = sign("whsec_a", 1, "{}");
        assert!(first.starts_with("t=1,v1="));
        assert_ne!(first, sign("whsec_a", 1, "{ }"));
        assert_ne!(first[7..], sign("whsec_a", 2, "{}")[7..]);
        assert_ne!(first, sign("whsec_b", 1, "{}"));
    }
}
